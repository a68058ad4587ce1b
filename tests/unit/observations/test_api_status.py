"""What a finished cluster's API tells, and what is said where it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8s_ha.observations.api_status import SILENCE, ApiStatus, PodState, api_status_findings
from tests.support.cluster_health import complete_api_status
from tests.support.example_cluster import six_host_cluster

CLUSTER = six_host_cluster()
WHOLE = complete_api_status(CLUSTER)


def without(prefix: str, node: str | None = None) -> ApiStatus:
    """Health without the pods whose names begin so, on one node or on all."""
    return replace(
        WHOLE,
        pods=tuple(pod for pod in WHOLE.pods if not (pod.name.startswith(prefix) and node in (None, pod.node))),
    )


def changed(prefix: str, **values: object) -> ApiStatus:
    """Health whose first pod with such a name is in another state."""
    first = next(pod for pod in WHOLE.pods if pod.name.startswith(prefix))
    return replace(WHOLE, pods=tuple(replace(pod, **values) if pod is first else pod for pod in WHOLE.pods))


NODES_BUT_ONE = {name: True for name in WHOLE.nodes if name != "worker2"}
FOUND = {
    "all is well": (WHOLE, []),
    "nobody answers": (SILENCE, ["the cluster: no control plane's own API server is ready"]),
    "the endpoint does not": (
        replace(WHOLE, endpoint_answers=False),
        ["the cluster: the API does not answer at the endpoint 10.0.1.157:6443"],
    ),
    "a node is missing": (replace(WHOLE, nodes=NODES_BUT_ONE), ["worker2: worker2 is not a node"]),
    "a node is not Ready": (
        replace(WHOLE, nodes={**WHOLE.nodes, "master2": False}),
        ["master2: master2 is not Ready"],
    ),
    "a stranger's node is named and not judged": (
        replace(WHOLE, nodes={**WHOLE.nodes, "stranger": False}),
        ["the cluster: stranger is a node of the cluster, and not in the inventory"],
    ),
    "no etcd pod": (without("etcd-master3"), ["master3: etcd-master3 does not run"]),
    "an API server not ready": (
        changed("kube-apiserver-master1", ready=False),
        ["master1: kube-apiserver-master1 does not run"],
    ),
    "a scheduler pending": (
        changed("kube-scheduler-master1", phase="Pending"),
        ["master1: kube-scheduler-master1 does not run"],
    ),
    "a pod of another namespace": (
        changed("kube-controller-manager-", namespace="other"),
        ["master1: kube-controller-manager-master1 does not run"],
    ),
    "no kube-proxy": (without("kube-proxy-", "worker1"), ["worker1: no kube-proxy runs on worker1"]),
    "no flannel": (changed("kube-flannel-ds-", ready=False), ["master1: no kube-flannel-ds runs on master1"]),
    "one coredns": (changed("coredns-", ready=False), ["the cluster: 1 of 2 coredns pods run"]),
    "no coredns": (without("coredns-"), ["the cluster: 0 of 2 coredns pods run"]),
}


def reported(api_status: ApiStatus, cluster: object = CLUSTER) -> list[str]:
    return [f"{finding.host}: {finding.found}" for finding in api_status_findings(api_status, cluster)]


@pytest.mark.parametrize(("api_status", "findings"), FOUND.values(), ids=FOUND)
def test_api_status_findings(api_status: ApiStatus, findings: list[str]) -> None:
    assert reported(api_status) == findings


def test_nodes_that_are_removed_are_neither_missed_nor_judged() -> None:
    cluster = six_host_cluster(removed_nodes=["worker2", "master3", "worker9"])
    nodes = {name: True for name in WHOLE.nodes if name not in ("worker2", "master3")}
    gone = replace(WHOLE, nodes=nodes, pods=tuple(p for p in WHOLE.pods if p.node not in ("worker2", "master3")))
    assert [line for line in reported(gone, cluster) if "coredns" not in line] == []
    left = replace(gone, nodes={**nodes, "worker2": False, "worker9": True})
    assert [line for line in reported(left, cluster) if "coredns" not in line] == [
        "the cluster: worker2 is still a node of the cluster",
        "the cluster: worker9 is still a node of the cluster",
    ]


def test_without_a_pod_network_nodes_are_not_ready_and_nothing_else_is_missed() -> None:
    cluster = six_host_cluster(pod_network="none")
    api_status = replace(WHOLE, nodes=dict.fromkeys(WHOLE.nodes, False), pods=without("kube-flannel-ds-").pods)
    assert (
        reported(replace(api_status, pods=tuple(p for p in api_status.pods if "coredns" not in p.name)), cluster) == []
    )
    assert reported(without("kube-proxy-", "worker1"), cluster) == ["worker1: no kube-proxy runs on worker1"]


@pytest.mark.parametrize(
    ("phase", "ready", "running"),
    [("Running", True, True), ("Running", False, False), ("Pending", True, False), ("Succeeded", False, False)],
)
def test_a_pod_runs_when_all_of_it_is_ready(phase: str, ready: bool, running: bool) -> None:
    assert PodState("kube-system", "x", "master1", phase, ready).running is running
