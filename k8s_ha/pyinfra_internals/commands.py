"""A command, or a fact, of any host from anywhere: with the arguments that its data gives for the connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from pyinfra.api import FactBase, Host, StringCommand
from pyinfra.api.arguments import CONNECTOR_ARGUMENT_KEYS, pop_global_arguments
from pyinfra.api.facts import get_fact
from pyinfra.connectors.util import CommandOutput, make_unix_command

from k8s_ha.pyinfra_internals.connection import connected_for

__all__ = ["CommandOutput"]

T = TypeVar("T")


def connector_arguments(target: Host) -> dict[str, Any]:
    """pyinfra's arguments for a host's connection, such as ``_sudo``, as its data and the command line give them."""
    arguments, _ = pop_global_arguments(target.state, target, {})
    return {key: value for key, value in arguments.items() if key in CONNECTOR_ARGUMENT_KEYS}


def fact_of(target: Host, fact: type[FactBase[T]], arguments: Mapping[str, Any]) -> T | None:
    """A fact of any host, which does not fail that host. Raises what pyinfra does."""
    connected_for(target, f"for what {fact.name} tells")
    found = get_fact(target.state, target, fact, kwargs=dict(arguments), apply_failed_hosts=False)
    return cast("T | None", found)


def as_unix_command(command: str, arguments: Mapping[str, Any]) -> str:
    """What the connector would have a shell run for a command with these arguments."""
    return make_unix_command(StringCommand(command), **arguments).get_raw_value()
