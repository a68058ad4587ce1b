"""What a host's hardware, kernel and base system must have. One rule a function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from k8s_ha.findings import Finding, Severity
from k8s_ha.preflight_checks import limits
from k8s_ha.preflight_checks.model import Case, Disk

KIB_OF_GIB: Final = 1024 * 1024

MODULES_FROM_PACKAGES: Final = (10,)
"""EL majors where a missing module is no finding, since prepare_host installs the package that has it."""


def folders(case_is_node: bool, runtime: str) -> tuple[str, ...]:
    """Folders whose file systems are measured."""
    return ("/var", "/var/lib/kubelet", f"/var/lib/{runtime}", "/var/lib/etcd") if case_is_node else ("/var",)


def cpus(case: Case) -> Iterator[Finding]:
    """Fewer processors than kubeadm asks for on a control plane."""
    count = case.look.cpus
    if case.is_control_plane and count is not None and count < limits.CPUS:
        yield Finding(
            case.host.name,
            "cpus",
            f"{count} CPU",
            f"kubeadm asks for {limits.CPUS} on a control plane",
            "give it another one",
            _where_it_runs(case),
        )


def memory(case: Case) -> Iterator[Finding]:
    """Less memory than kubeadm asks for."""
    found = case.look.memory_mib
    if case.host.is_node and found is not None and found < limits.MEMORY_MIB:
        yield Finding(
            case.host.name,
            "memory",
            f"{found} MB of memory",
            f"kubeadm asks for {limits.MEMORY_MIB} MB on a control plane, and advises it on a worker",
            "give it more",
            _where_it_runs(case) if case.is_control_plane else "warning",
        )


def _where_it_runs(case: Case) -> Severity:
    """A node has run with what it has; its run is not stopped for it."""
    return "error" if case.becomes_node else "warning"


def disk(case: Case) -> Iterator[Finding]:
    """File systems with too little space left, one finding each."""
    mounts: dict[str, list[Disk]] = defaultdict(list)
    for entry in case.look.disks:
        mounts[entry.mount].append(entry)
    for entries in mounts.values():
        finding = _space(case, entries)
        if finding:
            yield finding


def _space(case: Case, entries: list[Disk]) -> Finding | None:
    first = entries[0]
    free = first.free / KIB_OF_GIB
    percent = 100 * first.free / first.size if first.size else 100
    folder = first.folder
    if not case.host.is_node:
        if "load_balancer" not in case.host.role or free >= limits.BALANCER_DISK_GIB:
            return None
        return _full(case, folder, f"{free:.1f} GB", f"{limits.BALANCER_DISK_GIB} GB for nginx's packages")
    if free < limits.DISK_GIB:
        return _full(case, folder, f"{free:.1f} GB", f"{limits.DISK_GIB} GB for packages, images and etcd")
    for eviction in limits.EVICTIONS:
        if percent < eviction.percent and eviction.folder in {entry.folder for entry in entries}:
            wanted = f"the kubelet evicts pods below {eviction.percent} %"
            return _full(case, eviction.folder, f"{percent:.0f} %", wanted)
    if free < limits.DISK_WARNING_GIB:
        return _full(case, folder, f"{free:.1f} GB", f"{limits.DISK_WARNING_GIB} GB last for a while", "warning")
    return None


def _full(case: Case, folder: str, free: str, wanted: str, severity: Severity | None = None) -> Finding:
    chosen = severity or ("warning" if case.survey.node else "error")
    return Finding(case.host.name, "disk", f"{free} free below {folder}", wanted, "free some, or enlarge it", chosen)


def overlayfs(case: Case) -> Iterator[Finding]:
    """A file system for containers that overlayfs cannot lie on."""
    runtime = f"/var/lib/{case.cluster.settings.container_runtime}"
    for entry in case.look.disks:
        if not case.becomes_node or entry.folder != runtime:
            continue
        if entry.kind == "xfs" and entry.ftype is False:
            found = f"the xfs of {entry.mount}, below {runtime}, has ftype=0"
        elif entry.kind in limits.NO_OVERLAY:
            found = f"{runtime} lies on {entry.kind} ({entry.mount})"
        else:
            continue
        yield Finding(
            case.host.name,
            "overlayfs",
            found,
            "containers' layers are stacked by overlayfs, which cannot use it",
            f"mount a file system of its own there, such as ext4, or an xfs made with ftype=1, at {runtime}",
        )


def swap(case: Case) -> Iterator[Finding]:
    """Swap on a host that becomes a node."""
    if case.host.is_node and case.look.swap:
        yield Finding(
            case.host.name,
            "swap",
            f"swaps to {', '.join(case.look.swap)}",
            "kubelet does not start beside swap",
            "nothing: this run turns it off, now and at boot; see that memory suffices",
            "warning",
        )


def selinux(case: Case) -> Iterator[Finding]:
    """SELinux that this run makes permissive."""
    if case.look.selinux == "Enforcing" and case.cluster.settings.selinux == "permissive" and case.is_ours:
        yield Finding(
            case.host.name,
            "selinux",
            "SELinux enforces",
            "the setting selinux is 'permissive'",
            "nothing: this run makes it permissive, now and at boot; set selinux = 'keep' to have it enforce",
            "warning",
        )


def firewalld(case: Case) -> Iterator[Finding]:
    """A firewalld that this run stops."""
    if case.look.firewalld and case.cluster.settings.firewall == "disabled" and case.is_ours:
        yield Finding(
            case.host.name,
            "firewalld",
            "firewalld runs",
            "the setting firewall is 'disabled'",
            "nothing: this run stops and disables it; set firewall = 'keep' to have it opened for the cluster",
            "warning",
        )


def kernel(case: Case) -> Iterator[Finding]:
    """A kernel without the modules that pods need, most often one whose package an update has removed."""
    lacking = case.look.lacking_modules
    if case.host.is_node and lacking and case.survey.major not in MODULES_FROM_PACKAGES:
        yield Finding(
            case.host.name,
            "kernel",
            f"kernel {case.survey.kernel} has no module {' and no '.join(lacking)}",
            "pods need it",
            "boot the kernel that is installed, or install the modules of the one that runs",
        )


def cgroup(case: Case) -> Iterator[Finding]:
    """Control groups that are switched off."""
    present = case.look.cgroups
    lacking = [name for name in limits.CGROUPS[case.survey.cgroup] if name not in present]
    if case.becomes_node and present and lacking:
        yield Finding(
            case.host.name,
            "cgroup",
            f"cgroup controllers are off: {', '.join(lacking)}",
            "kubeadm asks for them",
            "remove cgroup_disable from the kernel's command line and boot again",
        )


def runtime(case: Case) -> Iterator[Finding]:
    """Another container runtime at work on a host that becomes a node."""
    own = f"{case.cluster.settings.container_runtime}.service"
    others = [unit for unit in case.look.units if unit != own]
    if case.becomes_node and others:
        yield Finding(
            case.host.name,
            "runtime",
            f"{', '.join(others)} runs",
            f"the node's containers will be {case.cluster.settings.container_runtime}'s",
            "stop and disable it if nothing needs it: both share the host's memory and disk, unknown to Kubernetes",
            "warning",
        )
