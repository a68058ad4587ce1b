"""What control planes may tell, for tests."""

from __future__ import annotations

from collections.abc import Iterable

from k8s_ha.facts.node import Node
from k8s_ha.observations.node import ClusterNode, NodeView
from tests.support.paths import RECORDED

ENDPOINT = "https://10.0.1.157:6443"
CONTROL_PLANES = ("master1", "master2", "master3")
NODES = (*CONTROL_PLANES, "worker1", "worker2")
ADMIN, KUBELET = "/etc/kubernetes/admin.conf", "/etc/kubernetes/kubelet.conf"
API_SERVER = "/etc/kubernetes/manifests/kube-apiserver.yaml"
CLEAN = NodeView(artifacts=(), api_server_url=None, ca_certificate=None)


def recorded(name: str) -> list[str]:
    """The lines of tests/support/recorded/NAME.txt."""
    return (RECORDED / f"{name}.txt").read_text(encoding="utf-8").splitlines()


CA_CERTIFICATE = Node().parse(recorded("node-control-plane")).ca_certificate or ""


def nodes(names: Iterable[str]) -> tuple[ClusterNode, ...]:
    """Ready nodes of these names."""
    return tuple(ClusterNode(name, True, "v1.30.14", name in CONTROL_PLANES) for name in names)


def member(*names: str, ready: bool = True, api_server_url: str = ENDPOINT, secrets: tuple[str, ...] = ()) -> NodeView:
    """A control plane of the cluster, which knows the nodes of these names."""
    return NodeView((ADMIN, KUBELET), api_server_url, CA_CERTIFICATE, ready, nodes(names), secrets)
