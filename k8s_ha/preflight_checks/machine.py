"""What a host's hardware, kernel and base system must have. One rule a function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from k8s_ha.findings import Finding, Severity
from k8s_ha.preflight_checks import limits
from k8s_ha.preflight_checks.model import Disk, HostContext

KIB_OF_GIB: Final = 1024 * 1024

MODULES_FROM_PACKAGES: Final = (10,)
"""EL majors where a missing module is no finding, since prepare_host installs the package that has it."""


def folders(case_is_node: bool, runtime: str) -> tuple[str, ...]:
    """Folders whose file systems are measured."""
    return ("/var", "/var/lib/kubelet", f"/var/lib/{runtime}", "/var/lib/etcd") if case_is_node else ("/var",)


def cpus(context: HostContext) -> Iterator[Finding]:
    """Fewer processors than kubeadm asks for on a control plane."""
    count = context.preflight.cpus
    if context.is_control_plane and count is not None and count < limits.CPUS:
        yield Finding(
            context.host.name,
            "cpus",
            f"{count} CPU",
            f"kubeadm asks for {limits.CPUS} on a control plane",
            "give it another one",
            _where_it_runs(context),
        )


def memory(context: HostContext) -> Iterator[Finding]:
    """Less memory than kubeadm asks for."""
    found = context.preflight.memory_mib
    if context.host.is_node and found is not None and found < limits.MEMORY_MIB:
        yield Finding(
            context.host.name,
            "memory",
            f"{found} MB of memory",
            f"kubeadm asks for {limits.MEMORY_MIB} MB on a control plane, and advises it on a worker",
            "give it more",
            _where_it_runs(context) if context.is_control_plane else "warning",
        )


def _where_it_runs(context: HostContext) -> Severity:
    """A node has run with what it has; its run is not stopped for it."""
    return "error" if context.becomes_node else "warning"


def disk(context: HostContext) -> Iterator[Finding]:
    """File systems with too little space left, one finding each."""
    mounts: dict[str, list[Disk]] = defaultdict(list)
    for entry in context.preflight.disks:
        mounts[entry.mount].append(entry)
    for entries in mounts.values():
        finding = _space(context, entries)
        if finding:
            yield finding


def _space(context: HostContext, entries: list[Disk]) -> Finding | None:
    first = entries[0]
    free = first.free / KIB_OF_GIB
    percent = 100 * first.free / first.size if first.size else 100
    folder = first.folder
    if not context.host.is_node:
        if "load_balancer" not in context.host.role or free >= limits.BALANCER_DISK_GIB:
            return None
        return _full(context, folder, f"{free:.1f} GB", f"{limits.BALANCER_DISK_GIB} GB for nginx's packages")
    if free < limits.DISK_GIB:
        return _full(context, folder, f"{free:.1f} GB", f"{limits.DISK_GIB} GB for packages, images and etcd")
    for eviction in limits.EVICTIONS:
        if percent < eviction.percent and eviction.folder in {entry.folder for entry in entries}:
            wanted = f"the kubelet evicts pods below {eviction.percent} %"
            return _full(context, eviction.folder, f"{percent:.0f} %", wanted)
    if free < limits.DISK_WARNING_GIB:
        return _full(context, folder, f"{free:.1f} GB", f"{limits.DISK_WARNING_GIB} GB last for a while", "warning")
    return None


def _full(context: HostContext, folder: str, free: str, wanted: str, severity: Severity | None = None) -> Finding:
    # Of a node that gets another runtime each image lies there twice.
    is_kept = context.survey.node and not context.changes_runtime
    chosen = severity or ("warning" if is_kept else "error")
    return Finding(context.host.name, "disk", f"{free} free below {folder}", wanted, "free some, or enlarge it", chosen)


def overlayfs(context: HostContext) -> Iterator[Finding]:
    """A file system for containers that overlayfs cannot lie on."""
    runtime = f"/var/lib/{context.cluster.settings.container_runtime}"
    for entry in context.preflight.disks:
        if not context.gets_runtime or entry.folder != runtime:
            continue
        if entry.kind == "xfs" and entry.ftype is False:
            found = f"the xfs of {entry.mount}, below {runtime}, has ftype=0"
        elif entry.kind in limits.NO_OVERLAY:
            found = f"{runtime} lies on {entry.kind} ({entry.mount})"
        else:
            continue
        yield Finding(
            context.host.name,
            "overlayfs",
            found,
            "containers' layers are stacked by overlayfs, which cannot use it",
            f"mount a file system of its own there, such as ext4, or an xfs made with ftype=1, at {runtime}",
        )


def swap(context: HostContext) -> Iterator[Finding]:
    """Swap on a host that becomes a node."""
    if context.host.is_node and context.preflight.swap:
        yield Finding(
            context.host.name,
            "swap",
            f"swaps to {', '.join(context.preflight.swap)}",
            "the kubelet does not start beside swap",
            "nothing: this run turns it off, now and at boot; see that memory suffices",
            "warning",
        )


def selinux(context: HostContext) -> Iterator[Finding]:
    """SELinux that this run makes permissive."""
    if (
        context.preflight.selinux == "Enforcing"
        and context.cluster.settings.selinux == "permissive"
        and context.is_ours
    ):
        yield Finding(
            context.host.name,
            "selinux",
            "SELinux enforces",
            "the setting selinux is 'permissive'",
            "nothing: this run makes it permissive, now and at boot; set selinux = 'keep' to have it enforce",
            "warning",
        )


def firewalld(context: HostContext) -> Iterator[Finding]:
    """A firewalld that this run stops."""
    if context.preflight.firewalld and context.cluster.settings.firewall == "disabled" and context.is_ours:
        yield Finding(
            context.host.name,
            "firewalld",
            "firewalld runs",
            "the setting firewall is 'disabled'",
            "nothing: this run stops and disables it; set firewall = 'keep' to have it opened for the cluster",
            "warning",
        )


def kernel(context: HostContext) -> Iterator[Finding]:
    """A kernel without the modules that pods need, most often one whose package an update has removed."""
    lacking = context.preflight.lacking_modules
    if context.host.is_node and lacking and context.survey.major not in MODULES_FROM_PACKAGES:
        yield Finding(
            context.host.name,
            "kernel",
            f"kernel {context.survey.kernel} has no module {' and no '.join(lacking)}",
            "pods need it",
            "boot the kernel that is installed, or install the modules of the one that runs",
        )


def cgroup(context: HostContext) -> Iterator[Finding]:
    """Control groups that are switched off."""
    present = context.preflight.cgroups
    lacking = [name for name in limits.CGROUPS[context.survey.cgroup] if name not in present]
    if context.becomes_node and present and lacking:
        yield Finding(
            context.host.name,
            "cgroup",
            f"cgroup controllers are off: {', '.join(lacking)}",
            "kubeadm asks for them",
            "remove cgroup_disable from the kernel's command line and boot again",
        )


def runtime(context: HostContext) -> Iterator[Finding]:
    """Another container runtime at work on a host that becomes a node."""
    own = f"{context.cluster.settings.container_runtime}.service"
    others = [unit for unit in context.preflight.units if unit != own]
    if context.becomes_node and others:
        yield Finding(
            context.host.name,
            "runtime",
            f"{', '.join(others)} runs",
            f"the node's containers will be {context.cluster.settings.container_runtime}'s",
            "stop and disable it if nothing needs it: both share the host's memory and disk, unknown to Kubernetes",
            "warning",
        )
