"""A finished cluster's health, for tests."""

from __future__ import annotations

from k8s_ha.health import CONTROL_PLANE_PODS, Health, PodState
from k8s_ha.settings import Cluster


def complete_health(cluster: Cluster) -> Health:
    """Every node Ready and every pod of the road running."""
    planes, nodes = ([host.hostname for host in hosts] for hosts in (cluster.control_planes, cluster.nodes))
    pods = [
        *(("kube-system", f"{pod}-{plane}", plane) for plane in planes for pod in CONTROL_PLANE_PODS),
        *(("kube-system", f"kube-proxy-{number:05}", node) for number, node in enumerate(nodes)),
        *(("kube-flannel", f"kube-flannel-ds-{number:05}", node) for number, node in enumerate(nodes)),
        *(("kube-system", f"coredns-76c6f6bbc9-{number:05}", nodes[0]) for number in range(2)),
    ]
    return Health(
        endpoint_answers=True,
        nodes=dict.fromkeys(nodes, True),
        versions=dict.fromkeys(nodes, f"v{cluster.settings.kubernetes_version}"),
        pods=tuple(PodState(namespace, name, node, "Running", True) for namespace, name, node in pods),
    )
