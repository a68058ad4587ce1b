"""Facts about a host's kernel and what it runs with: modules, sysctl, swap, SELinux's mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from k8s_ha.desired import fstab, selinux_config
from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.resources import read_file


@dataclass(frozen=True)
class KernelState:
    """Kernel modules that are not at work, and sysctl values by key."""

    unloaded: tuple[str, ...]
    sysctl: Mapping[str, str]


class Kernel(ParsedFact[KernelState]):
    """What the kernel runs with.

    + modules: kernel modules to look for
    + keys: sysctl keys to read
    """

    def command(self, modules: Sequence[str], keys: Sequence[str]) -> str:
        variables = {"MODULES": " ".join(modules), "KEYS": " ".join(keys)}
        return marked(read_file("facts/modules.sh") + script("kernel.sh", **variables))

    def parse(self, output: list[str]) -> KernelState:
        values = fields(output)
        return KernelState(
            unloaded=tuple(values["unloaded"]),
            sysctl=dict(line.split(" ", 1) for line in values["sysctl"] if " " in line),
        )


@dataclass(frozen=True)
class SwapState:
    """What swaps now, whether the boot swaps for an entry of fstab, and whether systemd's swap target is masked."""

    devices: tuple[str, ...]
    in_fstab: bool
    target_masked: bool

    @property
    def is_off(self) -> bool:
        return not self.devices and not self.in_fstab and self.target_masked


class Swap(ParsedFact[SwapState]):
    """Swap, now and at the next boot."""

    def command(self) -> str:
        return marked(script("swap.sh"))

    def parse(self, output: list[str]) -> SwapState:
        values = fields(output)
        return SwapState(
            devices=tuple(values["swap"]),
            in_fstab=any(fstab.swap_at_boot(line.encode()) for line in values["fstab"]),
            target_masked="masked" in values,
        )


@dataclass(frozen=True)
class SelinuxModes:
    """How SELinux runs (``Enforcing``, ``Permissive``, ``Disabled``), and what its configuration asks for at boot."""

    running: str
    configured: selinux_config.Mode

    @property
    def enforcing(self) -> bool:
        return self.running == "Enforcing" or self.configured == "enforcing"


class SelinuxMode(ParsedFact[SelinuxModes]):
    """SELinux's mode, now and at the next boot."""

    def command(self) -> str:
        return marked(script("selinux-mode.sh"))

    def parse(self, output: list[str]) -> SelinuxModes:
        values = fields(output)
        return SelinuxModes(
            running=next(iter(values["mode"]), "Disabled"),
            configured=selinux_config.mode_at_boot("\n".join(values["configured"]).encode()),
        )
