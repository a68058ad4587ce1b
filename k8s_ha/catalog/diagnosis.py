"""What a diagnosis asks of hosts and of the cluster, part by part, and how much of each is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

KIBIBYTES_OF_A_HOST: Final = 4096
"""Of all its parts together: what one mails, of a few hosts, compressed to a tenth."""

SECONDS_OF_A_HOST: Final = 120
"""How long a host is asked; its commands have 15 s each."""

SECONDS_BEYOND: Final = 60
"""More than the script takes to end by itself, when its time is over."""


@dataclass(frozen=True)
class PartRow:
    """A part, which is a file in the archive.

    + holds: what a person finds in it
    + kibibytes: how much of it is kept
    + end: which end of a longer text that is; ``files``: the tail of each of several files, in a folder of that name
    """

    name: str
    holds: str
    kibibytes: int = 64
    end: Literal["head", "tail", "files"] = "head"

    @property
    def asked(self) -> str:
        """As the script takes it."""
        return f"{self.name}:{self.kibibytes}:{self.end}"


def _journal(unit: str, kibibytes: int = 64) -> PartRow:
    return PartRow(f"journal-{unit}", f"the end of the journal of {unit}", kibibytes, "tail")


HOST_PARTS: Final = (
    PartRow("system", "system, kernel, uptime, memory, cgroup version, SELinux, swap, processes by name"),
    PartRow("units", "states of the units, and their files", 128),
    _journal("kubelet", 512),
    PartRow("containers", "pods, containers and images, as the runtime tells", 128),
    PartRow("etcd", "health, status, members and alarms of its etcd"),
    PartRow("files", "names, modes and sizes in /etc/kubernetes and its like; where kubeconfigs lead", 128),
    PartRow("certificates", "until when certificates are valid", 128),
    PartRow("manifests", "static pods' manifests"),
    PartRow("kubelet", "the kubelet's configuration, flags and health"),
    PartRow("runtime", "the runtime's configuration, version and state", 128),
    PartRow("network", "addresses, routes, rules, listening sockets, resolv.conf, hosts, proxies", 128),
    PartRow("clocks", "chrony's state"),
    PartRow("disks", "free space and inodes, mounts"),
    PartRow("kernel", "sysctls that matter, loaded modules"),
    PartRow("filters", "packet filters: nft, iptables, firewalld, IPVS; kube-proxy's rules are only counted", 128),
    PartRow("packages", "versions of the packages that matter, repositories"),
    PartRow("nginx", "nginx' configuration, as it reads it", 128),
    PartRow("keepalived", "keepalived's configuration"),
    _journal("containerd", 128),
    _journal("docker", 128),
    _journal("cri-docker"),
    _journal("nginx", 32),
    _journal("keepalived"),
    _journal("firewalld", 32),
    _journal("chronyd", 32),
    _journal("NetworkManager", 32),
    PartRow("journal-kernel", "the end of the kernel's messages", 128, "tail"),
    PartRow("journal-errors", "errors of all units since the boot", 64, "tail"),
    PartRow("journal-boots", "when the host booted", 16, "tail"),
    PartRow("denials", "what SELinux denied", 64, "tail"),
    PartRow("commands", "the ends of this package's own logs, /var/log/k8s-ha", 64, "files"),
    PartRow("balancer", "the ends of nginx' logs, without those of your sites", 32, "files"),
    PartRow("pods", "the ends of the logs of static pods, and of kube-system and kube-flannel", 48, "files"),
)
"""In the order in which they are asked: what is rather needed comes before what is rather long."""

CLUSTER_PARTS: Final = (
    PartRow("health", "versions, and which checks of the API server fail"),
    PartRow("nodes", "nodes, leases, requests of certificates", 128),
    PartRow("unready", "description of nodes and of the cluster's own pods that are not Ready", 256),
    PartRow("pods", "all pods, one a line", 512),
    PartRow("configuration", "ConfigMaps of kubeadm, kubelet, kube-proxy, CoreDNS and flannel", 128),
    PartRow("workloads", "workloads, Services and budgets, one a line", 256),
    PartRow("hooks", "API services, webhooks, storage and runtime classes"),
    PartRow("events", "the last events", 512, "tail"),
)
"""Asked of one control plane, the first whose own API server answers."""
