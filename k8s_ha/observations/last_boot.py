"""When a host booted last, and what came since that only a boot puts to use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NEED_A_BOOT: Final = (
    *("kernel", "kernel-core", "kernel-rt", "kernel-uek", "linux-firmware", "microcode_ctl"),
    *("glibc", "systemd", "dbus", "dbus-broker", "dbus-daemon", "gnutls", "openssl-libs"),
)
"""Packages whose new version is not in use before a boot (those of `needs-restarting -r`, and Oracle's kernel)."""


@dataclass(frozen=True)
class LastBoot:
    """Moments, in seconds since 1970, by the host's own clock.

    + identity: what tells this boot from all others, whatever the clock says
    + machine: which machine the host is; empty where it does not tell
    + now: when that was told
    + installed: when each of NEED_A_BOOT that is installed came, by name
    """

    identity: str
    booted: int
    now: int
    machine: str = ""
    installed: Mapping[str, int] = field(default_factory=dict)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Packages that came after the boot, sorted; none that came later than now, by a clock that was wrong."""
        came = {name for name, moment in self.installed.items() if self.booted < moment <= self.now}
        return tuple(sorted(came))
