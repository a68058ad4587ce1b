"""A finished cluster as its API and its hosts tell it, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from k8s_ha.observations.api_status import API_SERVICE, CONTROL_PLANE_PODS, DNS_SERVICE, ApiStatus, PodState
from k8s_ha.observations.certificates import Validity
from k8s_ha.observations.host_status import OK, EtcdStatus, HostStatus, Member, asked
from k8s_ha.observations.node import NodeView
from k8s_ha.settings import Cluster, HostSettings

NOW = datetime(2026, 11, 25, tzinfo=UTC)
NEXT_YEAR = datetime(2027, 11, 24, tzinfo=UTC)


def until(moment: datetime, days: float = 365) -> Validity:
    """A certificate that ends then, and was valid for so long."""
    return Validity(moment - timedelta(days=days), moment)


SERVICES = {API_SERVICE: "10.96.0.1", DNS_SERVICE: "10.96.0.10"}

NOTHING: dict[str, Any] = {
    "servers": [],
    "apis": [],
    "name_servers": [],
    "question": "kubernetes.default.svc.cluster.local",
    "kubelet_port": 0,
    "proxy_port": 0,
    "etcd": False,
    "balancer": "",
    "virtual": "",
    "address": "",
}
"""The arguments of the fact ``HostStatusFact`` where nothing is asked."""


def complete_api_status(cluster: Cluster) -> ApiStatus:
    """Every node Ready and every pod of the deploy running."""
    control_planes, nodes = ([host.hostname for host in hosts] for hosts in (cluster.control_planes, cluster.nodes))
    pods = [
        *(
            ("kube-system", f"{pod}-{control_plane}", control_plane, "")
            for control_plane in control_planes
            for pod in CONTROL_PLANE_PODS
        ),
        *(("kube-system", f"kube-proxy-{number:05}", node, "") for number, node in enumerate(nodes)),
        *(("kube-flannel", f"kube-flannel-ds-{number:05}", node, "") for number, node in enumerate(nodes)),
        *(
            ("kube-system", f"coredns-76c6f6bbc9-{number:05}", nodes[-1 - number], f"10.244.{number}.2")
            for number in range(2)
        ),
    ]
    return ApiStatus(
        answers=True,
        endpoint_answers=True,
        nodes=dict.fromkeys(nodes, True),
        versions=dict.fromkeys(nodes, f"v{cluster.settings.version}"),
        pods=tuple(
            PodState(namespace, name, node, "Running", True, ip, _image(name, cluster))
            for namespace, name, node, ip in pods
        ),
        services=SERVICES,
        kept_version=f"v{cluster.settings.version}",
    )


def _image(pod: str, cluster: Cluster) -> str:
    if pod.startswith("kube-flannel-ds-"):
        return cluster.mirror.flannel_image
    tags = {"etcd": "3.5.15-0", "coredns": "v1.11.3"}
    tag = next((tag for name, tag in tags.items() if pod.startswith(name)), f"v{cluster.settings.version}")
    return f"registry.example:5000/any:{tag}"


def complete_statuses(cluster: Cluster) -> dict[str, HostStatus]:
    """Every host telling that all is well, by inventory name."""
    return {host.name: _status(cluster, host) for host in cluster.hosts}


def _status(cluster: Cluster, host: HostSettings) -> HostStatus:
    asks = asked(cluster, host, complete_api_status(cluster))
    control_plane = "control_plane" in host.role
    artifacts = ("/etc/kubernetes/kubelet.conf", "/etc/kubernetes/pki/ca.crt") if host.is_node else ()
    backends = [f"{entry.address}:6443" for entry in cluster.control_planes] if asks["balancer"] else []
    status = HostStatus(
        view=NodeView(artifacts, f"https://{cluster.endpoint}" if host.is_node else None, None),
        kubelet=OK if host.is_node else None,
        proxy=OK if host.is_node else None,
        apis={address: (OK,) * asks["apis"].count(address) for address in asks["apis"]},
        dns={address: ("10.96.0.1",) * asks["name_servers"].count(address) for address in asks["name_servers"]},
        etcd=EtcdStatus(OK, etcd_members(cluster), "1") if control_plane else None,
        nginx=bool(backends),
        backends=dict.fromkeys(backends, "max_fails=1 fail_timeout=10s"),
        backend_answers=dict.fromkeys(backends, OK),
    )
    held = {"/etc/kubernetes/pki/apiserver.crt": until(NEXT_YEAR)} if control_plane else {}
    return with_certificates(status, held)


def with_certificates(status: HostStatus, certificates: Mapping[str, Validity | None]) -> HostStatus:
    """The same of a host that holds these, by path."""
    standing = replace(status.view.standing, certificates=certificates)
    return replace(status, view=replace(status.view, standing=standing))


def etcd_members(cluster: Cluster) -> tuple[Member, ...]:
    """A member for each control plane."""
    control_planes = enumerate(cluster.control_planes, 1)
    return tuple(
        Member(str(number), control_plane.hostname, (control_plane.address,), False)
        for number, control_plane in control_planes
    )
