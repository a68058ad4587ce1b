"""The deploy function whose operations are being added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pyinfra.api import Host
from pyinfra.api.arguments import AllArguments


def current_deploy(target: Host) -> str | None:
    """Its name, with those of the deploys around it; None outside of all."""
    return target.current_deploy_name


def arguments_of_operations(target: Host) -> Mapping[str, Any]:
    """The global arguments that it gives to its operations."""
    return target.current_deploy_kwargs or {}


def give_to_operations(target: Host, arguments: Mapping[str, Any]) -> None:
    """Have it give these global arguments to the operations that are added from now on."""
    target.current_deploy_kwargs = cast("AllArguments", dict(arguments))
