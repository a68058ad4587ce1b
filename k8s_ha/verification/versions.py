"""Whether every part of the cluster is of the version that is wanted. Values in, values out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER, ApiStatus, PodState, is_pod
from k8s_ha.settings import Cluster, HostSettings

CHECK: Final = "version"
"""The check of findings that no waiting cures."""

VERSIONED: Final = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
"""What is of the cluster's own version, beside kubelets."""

UNIFORM: Final = ("etcd", "coredns")
"""What is of a version that kubeadm chooses, the same on every host."""

REMEDY: Final = "finish the upgrade by hand and set kubernetes_version to it, or bring that part back"


def version_findings(api_status: ApiStatus, cluster: Cluster) -> Iterator[Finding]:
    """Parts of another version than the wanted one, host by host: a cluster that was upgraded by half is that."""
    wanted = f"v{cluster.settings.version}"
    for node in cluster.nodes:
        if node.hostname in api_status.nodes:
            parts = {"kubelet": api_status.versions[node.hostname] or "of no known version"}
            parts |= {name: pod.version for name in VERSIONED for pod in _pods(node, api_status, name) if pod.version}
            others = [f"its {part} is {version}" for part, version in parts.items() if version != wanted]
            if others:
                yield Finding(node.name, CHECK, ", ".join(others), wanted, REMEDY)
    if api_status.kept_version not in ("", wanted):
        found = f"kubeadm's own configuration says {api_status.kept_version}"
        yield Finding(THE_CLUSTER, CHECK, found, wanted, REMEDY)
    for component in UNIFORM:
        yield from _mixed(component, api_status)
    if cluster.settings.pod_network == "flannel":
        yield from _flannel_findings(api_status, cluster)


def _mixed(component: str, api_status: ApiStatus) -> Iterator[Finding]:
    nodes: dict[str, list[str]] = defaultdict(list)
    for pod in api_status.pods:
        # A static pod is called by its node; somebody's backup of etcd is none.
        own = pod.name == f"etcd-{pod.node}" if component == "etcd" else is_pod(pod, "kube-system", f"{component}-")
        if own and pod.namespace == "kube-system" and pod.version:
            nodes[pod.version].append(pod.node)
    if len(nodes) > 1:
        found = "; ".join(f"{component} {tag} on {', '.join(sorted(nodes[tag]))}" for tag in sorted(nodes))
        yield Finding(THE_CLUSTER, CHECK, found, "one version", REMEDY)


def _flannel_findings(api_status: ApiStatus, cluster: Cluster) -> Iterator[Finding]:
    """Flannel's pods follow its daemonset one by one, so that this may pass."""
    daemon, image = "kube-flannel-ds", cluster.mirror.flannel_image
    for node in cluster.nodes:
        for pod in _pods(node, api_status, daemon, "kube-flannel"):
            if pod.image not in ("", image):
                remedy = f"see `kubectl -n kube-flannel rollout status daemonset {daemon}` and {pod.name}"
                yield Finding(node.name, daemon, f"its flannel is {pod.image}", image, remedy)


def _pods(
    node: HostSettings, api_status: ApiStatus, component: str, namespace: str = "kube-system"
) -> Iterator[PodState]:
    for pod in api_status.pods:
        if pod.node == node.hostname and is_pod(pod, namespace, f"{component}-"):
            yield pod
