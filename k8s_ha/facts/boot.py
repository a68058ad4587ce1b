"""What a host's next boot will do, from the lines that boot.sh prints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from k8s_ha.boot import BootLook
from k8s_ha.sysctl import Line, in_force
from k8s_ha.units import UnitState, unit_states

_LINE = re.compile(r"(/[^:]*):(\d+):(.*)")


def boot_look(values: Mapping[str, Sequence[str]]) -> BootLook:
    """What ``BootLook`` has, from the values of each key; what cannot be read is passed over."""
    files = tuple(values.get("boot_file", ()))
    kernels = (line.split() for line in values.get("boot_kernel", ()))
    units = unit_states(values.get("boot_unit", ()))
    modprobe_files = in_force(files, "modprobe.d")
    return BootLook(
        files=files,
        sysctl=_lines(values, "boot_sysctl"),
        modprobe=tuple(line for line in _lines(values, "boot_modprobe") if line.path in modprobe_files),
        modules=tuple(values.get("boot_module", ())),
        modules_locked="boot_modules_locked" in values,
        kernels={words[0]: tuple(sorted({name.replace("-", "_") for name in words[1:]})) for words in kernels if words},
        entry=_one(values, "boot_entry"),
        command_line=_one(values, "boot_command_line"),
        selinux="\n".join(values.get("boot_selinux", ())),
        fstab=tuple(values.get("boot_fstab", ())),
        swap_units=tuple(values.get("boot_swap_unit", ())),
        commands=_lines(values, "boot_runs"),
        udev_rules=_lines(values, "boot_udev"),
        swap_agent=_lines(values, "boot_swap_agent"),
        tuned=tuple(_of_sysctl(_lines(values, "boot_tuned"))) if _starts(units, "tuned.service") else None,
        tuned_reapplies=_one(values, "boot_tuned_reapply").lower() not in ("0", "false", "no", "off"),
        units=units,
    )


def _one(values: Mapping[str, Sequence[str]], key: str) -> str:
    return next(iter(values.get(key, ())), "").strip()


def _lines(values: Mapping[str, Sequence[str]], key: str) -> tuple[Line, ...]:
    found = map(_LINE.fullmatch, values.get(key, ()))
    return tuple(Line(match[1], int(match[2]), match[3]) for match in found if match)


def _of_sysctl(lines: Iterable[Line]) -> Iterator[Line]:
    """Those lines of tuned's profiles that stand in a section [sysctl]."""
    section = ""
    for line in lines:
        text = line.text.strip()
        if line.number == 1 or text.startswith("["):
            section = text
        elif section == "[sysctl]":
            yield line


def _starts(units: Mapping[str, UnitState], name: str) -> bool:
    return name in units and units[name].enabled
