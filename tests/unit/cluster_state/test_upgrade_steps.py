"""The steps of an upgrade: which, in which order, and which of them a run that was cut off has left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from k8s_ha.cluster_state.change_steps import Work
from k8s_ha.cluster_state.upgrade_steps import NodeVersions, oldest_served, upgrade_steps
from k8s_ha.settings import Cluster, load_cluster
from tests.support.example_cluster import six_host_cluster, six_hosts

CLUSTER = six_host_cluster(kubernetes_version="1.34.11")
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


def standing(version: str, **others: NodeVersions) -> dict[str, NodeVersions]:
    """Every node of this version, but for those that are given."""
    nodes = {host.name: NodeVersions(version) for host in CLUSTER.workers}
    nodes |= {host.name: control_plane(version) for host in CLUSTER.control_planes}
    return nodes | others


def control_plane(version: str, kubelet: str | None = None) -> NodeVersions:
    return NodeVersions(kubelet or version, dict.fromkeys(COMPONENTS, version))


def told(kept: str, nodes: Mapping[str, NodeVersions], *path: str, cluster: Cluster = CLUSTER) -> list[str]:
    return [f"{' '.join(step.hosts)}: {step.sentence}" for step in upgrade_steps(cluster, kept, nodes, path, "master1")]


EVERYWHERE = "master1 master2 master3 worker1 worker2"


def moved(name: str, sentence: str) -> list[str]:
    """The step while the balancer passes nothing on to its host."""
    return [
        f"master-lb: {name} out of the balancer",
        f"{name}: {sentence}",
        f"master-lb: {name} back into the balancer",
    ]


def control_planes(version: str, *names: str) -> list[str]:
    return [line for name in names for line in moved(name, f"kubeadm upgrade node to {version}")]


def kubelets(version: str, *names: str) -> list[str]:
    return [f"{name}: drain, kubelet {version}, uncordon" for name in names]


FETCH = f"{EVERYWHERE}: fetch packages and images of 1.34.11"
SNAPSHOT = "master1: etcd snapshot before 1.34.11, proved by a restore"
APPLY = moved("master1", "kubeadm upgrade apply v1.34.11")
NODES = kubelets("1.34.11", "master1", "master2", "master3", "worker1", "worker2")


def test_a_patch_release() -> None:
    assert told("1.34.4", standing("1.34.4"), "1.34.11") == [
        FETCH,
        SNAPSHOT,
        *APPLY,
        *control_planes("1.34.11", "master2", "master3"),
        *NODES,
    ]


def test_kubelets_wait_for_every_api_server() -> None:
    steps = upgrade_steps(CLUSTER, "1.33.13", standing("1.33.13"), ["1.34.11"], "master1")
    last_server = max(number for number, step in enumerate(steps) if step.work in (Work.APPLY, Work.CONTROL_PLANE))
    assert last_server < min(number for number, step in enumerate(steps) if step.work is Work.KUBELET)


def test_a_minor_has_kubelets_of_control_planes_out_of_the_balancer_too() -> None:
    lines = told("1.33.13", standing("1.33.13"), "1.34.11")
    assert lines[-11:] == [
        *(line for name in ("master1", "master2", "master3") for line in moved(name, kubelets("1.34.11", name)[0][9:])),
        *kubelets("1.34.11", "worker1", "worker2"),
    ]


def test_each_hop_is_whole_before_the_next() -> None:
    lines = told("1.33.13", standing("1.33.13"), "1.34.11", "1.35.9")
    (second,) = [number for number, line in enumerate(lines) if line.endswith("images of 1.35.9")]
    assert all("1.35.9" not in line for line in lines[:second])
    assert all("1.34.11" not in line for line in lines[second:])


CUT: dict[str, tuple[str, dict[str, NodeVersions], list[str]]] = {
    "in the apply, after its static pods": (
        "1.34.4",
        standing("1.34.4", master1=control_plane("1.34.11", "1.34.4")),
        [FETCH, SNAPSHOT, *APPLY, *control_planes("1.34.11", "master2", "master3"), *NODES],
    ),
    "after the apply": (
        "1.34.11",
        standing("1.34.4", master1=control_plane("1.34.11", "1.34.4")),
        [FETCH, SNAPSHOT, *control_planes("1.34.11", "master2", "master3"), *NODES],
    ),
    "after the last control plane": (
        "1.34.11",
        {
            name: NodeVersions("1.34.4", dict.fromkeys(node.components, "1.34.11"))
            for name, node in standing("1.34.4").items()
        },
        [FETCH, *NODES],
    ),
    "before the last worker": (
        "1.34.11",
        standing("1.34.11", worker2=NodeVersions("1.34.4")),
        ["worker2: fetch packages and images of 1.34.11", *kubelets("1.34.11", "worker2")],
    ),
    "before a cordon was lifted": (
        "1.34.11",
        standing("1.34.11", worker1=NodeVersions("1.34.11", is_away=True)),
        kubelets("1.34.11", "worker1"),
    ),
    "in an apply, behind its static pods": (
        "1.34.11",
        standing("1.34.11", master1=replace(control_plane("1.34.11"), is_unfinished=True)),
        ["master1: fetch packages and images of 1.34.11", SNAPSHOT, *APPLY],
    ),
    "in another control plane's upgrade, behind its static pods": (
        "1.34.11",
        standing("1.34.11", master2=replace(control_plane("1.34.11"), is_unfinished=True)),
        ["master2: fetch packages and images of 1.34.11", SNAPSHOT, *control_planes("1.34.11", "master2")],
    ),
    "never": ("1.34.11", standing("1.34.11"), []),
}


@pytest.mark.parametrize(("kept", "nodes", "expected"), CUT.values(), ids=CUT)
def test_a_run_that_was_cut_off_goes_on(kept: str, nodes: dict[str, NodeVersions], expected: list[str]) -> None:
    assert told(kept, nodes, "1.34.11") == expected


def test_the_only_control_plane_stays_in_the_balancer_and_its_outage_is_named() -> None:
    cluster = load_cluster({"kubernetes_version": "1.34.11"}, [six_hosts()[0], *six_hosts()[3:]])
    nodes = {name: node for name, node in standing("1.34.4").items() if cluster.has(name)}
    steps = upgrade_steps(cluster, "1.34.4", nodes, ["1.34.11"], "master1")
    assert not any(step.work is Work.LEAVE for step in steps)
    assert [step.interrupts for step in steps if step.work is Work.APPLY] == ["the API, for a minute or two"]


def test_of_two_control_planes_etcd_has_no_spare() -> None:
    cluster = load_cluster({"kubernetes_version": "1.34.11"}, [*six_hosts()[:2], *six_hosts()[3:]])
    nodes = {name: node for name, node in standing("1.34.4").items() if cluster.has(name)}
    (step,) = [s for s in upgrade_steps(cluster, "1.34.4", nodes, ["1.34.11"], "master2") if s.work is Work.APPLY]
    assert step.interrupts == "its API server and etcd member, and etcd has no spare"


def test_the_snapshot_is_taken_where_a_control_plane_serves() -> None:
    steps = upgrade_steps(CLUSTER, "1.34.4", standing("1.34.4"), ["1.34.11"], "master2")
    assert [step.hosts for step in steps if step.work is Work.SNAPSHOT] == [("master2",)]


def test_a_cluster_without_a_balancer_has_nothing_to_leave() -> None:
    cluster = load_cluster({"kubernetes_version": "1.34.11"}, [six_hosts()[0], *six_hosts()[3:5]])
    nodes = {name: node for name, node in standing("1.34.4").items() if cluster.has(name)}
    assert not any(step.work is Work.LEAVE for step in upgrade_steps(cluster, "1.34.4", nodes, ["1.34.11"], "master1"))


@pytest.mark.parametrize(("share", "batches"), [("10%", 10), ("25%", 4), (7, 3), (20, 1)])
def test_workers_go_in_batches(share: str | int, batches: int) -> None:
    hosts = six_hosts()[:3] + [
        {"name": f"w{number}", "role": "worker", "address": f"10.0.20.{number}"} for number in range(1, 21)
    ]
    hosts += six_hosts()[5:]
    cluster = load_cluster({"kubernetes_version": "1.34.11", "workers_max_unavailable": share}, hosts)
    nodes = {host.name: NodeVersions("1.34.4") for host in cluster.workers}
    nodes |= {host.name: control_plane("1.34.11") for host in cluster.control_planes}
    steps = upgrade_steps(cluster, "1.34.11", nodes, ["1.34.11"], "master1")
    assert [step.work for step in steps] == [Work.FETCH, *[Work.KUBELET] * batches]
    assert sorted(name for step in steps[1:] for name in step.hosts) == sorted(host.name for host in cluster.workers)


def test_a_node_that_the_cluster_has_not_joins_later() -> None:
    nodes = {name: node for name, node in standing("1.34.4").items() if name != "worker2"}
    assert not any("worker2" in step.hosts for step in upgrade_steps(CLUSTER, "1.34.4", nodes, ["1.34.11"], "master1"))


def test_a_path_begins_where_the_oldest_server_stands() -> None:
    nodes = standing("1.34.11", master3=control_plane("1.33.13"), worker1=NodeVersions("1.32.1"))
    assert oldest_served("1.34.11", nodes) == "1.33.13"
    assert oldest_served("1.33.9", nodes) == "1.33.9"


def test_nobody_acts_twice_at_once() -> None:
    for step in upgrade_steps(CLUSTER, "1.33.13", standing("1.33.13"), ["1.34.11", "1.35.9"], "master1"):
        assert len(set(step.hosts)) == len(step.hosts) > 0
        assert step.seconds > 0
