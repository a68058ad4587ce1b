"""The example's six hosts, for tests of what needs no host."""

from collections.abc import Sequence
from typing import Any

from k8s_ha.settings import Cluster, load_cluster

VERSION = "1.30.14"

OWN_KUBERNETES = {
    "kubernetes_baseurl": "https://mirror.example/kubernetes/{minor}",
    "kubernetes_gpgkey": "https://mirror.example/key",
}


def six_hosts() -> list[dict[str, Any]]:
    """Three control planes, two workers, a load balancer; a new list each time."""
    rows = (
        ("master1", "10.0.11.18", "control_plane"),
        ("master2", "10.0.12.55", "control_plane"),
        ("master3", "10.0.13.22", "control_plane"),
        ("worker1", "10.0.12.16", "worker"),
        ("worker2", "10.0.13.37", "worker"),
        ("master-lb", "10.0.1.157", "load_balancer"),
    )
    return [{"name": name, "address": address, "role": role} for name, address, role in rows]


def six_host_cluster(more_hosts: Sequence[dict[str, Any]] = (), **settings: object) -> Cluster:
    """These hosts, and more of them, with these settings; Kubernetes 1.30.14 where they name no version."""
    return load_cluster({"kubernetes_version": VERSION, **settings}, [*six_hosts(), *more_hosts])
