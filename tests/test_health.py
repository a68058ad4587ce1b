"""What a finished cluster has, and how it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8s_ha.health import Health, PodState, shortcomings, summary
from tests.cluster_health import complete_health
from tests.example_cluster import six_host_cluster

CLUSTER = six_host_cluster()
WHOLE = complete_health(CLUSTER)


def without(prefix: str, node: str | None = None) -> Health:
    """Health without the pods whose names begin so, on one node or on all."""
    return replace(
        WHOLE,
        pods=tuple(pod for pod in WHOLE.pods if not (pod.name.startswith(prefix) and node in (None, pod.node))),
    )


def changed(prefix: str, **values: object) -> Health:
    """Health whose first pod with such a name is in another state."""
    first = next(pod for pod in WHOLE.pods if pod.name.startswith(prefix))
    return replace(WHOLE, pods=tuple(replace(pod, **values) if pod is first else pod for pod in WHOLE.pods))


@pytest.mark.parametrize(
    ("health", "lacks"),
    [
        (WHOLE, []),
        (
            Health(endpoint_answers=False, nodes={}, versions={}, pods=()),
            ["the API does not answer at the endpoint 10.0.1.157:6443"],
        ),
        (
            replace(WHOLE, nodes={name: True for name in WHOLE.nodes if name != "worker2"}),
            ["worker2 is not a node"],
        ),
        (replace(WHOLE, nodes={**WHOLE.nodes, "master2": False}), ["master2 is not Ready"]),
        (replace(WHOLE, nodes={**WHOLE.nodes, "stranger": False}), []),
        (without("etcd-master3"), ["etcd-master3 does not run"]),
        (changed("kube-apiserver-master1", ready=False), ["kube-apiserver-master1 does not run"]),
        (changed("kube-scheduler-master1", phase="Pending"), ["kube-scheduler-master1 does not run"]),
        (changed("kube-controller-manager-", namespace="other"), ["kube-controller-manager-master1 does not run"]),
        (without("kube-proxy-", "worker1"), ["no kube-proxy runs on worker1"]),
        (changed("kube-flannel-ds-", ready=False), ["no kube-flannel-ds runs on master1"]),
        (changed("coredns-", ready=False), ["1 of 2 coredns pods run"]),
        (without("coredns-"), ["0 of 2 coredns pods run"]),
    ],
)
def test_shortcomings(health: Health, lacks: list[str]) -> None:
    assert shortcomings(health, CLUSTER) == lacks


def test_without_a_pod_network_nodes_are_not_ready_and_nothing_else_is_missed() -> None:
    cluster = six_host_cluster(pod_network="none")
    health = replace(WHOLE, nodes=dict.fromkeys(WHOLE.nodes, False), pods=without("kube-flannel-ds-").pods)
    assert shortcomings(replace(health, pods=tuple(p for p in health.pods if "coredns" not in p.name)), cluster) == []
    assert shortcomings(without("kube-proxy-", "worker1"), cluster) == ["no kube-proxy runs on worker1"]


@pytest.mark.parametrize(
    ("phase", "ready", "running"),
    [("Running", True, True), ("Running", False, False), ("Pending", True, False), ("Succeeded", False, False)],
)
def test_a_pod_runs_when_all_of_it_is_ready(phase: str, ready: bool, running: bool) -> None:
    assert PodState("kube-system", "x", "master1", phase, ready).running is running


def test_summary() -> None:
    health = replace(WHOLE, nodes={**WHOLE.nodes, "worker2": False})
    assert summary(health, CLUSTER, "kubeconfig/admin.conf") == [
        "The cluster answers at https://10.0.1.157:6443, Kubernetes 1.30.14.",
        "  master1  control plane  Ready     v1.30.14",
        "  master2  control plane  Ready     v1.30.14",
        "  master3  control plane  Ready     v1.30.14",
        "  worker1  worker         Ready     v1.30.14",
        "  worker2  worker         NotReady  v1.30.14",
        "Its kubeconfig: kubeconfig/admin.conf",
        "Use it: kubectl --kubeconfig kubeconfig/admin.conf get nodes",
    ]


def test_without_a_pod_network_the_summary_says_what_comes_next() -> None:
    lines = summary(WHOLE, six_host_cluster(pod_network="none"), "admin.conf")
    assert lines[-1] == "Nodes become Ready when you install a pod network."
