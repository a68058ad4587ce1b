"""What keeps the drains of nodes from ending, and what is accepted for them."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from k8s_ha.catalog.drains import DRAIN_RISKS, DrainRisk
from k8s_ha.cluster_state.drains import drain_obstacles, drain_seconds, evicts
from k8s_ha.findings import Finding
from k8s_ha.observations.drains import Budget, DrainNode, DrainObservation, DrainPod, Owner, Requirement, Workload
from k8s_ha.preflight_checks.drain import drain_findings
from k8s_ha.settings import load_cluster
from k8s_ha.settings.models import Risk
from tests.support.example_cluster import VERSION, six_host_cluster, six_hosts

CLUSTER = six_host_cluster()
TAINT = frozenset({"node-role.kubernetes.io/control-plane:NoSchedule"})
NODES = tuple(
    DrainNode(node.hostname, taints=TAINT if "control_plane" in node.role else frozenset()) for node in CLUSTER.nodes
)
SET = Owner("ReplicaSet", "web-5d")
WEB = DrainPod("default", "web-1", "worker1", owner=SET, labels={"app": "web"})
BARE = DrainPod("default", "bare", "worker1")
ELSEWHERE = replace(WEB, name="web-0", node="worker2")
CACHE = replace(WEB, name="cache", local_data=True)
APP = (Requirement("app", "In", ("web",)),)
FULL = Budget("default", "web", 0, APP)
WORKLOADS = (
    Workload("Deployment", "default", "web"),
    Workload("ReplicaSet", "default", "web-5d", Owner("Deployment", "web")),
)
DAEMON = Owner("DaemonSet", "proxy")

NO_ROOM = "PodDisruptionBudget default/web allows no eviction of default/web-1"
ALL_WEB = "all pods of Deployment default/web go at once"
NOT_READY = "its Node is not Ready, and has pods"
STUCK = replace(WEB, deleted=True, overdue=61)
NOWHERE = "no other node takes its pods, such as default/web-1"


def observed(*pods: DrainPod, **parts: tuple[object, ...]) -> DrainObservation:
    """The pods beside one more of the workload, on worker2."""
    return replace(DrainObservation(NODES, (*pods, ELSEWHERE), (), WORKLOADS), **parts)  # type: ignore[arg-type]


def without(*names: str) -> tuple[DrainNode, ...]:
    """The nodes, some of which are cordoned."""
    return tuple(replace(node, schedulable=node.name not in names) for node in NODES)


def away(name: str) -> tuple[DrainNode, ...]:
    """The nodes, one of which is not Ready."""
    return tuple(replace(node, ready=node.name != name) for node in NODES)


ROWS: dict[str, tuple[DrainObservation, list[tuple[str, bool]]]] = {
    # what would be met -> what is found of it, and whether it blocks
    "nothing": (observed(), []),
    "two replicas, and a place for them": (observed(WEB), []),
    "a pod of another node": (observed(replace(BARE, node="worker2")), []),
    "a bare pod": (observed(BARE), [("runs default/bare without a controller", True)]),
    "one that has ended": (observed(replace(BARE, phase="Succeeded")), []),
    "a static pod": (observed(replace(BARE, mirror=True)), []),
    "local data": (observed(CACHE), [("runs default/cache with emptyDir volumes", True)]),
    "local data of a DaemonSet": (observed(replace(CACHE, owner=DAEMON)), []),
    "local data of a job that has ended": (observed(replace(CACHE, phase="Failed")), []),
    "a bare pod with local data": (
        observed(replace(BARE, local_data=True)),
        [("runs default/bare without a controller", True), ("runs default/bare with emptyDir volumes", True)],
    ),
    "a budget without room": (observed(WEB, budgets=(FULL,)), [(NO_ROOM, True)]),
    "a budget with room": (observed(WEB, budgets=(replace(FULL, allowed=1),)), []),
    "a budget for all pods of the namespace": (observed(WEB, budgets=(replace(FULL, asks=()),)), [(NO_ROOM, True)]),
    "a budget for none": (observed(WEB, budgets=(replace(FULL, asks=None),)), []),
    "a budget of another namespace": (observed(WEB, budgets=(replace(FULL, namespace="other"),)), []),
    "a budget for other labels": (observed(replace(WEB, labels={"app": "x"}), budgets=(FULL,)), []),
    "a budget for a DaemonSet's pods": (observed(replace(WEB, owner=DAEMON), budgets=(FULL,)), []),
    "pods that no budget is asked about": (
        observed(replace(WEB, deleted=True), replace(WEB, phase="Pending"), budgets=(FULL,)),
        [],
    ),
    "a pod that is not Ready": (observed(replace(WEB, ready=False), budgets=(FULL,)), [(NO_ROOM, True)]),
    "one that may go then": (
        observed(replace(WEB, ready=False), budgets=(replace(FULL, lets_unready_go=True),)),
        [],
    ),
    "a Ready one of such a budget": (observed(WEB, budgets=(replace(FULL, lets_unready_go=True),)), [(NO_ROOM, True)]),
    "two budgets": (
        observed(WEB, budgets=(replace(FULL, allowed=1), Budget("default", "all", 1))),
        [("default/web-1 is covered by PodDisruptionBudgets default/web, default/all", True)],
    ),
    "the other worker is cordoned": (observed(WEB, nodes=without("worker2")), [(NOWHERE, False)]),
    "the other worker is not Ready": (
        observed(WEB, nodes=(*NODES[:4], replace(NODES[4], ready=False))),
        [(NOWHERE, False)],
    ),
    "a control plane's pods go to another": (observed(replace(WEB, node="master1"), nodes=without("worker2")), []),
    "a budget with less room than pods, and no place": (
        observed(WEB, replace(WEB, name="web-2"), budgets=(replace(FULL, allowed=1),), nodes=without("worker2")),
        [("no other node takes its pods, which PodDisruptionBudget default/web protects", True)],
    ),
    "as much room as pods, and no place": (
        observed(WEB, budgets=(replace(FULL, allowed=1),), nodes=without("worker2")),
        [(NOWHERE, False)],
    ),
    "no room, and no place": (
        observed(WEB, budgets=(FULL,), nodes=without("worker2")),
        [(NO_ROOM, True), (NOWHERE, False)],
    ),
    "the only pod": (observed(pods=(WEB,)), [(ALL_WEB, False)]),
    "the only pod, whatever a budget says": (
        observed(pods=(WEB,), budgets=(replace(FULL, allowed=1),)),
        [(ALL_WEB, False)],
    ),
    "the only pod of a set of its own": (
        observed(pods=(WEB,), workloads=(replace(WORKLOADS[1], owner=None),)),
        [("all pods of ReplicaSet default/web-5d go at once", False)],
    ),
    "two on one node": (observed(pods=(WEB, replace(WEB, name="web-2"))), [(ALL_WEB, False)]),
    "two on one node, of which a budget keeps one": (
        observed(pods=(WEB, replace(WEB, name="web-2")), budgets=(replace(FULL, allowed=1),)),
        [],
    ),
    "the only one that is Ready": (observed(pods=(WEB, replace(ELSEWHERE, ready=False))), [(ALL_WEB, False)]),
    "the only one that stays": (observed(pods=(WEB, replace(ELSEWHERE, deleted=True))), [(ALL_WEB, False)]),
    "one that is going anyway": (observed(pods=(replace(WEB, deleted=True),)), []),
    "one that should have ended": (
        observed(STUCK, replace(STUCK, name="web-2", overdue=60)),
        [("default/web-1 should have ended by now", True)],
    ),
    "a job's pod that a finalizer keeps": (
        observed(replace(STUCK, phase="Succeeded", owner=Owner("Job", "x"))),
        [("default/web-1 should have ended by now", True)],
    ),
    "a DaemonSet's that should have ended": (observed(replace(STUCK, owner=DAEMON)), []),
    "a node that is not Ready": (observed(WEB, nodes=away("worker1")), [(NOT_READY, True)]),
    "pods of such a node that never end": (observed(STUCK, nodes=away("worker1")), [(NOT_READY, True)]),
    "such a node without pods": (observed(replace(WEB, owner=DAEMON), nodes=away("worker1")), []),
    "one that takes its time to end": (
        observed(replace(WEB, grace_seconds=3600)),
        [("its drain may take 3660 s, with pods such as default/web-1", False)],
    ),
    "one that takes no longer than a drain": (observed(replace(WEB, grace_seconds=300)), []),
    "one of a controller that is not known": (observed(replace(WEB, owner=Owner("Job", "x"))), []),
}


@pytest.mark.parametrize(("observation", "found"), ROWS.values(), ids=ROWS)
def test_what_stands_against_a_drain(observation: DrainObservation, found: list[tuple[str, bool]]) -> None:
    nodes = [node for node in CLUSTER.nodes if node.name != "worker2"]
    obstacles = [entry for node in nodes for entry in drain_obstacles(observation, [node], [])]
    assert [(entry.found, entry.blocks) for entry in obstacles] == found
    for entry in obstacles:
        sentence = f"{entry.host}: {entry.found}; {entry.rule}; {entry.remedy}"
        assert len(sentence.split()) <= 25, sentence


def test_nodes_that_are_drained_at_once_are_no_place_for_each_other() -> None:
    workers = [CLUSTER.host("worker1"), CLUSTER.host("worker2")]
    assert [(entry.host, entry.found) for entry in drain_obstacles(observed(WEB), workers, [])] == [
        ("worker1", NOWHERE),
        ("worker2", NOWHERE.replace("web-1", "web-0")),
        ("worker1", ALL_WEB),
    ]
    assert drain_obstacles(observed(WEB), workers[:1], []) == []
    (alone,) = drain_obstacles(observed(WEB), workers[:1], [], closed=["worker2"])
    assert alone.found == NOWHERE


def test_pods_of_one_budget_on_nodes_that_are_drained_at_once_need_a_place_together() -> None:
    budget = replace(FULL, allowed=1)
    workers = [CLUSTER.host("worker1"), CLUSTER.host("worker2")]
    found = drain_obstacles(observed(WEB, budgets=(budget,)), workers, [])
    told = "PodDisruptionBudget default/web allows fewer than go at once"
    assert [(entry.host, entry.found, entry.blocks) for entry in found] == [
        ("worker1", told, True),
        ("worker2", told, True),
    ]
    roomy = drain_obstacles(observed(WEB, budgets=(replace(budget, allowed=2),)), workers, [])
    assert {entry.blocks for entry in roomy} == {False}


def test_a_host_is_told_by_its_name_in_the_inventory() -> None:
    hosts = [host | ({"hostname": "node-1"} if host["name"] == "worker1" else {}) for host in six_hosts()]
    cluster = load_cluster({"kubernetes_version": VERSION}, hosts)
    observation = observed(replace(BARE, node="node-1"))
    assert [entry.host for entry in drain_obstacles(observation, [cluster.host("worker1")], [])] == ["worker1"]
    assert evicts(observation, cluster.host("worker1"), ["bare-pods"]) == ("--force",)


@pytest.mark.parametrize(
    ("pods", "accepted", "found", "flags"),
    [
        ((BARE, CACHE), [], [True, True], ()),
        ((BARE, CACHE), ["bare-pods"], [True], ("--force",)),
        ((BARE, CACHE), ["local-data"], [True], ("--delete-emptydir-data",)),
        ((BARE, CACHE), ["local-data", "bare-pods"], [], ("--force", "--delete-emptydir-data")),
        ((WEB,), ["local-data", "bare-pods"], [], ()),
        ((replace(BARE, node="worker2"),), ["bare-pods"], [], ()),
    ],
)
def test_what_is_accepted_is_used_where_it_is_needed_alone(
    pods: tuple[DrainPod, ...], accepted: list[str], found: list[bool], flags: tuple[str, ...]
) -> None:
    worker = CLUSTER.host("worker1")
    assert [entry.blocks for entry in drain_obstacles(observed(*pods), [worker], accepted)] == found
    assert evicts(observed(*pods), worker, accepted) == flags


@pytest.mark.parametrize(("grace", "seconds"), [(30, 360), (300, 360), (301, 361), (3600, 3660)])
def test_a_drain_has_the_time_that_its_slowest_pod_asks_for(grace: int, seconds: int) -> None:
    pods = (WEB, replace(WEB, name="web-2", grace_seconds=grace), replace(WEB, node="worker2", grace_seconds=9000))
    assert drain_seconds(observed(*pods), CLUSTER.host("worker1")) == seconds
    assert drain_seconds(observed(), CLUSTER.host("worker1")) == 360


def test_pods_of_one_budget_go_one_after_the_other() -> None:
    pods = [replace(WEB, name=f"web-{number}", grace_seconds=300) for number in range(1, 4)]
    worker = CLUSTER.host("worker1")
    assert drain_seconds(observed(*pods), worker) == 360
    assert drain_seconds(observed(*pods, budgets=(replace(FULL, allowed=1),)), worker) == 3 * 360
    assert drain_seconds(observed(*pods, budgets=(replace(FULL, allowed=2),)), worker) == 2 * 360
    assert drain_seconds(observed(*pods, budgets=(FULL,)), worker) == 3 * 360


def test_pods_of_one_budget_on_nodes_that_are_drained_at_once_wait_for_each_other() -> None:
    pods = [replace(WEB, grace_seconds=300), replace(ELSEWHERE, grace_seconds=300)]
    cordoned = [replace(node, cordoned="2026-11-27T08:00:00Z" * (node.name == "worker2")) for node in NODES]
    told = observed(pods=tuple(pods), budgets=(replace(FULL, allowed=1),))
    assert drain_seconds(told, CLUSTER.host("worker1")) == 360
    assert drain_seconds(replace(told, nodes=tuple(cordoned)), CLUSTER.host("worker1")) == 2 * 360


def test_a_budget_without_room_cannot_be_accepted() -> None:
    everything = get_args(Risk)
    (entry,) = drain_obstacles(observed(WEB, budgets=(FULL,)), [CLUSTER.host("worker1")], everything)
    assert (entry.found, entry.blocks) == (NO_ROOM, True)


def test_every_risk_of_a_drain_is_one_of_the_settings() -> None:
    assert tuple(DRAIN_RISKS) == get_args(DrainRisk)
    assert set(DRAIN_RISKS) <= set(get_args(Risk))


@pytest.mark.parametrize(
    ("requirement", "labels", "holds"),
    [
        (Requirement("app", "In", ("a", "b")), {"app": "b"}, True),
        (Requirement("app", "In", ("a", "b")), {}, False),
        (Requirement("app", "NotIn", ("a",)), {"app": "b"}, True),
        (Requirement("app", "NotIn", ("a",)), {"app": "a"}, False),
        (Requirement("app", "NotIn", ("a",)), {}, True),
        (Requirement("app", "Exists"), {"app": ""}, True),
        (Requirement("app", "Exists"), {}, False),
        (Requirement("app", "DoesNotExist"), {}, True),
        (Requirement("app", "DoesNotExist"), {"app": ""}, False),
    ],
)
def test_labels_are_chosen_as_the_api_server_chooses(
    requirement: Requirement, labels: dict[str, str], holds: bool
) -> None:
    assert requirement.holds(labels) is holds


def test_findings() -> None:
    observation = observed(BARE, WEB, nodes=without("worker2"))
    assert list(drain_findings(observation, [CLUSTER.host("worker1")], [])) == [
        Finding(
            "worker1",
            "drain",
            "runs default/bare without a controller",
            "pods without a controller are deleted for good",
            "give them one, delete them, or set accepted_risks = ['bare-pods']",
        ),
        Finding(
            "worker1",
            "drain",
            "no other node takes its pods, such as default/bare",
            "they are away meanwhile",
            "add or uncordon a node, or accept their outage",
            "warning",
        ),
    ]


def test_what_was_not_read_is_not_free_of_obstacles() -> None:
    (found,) = drain_findings(None, CLUSTER.nodes, get_args(Risk))
    assert (found.severity, found.found) == ("error", "its API server did not tell its pods and PodDisruptionBudgets")
