"""The numbers that hosts are measured by, each with where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from k8s_ha.catalog.control_plane import API_PORT

CPUS: Final = 2
"""Of a control plane: kubeadm's preflight NumCPU."""

MEMORY_MIB: Final = 1700
"""Of a control plane: kubeadm's preflight Mem. Its documentation advises it for workers too, which are only warned."""

DISK_GIB: Final = 5
"""Free on each file system of a node: some 0.5 for packages, 2 for images, 2 for etcd's default quota, and logs."""

DISK_WARNING_GIB: Final = 10
"""Below that a node is warned: images and logs grow."""

BALANCER_DISK_GIB: Final = 1
"""Free on a load balancer: nginx's packages, and yum's cache of the repositories."""


@dataclass(frozen=True)
class Eviction:
    """A kubelet evicts pods when less than ``percent`` of the file system with ``folder`` is free."""

    folder: str
    percent: int


EVICTIONS: Final = (
    Eviction("/var/lib/kubelet", 10),
    Eviction("/var/lib/containerd", 15),
    Eviction("/var/lib/docker", 15),
)
"""The kubelet's evictionHard defaults: nodefs.available<10%, imagefs.available<15%."""

CLOCK_SECONDS: Final = 5.0
"""Between two hosts: what sealos allows. etcd warns from 1 s on, and a new certificate must not begin in the future."""

OPERATOR_SECONDS: Final = 60.0
"""Between a host and the operator, who writes the expiry of the join tokens."""

OPERATOR_ERROR_SECONDS: Final = 1800.0
"""Half the life of a join token: beyond it joins would meet tokens that have expired."""

CGROUPS: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids"),
    # devices and freezer are part of the kernel's own interface there.
    2: ("cpu", "cpuset", "memory", "pids"),
}
"""Controllers by cgroup version: k8s.io/system-validators, which kubeadm's SystemVerification runs."""

NO_OVERLAY: Final = ("nfs", "nfs4", "cifs", "smb3", "vfat", "msdos", "9p", "overlay", "fuseblk")
"""Cannot be overlayfs' upper layer: no trusted xattrs, no d_type, or stacked themselves (kernel, overlayfs.rst)."""

CNI_FILE: Final = "10-flannel.conflist"
"""This cluster's own, in /etc/cni/net.d."""

CNI_FILES: Final = (CNI_FILE, "87-podman-bridge.conflist")
"""Known ones there: flannel's own, and podman's of EL8, which sorts behind it and goes with podman."""

NODE_MASK: Final = 24
"""Of each node's share of the pods' network: kube-controller-manager's --node-cidr-mask-size-ipv4 by default."""

POD_INTERFACES: Final = ("cni0", "flannel", "veth", "kube-ipvs")
"""Beginnings of interfaces that carry the pods' own routes."""


@dataclass(frozen=True)
class RequiredPort:
    """A port that ``process`` (by its kernel name, 15 characters) listens on."""

    number: int
    process: str


WORKER_PORTS: Final = (RequiredPort(10250, "kubelet"), RequiredPort(10248, "kubelet"))
CONTROL_PLANE_PORTS: Final = (
    RequiredPort(API_PORT, "kube-apiserver"),
    RequiredPort(2379, "etcd"),
    RequiredPort(2380, "etcd"),
    RequiredPort(10257, "kube-controller-manager"[:15]),
    RequiredPort(10259, "kube-scheduler"),
    *WORKER_PORTS,
)
"""kubeadm's preflight Port-*, and the kubelet's healthz, which a join waits for."""
