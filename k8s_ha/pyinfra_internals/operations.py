"""A run's operations: which is which, by hashes of pyinfra's own, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pyinfra.api import Host
from pyinfra.api.arguments import all_global_arguments
from pyinfra.api.operation import OperationMeta
from pyinfra.api.state import State

from k8s_ha.pyinfra_internals.state import is_executing

__all__ = ["OperationMeta"]

T = TypeVar("T")

_GLOBAL = frozenset(name for name, _ in all_global_arguments())


def looped(target: Host, items: Sequence[T]) -> Iterator[T]:
    """The items of a loop that adds operations, each known by its place in it.

    Hosts that skip some items share the operations of the others: without this pyinfra counts calls, on each host anew.
    """
    loop: Callable[[Sequence[T]], Iterator[T]] = target.loop
    return loop(items)


def hash_of(meta: OperationMeta) -> str:
    """The hash of an operation that was added just now."""
    found: str = meta._hash
    return found


def hash_of_executed(target: Host) -> str:
    """The hash of the operation that a host executes; empty between operations."""
    return target.executing_op_hash or ""


def hashes_added(target: Host) -> list[str]:
    """The hashes of a host's operations, in the order in which they were added."""
    return target.op_hash_order


def hashes_in_order(state: State) -> list[str]:
    """The hashes of all operations, in the order of execution."""
    order: Callable[[], list[str]] = state.get_op_order
    return order()


def names_of(state: State, op_hash: str) -> list[str]:
    """An operation's names, each with those of the deploys around it."""
    return sorted(state.get_op_meta(op_hash).names)


def has_operation(state: State, target: Host, op_hash: str) -> bool:
    """Whether a host has this operation."""
    return op_hash in state.ops[target]


def are_done(state: State, target: Host) -> bool:
    """Whether all operations of a host have come to their end."""
    return all(data.operation_meta.is_complete() for data in state.ops[target].values())


def has_failed_operation(state: State, target: Host) -> bool:
    """Whether an operation of a host has failed that must not; with ``--no-wait`` pyinfra itself does not note that."""
    return any(
        data.operation_meta.is_complete()
        and data.operation_meta.did_error()
        and not data.global_arguments["_ignore_errors"]
        for data in state.ops[target].values()
    )


def failed_operations(state: State, target: Host) -> list[str]:
    """The hashes of a host's operations that failed."""
    metas = {op_hash: data.operation_meta for op_hash, data in state.ops[target].items()}
    return [op_hash for op_hash, meta in metas.items() if meta.is_complete() and meta.did_error()]


def has_changed(state: State, target: Host, op_hash: str) -> bool:
    """Whether an operation has changed its host; while pyinfra prepares, whether it would."""
    if not has_operation(state, target, op_hash):
        return False
    meta = state.ops[target][op_hash].operation_meta
    if is_executing(state):
        return bool(meta.is_complete() and meta.did_change())
    return bool(meta.will_change)


def output_of(state: State, target: Host, op_hash: str) -> list[str]:
    """What a completed operation printed: its errors, else all that it did."""
    meta = state.ops[target][op_hash].operation_meta
    return (meta.stderr_lines or meta.stdout_lines) if meta.is_complete() else []


def without_global_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """An operation's own arguments, without pyinfra's such as ``name`` and ``_sudo``."""
    return {name: value for name, value in arguments.items() if name not in _GLOBAL}
