"""What a working cluster looks like, and what is missing from one. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from k8s_ha.settings import Cluster

CONTROL_PLANE_PODS: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


@dataclass(frozen=True)
class PodState:
    """A pod as the API server tells it; ``ready`` means that every container of it is."""

    namespace: str
    name: str
    node: str
    phase: str
    ready: bool

    @property
    def running(self) -> bool:
        return self.phase == "Running" and self.ready


@dataclass(frozen=True)
class Health:
    """What the API says through the endpoint: whether it answers, readiness and kubelet version by node, pods."""

    endpoint_answers: bool
    nodes: Mapping[str, bool]
    versions: Mapping[str, str]
    pods: tuple[PodState, ...]


def shortcomings(health: Health, cluster: Cluster) -> list[str]:
    """One phrase for each thing that a finished cluster has and this one lacks; empty where all is well."""
    if not health.endpoint_answers:
        return [f"the API does not answer at the endpoint {cluster.endpoint}"]
    networked = cluster.settings.pod_network != "none"
    lacks = []
    for node in cluster.nodes:
        if node.hostname not in health.nodes:
            lacks.append(f"{node.hostname} is not a node")
        elif networked and not health.nodes[node.hostname]:
            lacks.append(f"{node.hostname} is not Ready")
    for node in cluster.control_planes:
        lacks += _absent(health.pods, [f"{pod}-{node.hostname}" for pod in CONTROL_PLANE_PODS])
    daemons = [("kube-system", "kube-proxy-")] + [("kube-flannel", "kube-flannel-ds-")] * networked
    for namespace, prefix in daemons:
        running = {pod.node for pod in health.pods if _is(pod, namespace, prefix) and pod.running}
        lacks += [
            f"no {prefix.rstrip('-')} runs on {node.hostname}" for node in cluster.nodes if node.hostname not in running
        ]
    dns = sum(_is(pod, "kube-system", "coredns-") and pod.running for pod in health.pods)
    if networked and dns < 2:
        lacks.append(f"{dns} of 2 coredns pods run")
    return lacks


def _is(pod: PodState, namespace: str, prefix: str) -> bool:
    return pod.namespace == namespace and pod.name.startswith(prefix)


def _absent(pods: Iterable[PodState], names: Iterable[str]) -> list[str]:
    running = {pod.name for pod in pods if pod.namespace == "kube-system" and pod.running}
    return [f"{name} does not run" for name in names if name not in running]


def summary(health: Health, cluster: Cluster, kubeconfig: str) -> list[str]:
    """What a person wants to read at the end, line by line."""
    width = max(len(node.hostname) for node in cluster.nodes)
    planes = {node.hostname for node in cluster.control_planes}
    lines = [
        f"The cluster answers at https://{cluster.endpoint}, Kubernetes {cluster.settings.kubernetes_version}.",
        *(
            f"  {name:<{width}}  {'control plane' if name in planes else 'worker':<13}  "
            f"{'Ready' if ready else 'NotReady':<8}  {health.versions[name]}"
            for name, ready in sorted(health.nodes.items())
        ),
        f"Its kubeconfig: {kubeconfig}",
        f"Use it: kubectl --kubeconfig {kubeconfig} get nodes",
    ]
    if cluster.settings.pod_network == "none":
        lines.append("Nodes become Ready when you install a pod network.")
    return lines
