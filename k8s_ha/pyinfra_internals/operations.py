"""Which operation is which: pyinfra names them by hashes of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra.api import Host
from pyinfra.api.arguments import all_global_arguments
from pyinfra.api.operation import OperationMeta

_GLOBAL = frozenset(name for name, _ in all_global_arguments())


def hash_of(meta: OperationMeta) -> str:
    """The hash of an operation that was added just now."""
    found: str = meta._hash
    return found


def hash_of_executed(target: Host) -> str:
    """The hash of the operation that a host executes; empty between operations."""
    return target.executing_op_hash or ""


def without_global_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """An operation's own arguments, without pyinfra's such as ``name`` and ``_sudo``."""
    return {name: value for name, value in arguments.items() if name not in _GLOBAL}
