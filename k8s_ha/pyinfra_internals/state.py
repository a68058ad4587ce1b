"""What a pyinfra state tells of its run and its hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pyinfra.api import Host
from pyinfra.api.state import State, StateStage
from pyinfra.context import ctx_state

__all__ = ["State"]


def current_state() -> State | None:
    """The state of this process; None where pyinfra has none yet, as while group_data is read."""
    context: Callable[[], State | None] = ctx_state.get
    return context()


def group_names(inventory: Any) -> list[str]:
    """The inventory's groups, those without hosts included, and those of connectors not."""
    return [
        name
        for name in dict.fromkeys((*inventory.group_data, *inventory.groups))
        if name != "all" and not name.startswith("@")
    ]


def members(state: State, names: Iterable[str]) -> list[Host]:
    """The hosts of these inventory names; none before pyinfra has its inventory."""
    return [state.inventory.get_host(name) for name in names] if state.initialised else []


def every_host(state: State) -> list[Host]:
    """All hosts of the inventory; none before pyinfra has it."""
    return list(state.inventory) if state.initialised else []


def sudo_password(state: State) -> str | None:
    """What ``--sudo-password`` or the configuration gives."""
    return state.config.SUDO_PASSWORD if state.initialised else None


def is_in_limit(state: State, host: Host) -> bool:
    """Whether ``--limit`` leaves the host in the run."""
    return bool(state.is_host_in_limit(host))


def was_reached(state: State, host: Host) -> bool:
    """Whether the host was connected to and takes part in this run."""
    return host in state.activated_hosts


def is_given_up(state: State, host: Host) -> bool:
    """Whether the host has failed in this run, by pyinfra's word."""
    return host in state.failed_hosts


def given_up(state: State) -> frozenset[str]:
    """Inventory names of the hosts that have failed in this run."""
    return frozenset(host.name for host in state.failed_hosts)


def is_connecting(state: State) -> bool:
    """Whether hosts are connected to now, or that is what the run ended with."""
    return state.current_stage is StateStage.Connect


def has_connected(state: State) -> bool:
    """Whether the run came as far as connecting to hosts."""
    return bool(state.current_stage >= StateStage.Connect)


def has_prepared(state: State) -> bool:
    """Whether the run came further than connecting to hosts."""
    return bool(state.current_stage > StateStage.Connect)


def is_executing(state: State) -> bool:
    """Whether commands run now: False while pyinfra prepares, and throughout a dry run."""
    return bool(state.is_executing)


def looks_for_changes(state: State) -> bool:
    """Whether operations are asked for their changes while pyinfra prepares."""
    return bool(state.check_for_changes)


def working_folder(state: State) -> str:
    """Where paths on the operator's machine begin."""
    return state.cwd or "."
