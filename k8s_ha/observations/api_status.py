"""What a cluster's API says about it, and what is missing there. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.settings import Cluster, HostSettings

CONTROL_PLANE_PODS: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
DNS_SERVERS: Final = 2
"""kubeadm's number of coredns pods."""

API_SERVICE: Final = "default/kubernetes"
DNS_SERVICE: Final = "kube-system/kube-dns"
THE_CLUSTER: Final = "the cluster"
"""What a finding names that is about no single host."""


@dataclass(frozen=True)
class PodState:
    """A pod as the API server tells it; ``ready`` means that every container of it is.

    + node: hostname of its node, empty before it has one
    + address: its own or, on the host's network, the node's; empty before it has one
    + image: of its first container
    """

    namespace: str
    name: str
    node: str
    phase: str
    ready: bool
    address: str = ""
    image: str = ""

    @property
    def running(self) -> bool:
        return self.phase == "Running" and self.ready

    @property
    def version(self) -> str:
        """The tag of its image; empty for none."""
        return self.image.rpartition("/")[2].partition("@")[0].partition(":")[2]


@dataclass(frozen=True)
class ApiStatus:
    """What one control plane's API server says.

    + answers: whether it is ready; without that the rest is empty
    + endpoint_answers: whether one is, asked at the endpoint from that control plane
    + nodes, versions: readiness and kubelet's version by hostname
    + services: address of the Services ``API_SERVICE`` and ``DNS_SERVICE``, by these names
    + kept_version: the cluster's in kubeadm's own configuration, such as ``v1.30.14``; empty where that tells none
    """

    answers: bool
    endpoint_answers: bool
    nodes: Mapping[str, bool]
    versions: Mapping[str, str]
    pods: tuple[PodState, ...]
    services: Mapping[str, str] = field(default_factory=dict)
    kept_version: str = ""

    @property
    def dns_servers(self) -> tuple[PodState, ...]:
        """The coredns pods that run."""
        return tuple(pod for pod in self.pods if is_pod(pod, "kube-system", "coredns-") and pod.running)


SILENCE: Final = ApiStatus(answers=False, endpoint_answers=False, nodes={}, versions={}, pods=())
"""What is known where no API server answers."""


def api_status_findings(api_status: ApiStatus, cluster: Cluster) -> Iterator[Finding]:
    """A finding for each thing that a finished cluster's API tells and this one's does not."""
    if not api_status.answers:
        yield Finding(
            THE_CLUSTER,
            "API",
            "no control plane's own API server is ready",
            "at least one",
            "see `crictl ps -a` and `journalctl -u kubelet` on the control planes",
        )
        return
    if not api_status.endpoint_answers:
        yield Finding(
            THE_CLUSTER,
            "API",
            f"the API does not answer at the endpoint {cluster.endpoint}",
            "ok at /readyz",
            "see the rows of the load balancer and of the API servers, or what stands at that address",
        )
    for node in cluster.nodes:
        yield from _node_findings(node, api_status, cluster)
    for control_plane in cluster.control_planes:
        yield from _control_plane_findings(control_plane, api_status)
    names = {node.hostname for node in cluster.nodes}
    removed = {*(host.hostname for host in cluster.removed), *cluster.removed_unlisted}
    for name in sorted(set(api_status.nodes) - names):
        yield unremoved_node(name) if name in removed else unlisted_node(name)
    running = len(api_status.dns_servers)
    if cluster.settings.pod_network != "none" and running < DNS_SERVERS:
        yield Finding(
            THE_CLUSTER,
            "coredns",
            f"{running} of {DNS_SERVERS} coredns pods run",
            f"{DNS_SERVERS}",
            "see `kubectl -n kube-system describe deployment coredns` and its pods; "
            f"`kubectl -n kube-system scale deployment coredns --replicas={DNS_SERVERS}` where it is scaled down",
        )


def _node_findings(node: HostSettings, api_status: ApiStatus, cluster: Cluster) -> Iterator[Finding]:
    networked = cluster.settings.pod_network != "none"
    if node.hostname not in api_status.nodes:
        yield Finding(node.name, "node", f"{node.hostname} is not a node", "a node", "run the deploy, which joins it")
        return
    if networked and not api_status.nodes[node.hostname]:
        remedy = f"see `kubectl describe node {node.hostname}` and `journalctl -u kubelet` there"
        yield Finding(node.name, "node", f"{node.hostname} is not Ready", "Ready", remedy)
    daemons = [("kube-system", "kube-proxy")] + [("kube-flannel", "kube-flannel-ds")] * networked
    for namespace, daemon in daemons:
        pods = [pod for pod in api_status.pods if is_pod(pod, namespace, f"{daemon}-")]
        if not any(pod.node == node.hostname and pod.running for pod in pods):
            remedy = f"see `kubectl -n {namespace} describe daemonset {daemon}` and its pod on {node.hostname}"
            yield Finding(node.name, daemon, f"no {daemon} runs on {node.hostname}", "one a node", remedy)


def _control_plane_findings(control_plane: HostSettings, api_status: ApiStatus) -> Iterator[Finding]:
    running = {pod.name for pod in api_status.pods if pod.namespace == "kube-system" and pod.running}
    for component in CONTROL_PLANE_PODS:
        name = f"{component}-{control_plane.hostname}"
        if name not in running:
            yield Finding(
                control_plane.name,
                component,
                f"{name} does not run",
                "Running",
                f"see /etc/kubernetes/manifests/{component}.yaml and `crictl ps -a` there",
            )


def unlisted_node(name: str) -> Finding:
    """A node that the inventory lacks, and how it is removed."""
    return Finding(
        THE_CLUSTER,
        "nodes",
        f"{name} is a node of the cluster, and not in the inventory",
        "every node is in it",
        f"add it, or have it removed by removed_nodes = ['{name}']",
        "warning",
    )


def unremoved_node(name: str) -> Finding:
    """A node that is to be none any more."""
    return Finding(
        THE_CLUSTER,
        "nodes",
        f"{name} is still a node of the cluster",
        "removed_nodes names it",
        "run the whole deploy, which removes it or says why not",
        "warning",
    )


def is_pod(pod: PodState, namespace: str, prefix: str) -> bool:
    """Whether it is a pod of this namespace whose name begins so."""
    return pod.namespace == namespace and pod.name.startswith(prefix)
