"""What the second look at one host finds: a table of what it told to the exact findings."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.findings import Finding
from k8s_ha.preflight_checks.model import Disk, HostContext
from tests.support.cases import GIB, context, found, warning

NODE = {"node": True, "hostname": "worker1"}
CONTAINERD = "/var/lib/containerd"


def disk(folder: str, free: float, size: float = 20, **more: Any) -> Disk:
    return Disk(folder, more.pop("kind", "xfs"), int(size * GIB), int(free * GIB), more.pop("mount", "/"), **more)


@pytest.mark.parametrize("el_major", [7, 8, 9, 10])
@pytest.mark.parametrize("name", ["master1", "worker1", "master-lb"])
def test_a_good_host_is_left_alone(name: str, el_major: int) -> None:
    assert found(context(name, el_major=el_major)) == []


MACHINE = {
    "one CPU on a control plane": (
        context("master1", cpus=1),
        Finding("master1", "cpus", "1 CPU", "kubeadm asks for 2 on a control plane", "give it another one"),
    ),
    "one CPU on a control plane that is a node": (
        context("master1", cpus=1, surveyed=NODE),
        warning("master1", "cpus", "1 CPU", "kubeadm asks for 2 on a control plane", "give it another one"),
    ),
    "one CPU on a worker": (context(cpus=1), None),
    "little memory on a control plane": (
        context("master1", memory_mib=1699),
        Finding(
            "master1",
            "memory",
            "1699 MB of memory",
            "kubeadm asks for 1700 MB on a control plane, and advises it on a worker",
            "give it more",
        ),
    ),
    "just enough memory": (context("master1", memory_mib=1700), None),
    "little memory on a worker": (
        context(memory_mib=1000),
        warning(
            "worker1",
            "memory",
            "1000 MB of memory",
            "kubeadm asks for 1700 MB on a control plane, and advises it on a worker",
            "give it more",
        ),
    ),
    "little memory on a load balancer": (context("master-lb", memory_mib=500), None),
    "a full disk": (
        context(disks=(disk("/var", 4.9), disk(CONTAINERD, 4.9))),
        Finding(
            "worker1",
            "disk",
            "4.9 GB free below /var",
            "5 GB for packages, images and etcd",
            "free some, or enlarge it",
        ),
    ),
    "a full disk of a node": (
        context(disks=(disk("/var", 4.9),), surveyed=NODE),
        warning(
            "worker1",
            "disk",
            "4.9 GB free below /var",
            "5 GB for packages, images and etcd",
            "free some, or enlarge it",
        ),
    ),
    "a disk of its own that is full": (
        context("master1", disks=(disk("/var", 15), disk("/var/lib/etcd", 1, 2, mount="/var/lib/etcd"))),
        Finding(
            "master1",
            "disk",
            "1.0 GB free below /var/lib/etcd",
            "5 GB for packages, images and etcd",
            "free some, or enlarge it",
        ),
    ),
    "a large disk that is nearly full": (
        context(disks=(disk("/var", 14, 100), disk(CONTAINERD, 14, 100))),
        Finding(
            "worker1",
            "disk",
            f"14 % free below {CONTAINERD}",
            "the kubelet evicts pods below 15 %",
            "free some, or enlarge it",
        ),
    ),
    "a disk for some months": (
        context(disks=(disk("/var", 9),)),
        warning("worker1", "disk", "9.0 GB free below /var", "10 GB last for a while", "free some, or enlarge it"),
    ),
    "a small disk of a load balancer": (context("master-lb", disks=(disk("/var", 1.1),)), None),
    "a full disk of a load balancer": (
        context("master-lb", disks=(disk("/var", 0.9),)),
        Finding(
            "master-lb",
            "disk",
            "0.9 GB free below /var",
            "1 GB for nginx's packages",
            "free some, or enlarge it",
        ),
    ),
    "an xfs that overlayfs cannot use": (
        context(disks=(disk(CONTAINERD, 50, 60, ftype=False),)),
        Finding(
            "worker1",
            "overlayfs",
            f"the xfs of /, below {CONTAINERD}, has ftype=0",
            "containers' layers are stacked by overlayfs, which cannot use it",
            f"mount a file system of its own there, such as ext4, or an xfs made with ftype=1, at {CONTAINERD}",
        ),
    ),
    "an xfs that it can use": (context(disks=(disk(CONTAINERD, 50, 60, ftype=True),)), None),
    "an xfs that nothing tells of": (context(disks=(disk(CONTAINERD, 50, 60),)), None),
    "an old xfs that Docker would use": (context(disks=(disk("/var/lib/docker", 50, 60, ftype=False),)), None),
    "containers on NFS": (
        context(disks=(disk(CONTAINERD, 50, 60, kind="nfs4", mount="/var/lib"),)),
        Finding(
            "worker1",
            "overlayfs",
            f"{CONTAINERD} lies on nfs4 (/var/lib)",
            "containers' layers are stacked by overlayfs, which cannot use it",
            f"mount a file system of its own there, such as ext4, or an xfs made with ftype=1, at {CONTAINERD}",
        ),
    ),
    "a kernel whose package is gone": (
        context(lacking_modules=("br_netfilter",)),
        Finding(
            "worker1",
            "kernel",
            "kernel 4.18.0-553.el8_10.x86_64 has no module br_netfilter",
            "pods need it",
            "boot the kernel that is installed, or install the modules of the one that runs",
        ),
    ),
    "EL10, where a package has the module": (context(el_major=10, lacking_modules=("br_netfilter",)), None),
    "all of cgroup v1": (
        context(cgroups=("cpuset", "cpu", "cpuacct", "blkio", "memory", "devices", "freezer", "pids")),
        None,
    ),
    "memory without cgroups": (
        context(cgroups=("cpuset", "cpu", "cpuacct", "devices", "freezer", "pids")),
        Finding(
            "worker1",
            "cgroup",
            "cgroup controllers are off: memory",
            "kubeadm asks for them",
            "remove cgroup_disable from the kernel's command line and boot again",
        ),
    ),
    "all of cgroup v2": (context(el_major=9, cgroups=("cpuset", "cpu", "io", "memory", "pids")), None),
    "swap": (
        context(swap=("/dev/dm-1",)),
        warning(
            "worker1",
            "swap",
            "swaps to /dev/dm-1",
            "the kubelet does not start beside swap",
            "nothing: this run turns it off, now and at boot; see that memory suffices",
        ),
    ),
    "swap on a load balancer": (context("master-lb", swap=("/dev/dm-1",)), None),
    "SELinux enforcing": (
        context("master-lb", selinux="Enforcing"),
        warning(
            "master-lb",
            "selinux",
            "SELinux enforces",
            "the setting selinux is 'permissive'",
            "nothing: this run makes it permissive, now and at boot; set selinux = 'keep' to have it enforce",
        ),
    ),
    "SELinux kept": (context(selinux="Enforcing", settings={"selinux": "keep"}), None),
    "SELinux permissive": (context(selinux="Permissive"), None),
    "firewalld": (
        context("master-lb", firewalld=True),
        warning(
            "master-lb",
            "firewalld",
            "firewalld runs",
            "the setting firewall is 'disabled'",
            "nothing: this run stops and disables it; set firewall = 'keep' to have it opened for the cluster",
        ),
    ),
    "firewalld kept": (context(firewalld=True, settings={"firewall": "keep"}), None),
    "CRI-O": (
        context(units=("crio.service",)),
        warning(
            "worker1",
            "runtime",
            "crio.service runs",
            "the node's containers will be containerd's",
            "stop and disable it if nothing needs it: both share the host's memory and disk, unknown to Kubernetes",
        ),
    ),
    "Docker where it is wanted": (
        context(units=("docker.service",), settings={"container_runtime": "docker"}),
        None,
    ),
}


@pytest.mark.parametrize(("given", "finding"), MACHINE.values(), ids=MACHINE)
def test_the_machine(given: HostContext, finding: Finding | None) -> None:
    assert found(given) == ([finding] if finding else [])
