"""systemd's units as ``systemctl show`` tells them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

TIME_SERVICES: Final = ("chronyd.service", "ntpd.service", "systemd-timesyncd.service")
"""Services that keep a clock."""

_RUNNING: Final = ("active", "activating", "reloading")


@dataclass(frozen=True)
class UnitState:
    """A unit as it stands.

    + load: ``loaded``, ``not-found``, ``masked`` or an error
    + file: UnitFileState, such as ``enabled``; empty where there is no file
    + pulled_in_by: units that start it when they start
    """

    load: str = "not-found"
    active: bool = False
    file: str = ""
    pulled_in_by: tuple[str, ...] = ()

    @property
    def installed(self) -> bool:
        return self.load != "not-found"

    @property
    def enabled(self) -> bool:
        """Whether the boot starts it for its own sake; ``enabled-runtime`` lasts until then only."""
        return self.file == "enabled"

    @property
    def begins_at_boot(self) -> bool:
        """Whether the boot starts it, and it does not run yet."""
        return self.enabled and not self.active

    @property
    def masked(self) -> bool:
        return self.load == "masked" or self.file.startswith("masked")


def unit_states(lines: Iterable[str]) -> dict[str, UnitState]:
    """Units by name, from blocks of ``systemctl show`` with an empty line between them."""
    states = {}
    block: dict[str, str] = {}
    for line in [*lines, ""]:
        key, equals, value = line.strip().partition("=")
        if equals:
            block[key] = value
        elif "Id" in block:
            states[block["Id"]] = UnitState(
                load=block.get("LoadState", "not-found"),
                active=block.get("ActiveState") in _RUNNING,
                file=block.get("UnitFileState", ""),
                pulled_in_by=tuple(sorted({*block.get("WantedBy", "").split(), *block.get("RequiredBy", "").split()})),
            )
            block = {}
    return states
