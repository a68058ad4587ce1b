"""What the drains of nodes would meet: the parser on output that kubectl gave."""

from __future__ import annotations

import pytest
from pyinfra.api.exceptions import FactProcessError

from k8s_ha.facts.drains import Drains
from k8s_ha.observations.drains import Budget, DrainNode, DrainObservation, DrainPod, Owner, Requirement, Workload
from tests.support.answers import whole
from tests.support.node_views import recorded

WEB = Owner("ReplicaSet", "web-5d")
NOW = "now 2026-11-27T10:00:01Z"


def budget(line: str) -> Budget:
    (found,) = Drains().parse([NOW, "node master1 True   ", f"budget {line}"]).budgets
    return found


def test_all_of_it() -> None:
    assert Drains().process(whole([NOW, *recorded("drains")])) == DrainObservation(
        nodes=(
            DrainNode("master1", taints=frozenset({"node-role.kubernetes.io/control-plane:NoSchedule"})),
            DrainNode(
                "worker1",
                schedulable=False,
                cordoned="2026-11-27T08:00:00Z",
                taints=frozenset({"node.kubernetes.io/unschedulable:NoSchedule"}),
            ),
            DrainNode("worker2", ready=False),
        ),
        pods=(
            DrainPod("default", "bare", "worker1", labels={"run": "bare"}),
            DrainPod(
                "default",
                "web-5d-1",
                "worker1",
                owner=WEB,
                local_data=True,
                labels={"app": "web", "tier": "front"},
            ),
            DrainPod(
                "jobs", "once-x", "worker1", "Succeeded", ready=False, owner=Owner("Job", "once"), labels={"job": "x"}
            ),
            DrainPod("kube-system", "kube-proxy-a", "worker1", owner=Owner("DaemonSet", "kube-proxy")),
            DrainPod("kube-system", "etcd-master1", "master1", owner=Owner("Node", "master1"), mirror=True),
            DrainPod(
                "data",
                "db-0",
                "worker2",
                ready=False,
                deleted=True,
                overdue=7200,
                owner=Owner("StatefulSet", "db"),
                labels={"app": "db"},
                grace_seconds=3600,
            ),
        ),
        budgets=(
            Budget("default", "web", 0, (Requirement("app", "In", ("web",)), Requirement("tier", "In", ("front",)))),
            Budget(
                "data",
                "db",
                0,
                (
                    Requirement("tier", "In", ("x",)),
                    Requirement("app", "In", ("db", "cache")),
                    Requirement("old", "DoesNotExist"),
                    Requirement("tier", "Exists"),
                    Requirement("z", "NotIn", ("a", "b")),
                ),
                lets_unready_go=True,
            ),
            Budget("default", "none", 0, None),
            Budget("jobs", "all", 0, None),
        ),
        workloads=(
            Workload("Deployment", "default", "web"),
            Workload("StatefulSet", "data", "db"),
            Workload("ReplicaSet", "default", "web-5d", Owner("Deployment", "web")),
        ),
    )


@pytest.mark.parametrize(
    ("line", "asks"),
    [
        ("a b 0 policy/v1  {}", ()),  # all pods of the namespace
        ("a b 0 policy/v1beta1  {}", None),
        ("a b 0 policy/v1  ", None),
    ],
)
def test_an_empty_selector_means_what_its_api_version_says(line: str, asks: tuple[Requirement, ...] | None) -> None:
    assert budget(line).asks == asks


@pytest.mark.parametrize(("told", "seconds"), [("0", 0), ("3600", 3600), ("-1", 1), ("", 30)])
def test_the_time_that_a_pod_has_to_end(told: str, seconds: int) -> None:
    line = f"pod default web-1 worker1 Running True   ReplicaSet web {told}  "
    (pod,) = Drains().parse([NOW, "node master1 True   ", line]).pods
    assert pod.grace_seconds == seconds


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["budget a b 0 policy/v1  {}"],  # no node is none of a cluster's
        ["node master1 True"],
        ["node master1 True   [null]"],
        ["node master1 True   ", "budget a b many policy/v1  {}"],
        ["node master1 True   ", "budget a b 0 policy/v1  []"],
        ["node master1 True   ", 'budget a b 0 policy/v1  {"matchExpressions":[1]}'],
        ["node master1 True   ", 'budget a b 0 policy/v1  {"matchLabels":'],
        ["node master1 True   ", "pod default bare worker1"],
        ["node master1 True   ", "pod default a worker1 Running True soon  ReplicaSet web 30  "],
        ["node master1 True   ", "workload Deployment default web"],
    ],
)
def test_what_cannot_be_read_is_not_nothing(lines: list[str]) -> None:
    with pytest.raises(FactProcessError):
        Drains().process(whole([NOW, *lines]))
    assert Drains().default() is None


def test_without_the_hosts_time_nothing_is_told() -> None:
    with pytest.raises(FactProcessError):
        Drains().process(whole(recorded("drains")))


@pytest.mark.parametrize(("ends", "seconds"), [("2026-11-27T09:59:01Z", 60), ("2026-11-27T10:09:01Z", 0), ("", 0)])
def test_a_pod_that_should_have_ended(ends: str, seconds: int) -> None:
    line = f"pod default web-1 worker1 Running True {ends}  ReplicaSet web 30  "
    (pod,) = Drains().parse([NOW, "node master1 True   ", line]).pods
    assert (pod.deleted, pod.overdue) == (bool(ends), seconds)
