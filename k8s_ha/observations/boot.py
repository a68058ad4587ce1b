"""What a host's next boot will do, as far as its files tell. Values only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from k8s_ha.observations.sysctl import Line
from k8s_ha.observations.units import UnitState
from k8s_ha.untrusted import whole_number


@dataclass(frozen=True)
class BootState:
    """What decides how a host comes up; the defaults are those of a host that has nothing to tell.

    + files: of sysctl.d and modprobe.d, with /etc/sysctl.conf; ``sysctl`` and ``modprobe`` are lines of them
    + modules: kernel modules that are at work now
    + modules_locked: whether the kernel loads no more modules
    + kernels: modules that an installed kernel has, by its release
    + entry: the boot loader's entry that is booted next, as GRUB keeps it
    + selinux, fstab: lines that name a mode, and lines that might be swap
    + swap_units: links that pull in swap units without swap.target
    + commands: lines of scripts and units that run at boot
    + udev_rules: rules of the host's own that run sysctl when br_netfilter is loaded
    + swap_agent: a line that has Azure's agent make swap
    + tuned: lines of tuned's active profiles; None where tuned does not start at boot
    """

    files: Sequence[str] = ()
    sysctl: Sequence[Line] = ()
    modprobe: Sequence[Line] = ()
    modules: Sequence[str] = ()
    modules_locked: bool = False
    kernels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    entry: str = ""
    command_line: str = ""
    selinux: str = ""
    fstab: Sequence[str] = ()
    swap_units: Sequence[str] = ()
    commands: Sequence[Line] = ()
    udev_rules: Sequence[Line] = ()
    swap_agent: Sequence[Line] = ()
    tuned: Sequence[Line] | None = None
    tuned_reapplies: bool = True
    units: Mapping[str, UnitState] = field(default_factory=dict)

    @property
    def next_kernel(self) -> str | None:
        """The release of the kernel that is booted next: the one that GRUB has kept, else the newest."""
        kept = [release for release in self.kernels if release in self.entry]
        return max(kept or self.kernels, key=_release, default=None)


def _release(text: str) -> list[tuple[int, str]]:
    """A kernel's release to be compared: numbers as numbers, and a number is newer than a word."""
    parts = ((whole_number(part), part) for part in re.findall(r"[0-9]+|[a-z]+", text))
    return [(-1, part) if number is None else (number, "") for number, part in parts]
