"""Units of what will be installed, where somebody has laid a hand on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k8s_ha.catalog.removals import KUBELET_FLAGS_REMOVED
from k8s_ha.desired.kubeadm_config import CRI_SOCKETS
from k8s_ha.findings import Finding, Severity
from k8s_ha.preflight_checks import kubelet_flags
from k8s_ha.preflight_checks.boot import own_units
from k8s_ha.preflight_checks.kubelet_flags import CommandLine, Flag
from k8s_ha.preflight_checks.model import HostContext

CHECK: Final = "units"


ASKED: Final = (
    *("iptables.service", "nftables.service", "systemd-resolved.service", "cloud-init.service"),
    *("containerd.service", "docker.socket", "cri-docker.service", "cri-docker.socket"),
)
"""Units that these checks ask for, beside those of the next boot."""


def started_units(context: HostContext) -> tuple[str, ...]:
    """Units that this run starts, and those that start with them."""
    runtime = context.cluster.settings.container_runtime
    own = own_units(context.cluster, context.host)
    if not context.host.is_node or runtime != "docker":
        return own
    adapter = ("cri-docker.service", "cri-docker.socket") if context.cluster.cri == "cri-dockerd" else ()
    return (*own, "containerd.service", "docker.socket", *adapter)


def masked(context: HostContext) -> Iterator[Finding]:
    """Units that cannot be started."""
    for name in started_units(context):
        if context.unit(name).masked:
            yield _finding(
                context,
                f"{name} is masked",
                "this run starts it, and so does the boot",
                f"run `systemctl unmask {name}` there",
            )


def kubelet(context: HostContext) -> Iterator[Finding]:
    """A kubelet that another installer's files would have started otherwise than kubeadm asks."""
    around = context.preflight.surroundings
    if not context.host.is_node:
        return
    command = kubelet_flags.command_line(
        [(line.file, line.text) for line in around.kubelet],
        [(line.file, line.text) for line in around.kubelet_environment],
    )
    yield from _of_command(context, command)
    for flag in command.flags:
        if reason := _reason(context, flag):
            wanted, remedy = reason
            shown = f"--{flag.name}={flag.value}" if flag.value else f"--{flag.name}"
            yield _finding(context, f"{flag.file} gives the kubelet {shown}", wanted, f"{remedy} in that file")


def _of_command(context: HostContext, command: CommandLine) -> Iterator[Finding]:
    remedy = "move that file away if nothing needs it"
    if command.starts > 1:
        yield _finding(context, f"{command.file} adds an ExecStart to the kubelet's", "systemd takes one", remedy)
    elif command.binary != kubelet_flags.BINARY:
        wanted = f"the packages' is {kubelet_flags.BINARY}"
        yield _finding(context, f"{command.file} starts {command.binary or 'nothing'} as the kubelet", wanted, remedy)
    elif kubelet_flags.CONFIG not in {flag.value for flag in command.flags if flag.name == "config"}:
        wanted = f"kubeadm configures it in {kubelet_flags.CONFIG}"
        yield _finding(context, f"{command.file} starts the kubelet without kubeadm's configuration", wanted, remedy)


def _reason(context: HostContext, flag: Flag) -> tuple[str, str] | None:
    """What is wanted in place of a flag, and what to do; None where it may stay."""
    minor = context.cluster.settings.kubernetes_line.minor
    removed = KUBELET_FLAGS_REMOVED.get(flag.name)
    if removed is not None and removed <= minor:
        return f"Kubernetes {context.cluster.settings.version} has no such flag", "remove it"
    if flag.name == "cloud-provider" and minor > kubelet_flags.IN_TREE_CLOUDS_UNTIL and flag.value != "external":
        return "this kubelet knows no cloud but external", "remove it"
    own = {
        "cgroup-driver": ("systemd",),
        "hostname-override": (context.host.hostname,),
        "container-runtime-endpoint": _endpoints(context),
        "container-runtime": ("remote",) if context.changes_runtime else (flag.value,),
    }.get(flag.name)
    if own is not None and flag.value not in own:
        return f"this run sets {own[0]}", "remove it"
    return None


def _endpoints(context: HostContext) -> tuple[str, ...]:
    socket = CRI_SOCKETS[context.cluster.cri]
    return f"unix://{socket}", socket, f"unix://{socket.removeprefix('/var')}", f"unix:///var{socket}"


def _finding(context: HostContext, found: str, wanted: str, remedy: str) -> Finding:
    # What a node has run with until now cannot keep it from going on.
    severity: Severity = "warning" if context.survey.node and not context.changes_runtime else "error"
    return Finding(context.host.name, CHECK, found, wanted, remedy, severity)
