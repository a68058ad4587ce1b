"""What a host's next boot will do, from the lines that boot.sh prints."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from k8s_ha.catalog.kernel_needs import MODULES
from k8s_ha.observations.boot import BootState
from k8s_ha.observations.sysctl import SYSCTL_CONF, Line, in_force
from k8s_ha.observations.units import UnitState, unit_states
from k8s_ha.untrusted import whole_number

PATTERN: Final = "|".join(MODULES).replace("_", "[-_]")
"""The modules' names as a regular expression: kmod takes a dash for an underscore."""

_LINE: Final = re.compile(r"(/[^:]*):(\d+):(.*)")
_DONE_AT_BOOT: Final = re.compile(r"swapon|setenforce|sysctl|/proc/sys/net|modprobe")


def boot_state(values: Mapping[str, Sequence[str]]) -> BootState:
    """What ``BootState`` has, from the values of each key; what cannot be read is passed over."""
    files = tuple(values.get("boot_file", ()))
    lines = _lines(values, "boot_line")
    links = values.get("boot_link", ())
    units = unit_states(values.get("boot_unit", ()))
    return BootState(
        files=files,
        sysctl=tuple(line for line in lines if _folder(line) == "sysctl.d" or line.path == SYSCTL_CONF),
        modprobe=_of_modules(lines, in_force(files, "modprobe.d")),
        modules=tuple(values.get("boot_module", ())),
        modules_locked=_one(values, "boot_modules_disabled") == "1",
        kernels=_kernels(values),
        entry=next((line.text for line in lines if line.text.startswith("saved_entry=")), ""),
        command_line=_one(values, "boot_command_line"),
        selinux="\n".join(line.text for line in lines if line.path == "/etc/selinux/config"),
        fstab=tuple(line.text for line in lines if line.path == "/etc/fstab"),
        swap_units=tuple(link for link in links if link.endswith(".swap") and "/swap.target." not in link),
        commands=tuple(_commands(lines, {link.rpartition("/")[2] for link in links})),
        udev_rules=tuple(line for line in lines if _folder(line) == "rules.d" and _sets_bridge(line.text)),
        swap_agent=tuple(line for line in lines if re.match(r"ResourceDisk\.EnableSwap=y", line.text, re.IGNORECASE)),
        tuned=tuple(_of_sysctl(_lines(values, "boot_tuned"))) if _starts(units, "tuned.service") else None,
        tuned_reapplies=not any(re.match(r"\s*reapply_sysctl\s*=\s*(0|false|no|off)\b", line.text) for line in lines),
        units=units,
    )


def _one(values: Mapping[str, Sequence[str]], key: str) -> str:
    return next(iter(values.get(key, ())), "").strip()


def _lines(values: Mapping[str, Sequence[str]], key: str) -> tuple[Line, ...]:
    found = map(_LINE.fullmatch, values.get(key, ()))
    return tuple(
        Line(match[1], number, match[3]) for match in found if match and (number := whole_number(match[2])) is not None
    )


def _folder(line: Line) -> str:
    return line.path.split("/")[-2]


def _of_modules(lines: Iterable[Line], files: Collection[str]) -> tuple[Line, ...]:
    """Rules of modprobe.d about the modules that pods need."""
    rule = re.compile(rf"\s*(install|blacklist|alias)\s+({PATTERN})(\s.*)?")
    return tuple(line for line in lines if line.path in files and rule.fullmatch(line.text))


def _kernels(values: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Modules by the release of an installed kernel, from "/lib/modules/RELEASE/FILE:PATH/MODULE.ko"."""
    found: dict[str, set[str]] = {line: set() for line in values.get("boot_kernel", ())}
    for line in values.get("boot_has", ()):
        path, _, module = line.partition(":")
        release = path.split("/")[-2] if "/" in path else ""
        if release in found:
            found[release].add(module.rpartition("/")[2].removesuffix(".ko").replace("-", "_"))
    return {release: tuple(sorted(modules)) for release, modules in found.items()}


def _commands(lines: Iterable[Line], enabled: Collection[str]) -> Iterator[Line]:
    """Those lines that run at boot what this package cares for: of rc.local, of cron, and of the host's own units."""
    for line in lines:
        name = line.path.rpartition("/")[2]
        if line.path == "/etc/rc.d/rc.local":
            runs = not line.text.lstrip().startswith("#")
        elif name.endswith(".service"):
            runs = line.text.startswith("Exec") and name in enabled
        else:
            runs = line.text.startswith("@reboot")
        if runs and _DONE_AT_BOOT.search(line.text):
            yield line


def _sets_bridge(rule: str) -> bool:
    return not rule.lstrip().startswith("#") and "br_netfilter" in rule and "sysctl" in rule


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
