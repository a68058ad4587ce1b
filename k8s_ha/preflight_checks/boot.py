"""What the next boot would undo: services, swap and SELinux. One rule a function."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from k8s_ha.desired import fstab, selinux_config
from k8s_ha.findings import Finding, Severity
from k8s_ha.observations.units import TIME_SERVICES, UnitState
from k8s_ha.preflight_checks.model import Case
from k8s_ha.settings import HostSettings

FIREWALLD: Final = "firewalld.service"
AT_BOOT: Final = {
    "systemd-sysctl.service": "it applies a node's kernel settings at boot",
    "systemd-modules-load.service": "it loads a node's kernel modules at boot",
}
SWAP_SERVICES: Final = (
    *("zram-swap.service", "zramswap.service", "zram-config.service", "zram.service"),
    *("dphys-swapfile.service", "mkswap.service"),
)
"""Services of the trade that make swap by themselves, past systemd's swap target."""


def own_units(host: HostSettings, runtime: str) -> tuple[str, ...]:
    """Services that a host runs for the cluster."""
    node = (f"{runtime}.service", "kubelet.service") if host.is_node else ()
    return (*node, *(("nginx.service",) if "load_balancer" in host.role else ()))


def units(host: HostSettings, runtime: str) -> tuple[str, ...]:
    """Units whose part in the next boot is asked for."""
    node = (*AT_BOOT, *SWAP_SERVICES, "swap.target") if host.is_node else ()
    return (*own_units(host, runtime), *TIME_SERVICES, FIREWALLD, "tuned.service", *node)


def severity(case: Case) -> Severity:
    """A node has come up with what it has; its run is not stopped for it."""
    return "warning" if case.survey.node else "error"


def services(case: Case) -> Iterator[Finding]:
    """Services that this run enables and that cannot be, and those of systemd that a node's boot needs."""
    if not case.is_ours:
        return
    for unit in own_units(case.host, case.cluster.settings.container_runtime):
        # A masked one is the check units' to find.
        if _unit(case, unit).file == "static":
            yield Finding(
                case.host.name,
                "boot",
                f"{unit} has no [Install] section",
                "so it cannot be enabled, and the boot would not start it",
                f"see `systemctl cat {unit}` there, and give it WantedBy=multi-user.target",
                severity(case),
            )
    for unit, purpose in AT_BOOT.items() if case.host.is_node else ():
        if _unit(case, unit).masked:
            yield _masked(case, unit, purpose)


def time_services(case: Case) -> Iterator[Finding]:
    """A clock that nobody can keep after the boot, or that two services would keep."""
    states = {unit: _unit(case, unit) for unit in TIME_SERVICES}
    masked = [unit for unit, state in states.items() if state.masked]
    if not case.is_ours:
        return
    if masked and not any(state.installed and not state.masked for state in states.values()):
        yield _masked(case, masked[0], "a host's clock must be kept")
    enabled = [unit for unit, state in states.items() if state.enabled and not state.masked]
    if len(enabled) > 1:
        yield Finding(
            case.host.name,
            "boot",
            f"{' and '.join(enabled)} are enabled",
            "one service keeps a clock, and the boot may start the wrong one",
            f"run `systemctl disable {enabled[-1]}` there, or disable the other",
            "warning",
        )


def firewall(case: Case) -> Iterator[Finding]:
    """A firewalld that another unit starts although it is disabled."""
    state = _unit(case, FIREWALLD)
    # What it is enabled by are targets; disabling it takes it out of those.
    others = [unit for unit in state.pulled_in_by if not unit.endswith(".target")]
    if case.is_ours and case.cluster.settings.firewall == "disabled" and others and not state.masked:
        yield Finding(
            case.host.name,
            "boot",
            f"{', '.join(others)} starts firewalld",
            "this run disables it, and the boot would start it again",
            f"run `systemctl mask {FIREWALLD}` there, or set firewall = 'keep'",
            severity(case),
        )


def selinux(case: Case) -> Iterator[Finding]:
    """SELinux that is to be permissive, and that the boot has enforce."""
    if not case.is_ours or case.cluster.settings.selinux != "permissive":
        return
    look = case.look.boot
    if selinux_config.enforced_by_kernel(look.command_line):
        yield Finding(
            case.host.name,
            "boot",
            "the kernel's command line has enforcing=1",
            "SELinux enforces at boot, whatever /etc/selinux/config says, and the setting selinux is 'permissive'",
            "run `grubby --update-kernel=ALL --remove-args=enforcing` there, or set selinux = 'keep'",
            severity(case),
        )
    if case.look.selinux != "Enforcing" and selinux_config.mode_at_boot(look.selinux.encode()) == "enforcing":
        yield Finding(
            case.host.name,
            "selinux",
            "/etc/selinux/config has SELinux enforce at the next boot",
            "the setting selinux is 'permissive'",
            "nothing: this run makes it permissive there; set selinux = 'keep' to have it enforce",
            "warning",
        )
    for line in look.commands:
        if re.search(r"setenforce\s+(1|enforcing)", line.text, re.IGNORECASE):
            yield _undone(case, f"{line} has SELinux enforce at boot", "the setting selinux is 'permissive'")


def swap(case: Case) -> Iterator[Finding]:
    """Swap that the boot turns on."""
    if not case.host.is_node:
        return
    look, wanted = case.look.boot, "kubelet does not start beside swap"
    if not case.look.swap and any(fstab.swap_at_boot(line.encode()) for line in look.fstab):
        yield Finding(
            case.host.name,
            "swap",
            "/etc/fstab has swap for the next boot",
            wanted,
            "nothing: this run makes the entry a comment",
            "warning",
        )
    for link in look.swap_units:
        yield _undone(
            case, f"{link} has the boot swap", wanted, "remove that link: masking swap.target does not stop it"
        )
    for unit in SWAP_SERVICES:
        if _unit(case, unit).enabled:
            yield _undone(case, f"{unit} swaps at boot", wanted, f"run `systemctl disable --now {unit}` there")
    for line in look.swap_agent:
        yield _undone(
            case, f"{line} has Azure's agent make swap at boot", wanted, "set ResourceDisk.EnableSwap=n in that file"
        )
    for line in look.commands:
        if re.search(r"\bswapon\b", line.text):
            yield _undone(case, f"{line} turns swap on at boot", wanted)


def _unit(case: Case, name: str) -> UnitState:
    return case.look.boot.units.get(name, UnitState())


def _masked(case: Case, unit: str, purpose: str) -> Finding:
    return Finding(
        case.host.name,
        "boot",
        f"{unit} is masked",
        purpose,
        f"run `systemctl unmask {unit}` there",
        severity(case),
    )


def _undone(case: Case, found: str, wanted: str, remedy: str = "take that line out") -> Finding:
    return Finding(case.host.name, "boot", found, wanted, remedy, severity(case))
