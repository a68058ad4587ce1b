"""What the next boot would undo: services, swap and SELinux. One rule a function."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from k8s_ha.desired import fstab, selinux_config
from k8s_ha.findings import Finding, Severity
from k8s_ha.observations.units import TIME_SERVICES, UnitState
from k8s_ha.preflight_checks.model import HostContext
from k8s_ha.settings import Cluster, HostSettings

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


def own_units(cluster: Cluster, host: HostSettings) -> tuple[str, ...]:
    """Services that a host runs for the cluster."""
    node = (f"{cluster.settings.container_runtime}.service", "kubelet.service") if host.is_node else ()
    balancer = ("nginx.service", *(("keepalived.service",) if cluster.virtual_address else ()))
    return (*node, *(balancer if "load_balancer" in host.role else ()))


def units(cluster: Cluster, host: HostSettings) -> tuple[str, ...]:
    """Units whose part in the next boot is asked for."""
    node = (*AT_BOOT, *SWAP_SERVICES, "swap.target") if host.is_node else ()
    return (*own_units(cluster, host), *TIME_SERVICES, FIREWALLD, "tuned.service", *node)


def severity(context: HostContext) -> Severity:
    """A node has come up with what it has; its run is not stopped for it."""
    return "warning" if context.survey.node else "error"


def services(context: HostContext) -> Iterator[Finding]:
    """Services that this run enables and that cannot be, and those of systemd that a node's boot needs."""
    if not context.is_ours:
        return
    for unit in own_units(context.cluster, context.host):
        # A masked one is the check units' to find.
        if _unit(context, unit).file == "static":
            yield Finding(
                context.host.name,
                "boot",
                f"{unit} has no [Install] section",
                "so it cannot be enabled, and the boot would not start it",
                f"see `systemctl cat {unit}` there, and give it WantedBy=multi-user.target",
                severity(context),
            )
    for unit, purpose in AT_BOOT.items() if context.host.is_node else ():
        if _unit(context, unit).masked:
            yield _masked(context, unit, purpose)


def time_services(context: HostContext) -> Iterator[Finding]:
    """A clock that nobody can keep after the boot, or that two services would keep."""
    states = {unit: _unit(context, unit) for unit in TIME_SERVICES}
    masked = [unit for unit, state in states.items() if state.masked]
    if not context.is_ours:
        return
    if masked and not any(state.installed and not state.masked for state in states.values()):
        yield _masked(context, masked[0], "a host's clock must be kept")
    enabled = [unit for unit, state in states.items() if state.enabled and not state.masked]
    if len(enabled) > 1:
        yield Finding(
            context.host.name,
            "boot",
            f"{' and '.join(enabled)} are enabled",
            "one service keeps a clock, and the boot may start the wrong one",
            f"run `systemctl disable {enabled[-1]}` there, or disable the other",
            "warning",
        )


def firewall(context: HostContext) -> Iterator[Finding]:
    """A firewalld that another unit starts although it is disabled."""
    state = _unit(context, FIREWALLD)
    # What it is enabled by are targets; disabling it takes it out of those.
    others = [unit for unit in state.pulled_in_by if not unit.endswith(".target")]
    if context.is_ours and context.cluster.settings.firewall == "disabled" and others and not state.masked:
        yield Finding(
            context.host.name,
            "boot",
            f"{', '.join(others)} starts firewalld",
            "this run disables it, and the boot would start it again",
            f"run `systemctl mask {FIREWALLD}` there, or set firewall = 'keep'",
            severity(context),
        )


def selinux(context: HostContext) -> Iterator[Finding]:
    """SELinux that is to be permissive, and that the boot has enforce."""
    if not context.is_ours or context.cluster.settings.selinux != "permissive":
        return
    boot_state = context.preflight.boot
    if selinux_config.enforced_by_kernel(boot_state.command_line):
        yield Finding(
            context.host.name,
            "boot",
            "the kernel's command line has enforcing=1",
            "SELinux enforces at boot, whatever /etc/selinux/config says, and the setting selinux is 'permissive'",
            "run `grubby --update-kernel=ALL --remove-args=enforcing` there, or set selinux = 'keep'",
            severity(context),
        )
    if (
        context.preflight.selinux != "Enforcing"
        and selinux_config.mode_at_boot(boot_state.selinux.encode()) == "enforcing"
    ):
        yield Finding(
            context.host.name,
            "selinux",
            "/etc/selinux/config has SELinux enforce at the next boot",
            "the setting selinux is 'permissive'",
            "nothing: this run makes it permissive there; set selinux = 'keep' to have it enforce",
            "warning",
        )
    for line in boot_state.commands:
        if re.search(r"setenforce\s+(1|enforcing)", line.text, re.IGNORECASE):
            yield _undone(context, f"{line} has SELinux enforce at boot", "the setting selinux is 'permissive'")


def swap(context: HostContext) -> Iterator[Finding]:
    """Swap that the boot turns on."""
    if not context.host.is_node:
        return
    boot_state, wanted = context.preflight.boot, "the kubelet does not start beside swap"
    if not context.preflight.swap and any(fstab.swap_at_boot(line.encode()) for line in boot_state.fstab):
        yield Finding(
            context.host.name,
            "swap",
            "/etc/fstab has swap for the next boot",
            wanted,
            "nothing: this run makes the entry a comment",
            "warning",
        )
    for link in boot_state.swap_units:
        yield _undone(
            context, f"{link} has the boot swap", wanted, "remove that link: masking swap.target does not stop it"
        )
    for unit in SWAP_SERVICES:
        if _unit(context, unit).enabled:
            yield _undone(context, f"{unit} swaps at boot", wanted, f"run `systemctl disable --now {unit}` there")
    for line in boot_state.swap_agent:
        yield _undone(
            context, f"{line} has Azure's agent make swap at boot", wanted, "set ResourceDisk.EnableSwap=n in that file"
        )
    for line in boot_state.commands:
        if re.search(r"\bswapon\b", line.text):
            yield _undone(context, f"{line} turns swap on at boot", wanted)


def _unit(context: HostContext, name: str) -> UnitState:
    return context.preflight.boot.units.get(name, UnitState())


def _masked(context: HostContext, unit: str, purpose: str) -> Finding:
    return Finding(
        context.host.name,
        "boot",
        f"{unit} is masked",
        purpose,
        f"run `systemctl unmask {unit}` there",
        severity(context),
    )


def _undone(context: HostContext, found: str, wanted: str, remedy: str = "take that line out") -> Finding:
    return Finding(context.host.name, "boot", found, wanted, remedy, severity(context))
