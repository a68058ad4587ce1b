"""Times and names of hosts, as a page says them. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from k8s_ha.reporting.report import HostEntry

ROLES: Final = {
    "control_plane": "control plane",
    "worker": "worker",
    "load_balancer": "load balancer",
    "admin": "admin",
}

_JOINED_AT_MOST: Final = 8
_FEW: Final = 3
"""As many hosts are named rather than called "all workers"."""


@dataclass(frozen=True)
class Names:
    """Some hosts in a few words.

    + every: their names where the words do not have them
    """

    words: str
    every: tuple[str, ...] = ()


class HostNames:
    """How groups of a report's hosts are called."""

    def __init__(self, hosts: Sequence[HostEntry]) -> None:
        by_group = {
            "hosts": [host.name for host in hosts],
            "nodes": [host.name for host in hosts if {"control_plane", "worker"} & set(host.roles)],
            "control planes": [host.name for host in hosts if "control_plane" in host.roles],
            "workers": [host.name for host in hosts if "worker" in host.roles],
            "load balancers": [host.name for host in hosts if "load_balancer" in host.roles],
        }
        self._groups = {frozenset(names): group for group, names in reversed(by_group.items())}
        self._known: dict[frozenset[str], Names] = {}

    def __call__(self, names: Iterable[str]) -> Names:
        """These hosts: by name where they are few, by their group where they are all of it, else their number."""
        listed = tuple(dict.fromkeys(names))
        key = frozenset(listed)
        if key not in self._known:
            self._known[key] = self._named(listed, key)
        return self._known[key]

    def _named(self, listed: tuple[str, ...], key: frozenset[str]) -> Names:
        group = self._groups.get(key)
        if group and len(listed) > _FEW:
            return Names(f"all {len(listed)} {group}")
        if len(listed) <= _JOINED_AT_MOST:
            return Names(", ".join(listed))
        return Names(f"{len(listed)} hosts", listed)


def took(seconds: float | None) -> str:
    """How long something took; empty where nobody knows."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    if minutes:
        return f"{minutes} min {rest:02} s" if rest else f"{minutes} min"
    return f"{rest} s"


def counted(number: int, word: str) -> str:
    """``1 host``, ``6 hosts``."""
    return f"{number} {word}{'s' * (number != 1)}"


def clipped(text: str, characters: int) -> str:
    """What fits into a drawing."""
    return text if len(text) <= characters else f"{text[: characters - 1]}…"
