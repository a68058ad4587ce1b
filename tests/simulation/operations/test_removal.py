"""What the steps that take a node out of the cluster yield on their hosts."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import k8s_ha.operations.cluster
import k8s_ha.operations.removal
from k8s_ha.catalog.control_plane import etcd_request
from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.facts.drains import Drains
from k8s_ha.facts.etcd_leader import EtcdLeader
from k8s_ha.facts.nginx import Nginx
from k8s_ha.facts.node import Node
from k8s_ha.observations.drains import DrainNode, DrainObservation, DrainPod
from k8s_ha.observations.etcd import Leadership, Member
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.backup import unscheduled
from k8s_ha.operations.removal import balancer_left, member_removed, node_deleted, node_drained, node_reset
from k8s_ha.run import Run
from tests.support.cluster_stage import KUBECTL, Stage
from tests.support.example_cluster import six_host_cluster
from tests.support.nginx_states import FILES, state
from tests.support.node_views import CLEAN, CONTROL_PLANES, KUBELET, NODES, member, nodes
from tests.support.operation_bench import Command, Noop, Step, Then, refusal

CLUSTER = six_host_cluster(removed_nodes=["master3", "worker2", "worker9"])
VERSION = CLUSTER.settings.version
ALL = tuple(Member(str(number), f"master{number}", (CLUSTER.host(f"master{number}").address,)) for number in (1, 2, 3))
WORKER = replace(member(), artifacts=(KUBELET,), ready=False)
NO_PODS = DrainObservation(nodes=(DrainNode("worker2"),))
WITH_PODS = replace(NO_PODS, pods=(DrainPod("default", "web-1", "worker2"), DrainPod("default", "db", "master3")))


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(k8s_ha.operations.cluster, "SECONDS_TO_ELECT", 0)
    monkeypatch.setattr(k8s_ha.operations.removal, "SECONDS_TO_FORGET", 0)
    found = Stage(monkeypatch)
    found.run = Run(CLUSTER)
    for name in CONTROL_PLANES:
        found.facts[name].update({Drains: NO_PODS, EtcdLeader: Leadership(False, ALL)})
    return stand(found)


def stand(
    stage: Stage, members: tuple[Member, ...] = ALL, down: tuple[str, ...] = (), **views: NodeView | None
) -> Stage:
    """Have the cluster stand with these members, and nodes that are NotReady."""
    told = tuple(replace(node, ready=node.name not in down) for node in nodes((*NODES, "worker9")))
    for name in CONTROL_PLANES:
        stage.facts[name][Node] = replace(member(), nodes=told, members=members, etcd_healthy=True)
    stage.hold({"worker2": WORKER} | views)
    return stage


def of(work: Work, name: str, on: str = "master1") -> ChangeStep:
    return ChangeStep(work, (on,), (name,), VERSION, f"{work.value} {name}")


def names(given: list[Step]) -> list[str]:
    """The logs of long commands, and all other commands."""
    texts = [step.text for step in given if isinstance(step, Command)]
    return [text.partition("NAME=")[2].partition("\n")[0] if text.startswith("NAME=") else text for text in texts]


def failed(given: list[Step]) -> str:
    (last,) = given[-1:]
    assert isinstance(last, Command)
    assert last.text.endswith(" >&2; exit 1")
    return shlex.split(last.text)[1]


REMOVE = etcd_request("/v3/cluster/member/remove", '{"ID": "3"}')
DELETE = KUBECTL.format("10.0.11.18", "delete node {} --ignore-not-found --wait=false")
PROXY: Mapping[str, Any] = {"port": 6443, "files": FILES, "connections": 1024}


def test_a_balancer_waits_for_connections_of_before(stage: Stage) -> None:
    step = of(Work.LEAVE, "master3", "master-lb")
    (given,) = stage.steps(balancer_left, on="master-lb", facts={Nginx: state()}, run=stage.run, step=step, **PROXY)
    assert isinstance(given, Command)
    assert "\nSECONDS_TO_END=20\n" in given.text


def test_a_balancer_without_nginx_passes_on_nothing(stage: Stage) -> None:
    step, facts = of(Work.LEAVE, "master3", "master-lb"), {Nginx: replace(state(), program="")}
    assert stage.steps(balancer_left, on="master-lb", facts=facts, run=stage.run, step=step, **PROXY) == [
        Noop("no nginx is there yet")
    ]


@pytest.mark.parametrize(
    ("pods", "accepted", "forces"),
    [(NO_PODS, [], False), (WITH_PODS, [], False), (NO_PODS, ["bare-pods"], False), (WITH_PODS, ["bare-pods"], True)],
)
def test_a_node_is_drained_and_its_volumes_are_waited_for(
    stage: Stage, pods: DrainObservation, accepted: list[str], forces: bool
) -> None:
    stage.run = Run(six_host_cluster(removed_nodes=["worker2"], accepted_risks=accepted))
    stage.facts["master1"][Drains] = pods
    given = stage.steps(node_drained, on="master1", run=stage.run, step=of(Work.DRAIN, "worker2"))
    assert names(given) == ["drain-worker2", "detach-worker2"]
    assert isinstance(given[0], Command)
    assert ("EVICTS=--force" in given[0].text) is forces


def test_a_member_is_removed_by_its_number(stage: Stage) -> None:
    stage.facts["master2"][Node] = replace(stage.facts["master2"][Node], members=ALL[:2])
    step = of(Work.REMOVE_MEMBER, "master3")
    assert stage.steps(member_removed, on="master1", run=stage.run, step=step, last=False) == [Command(REMOVE)]


def test_a_member_that_leads_hands_over_to_the_one_that_removes_it(stage: Stage) -> None:
    """Else requests wait for an election, and some fail."""
    stage.facts["master2"][Node] = replace(stage.facts["master2"][Node], members=ALL[:2])
    stage.facts["master3"][EtcdLeader] = Leadership(True, ALL[:2])
    stage.facts["master1"][EtcdLeader] = Leadership(True, ALL[1:])
    stage.hold({"master3": stage.facts["master3"][Node]})
    given = stage.steps(member_removed, on="master1", run=stage.run, step=of(Work.REMOVE_MEMBER, "master3"), last=False)
    hands_over = etcd_request("/v3/maintenance/transfer-leadership", '{"targetID": "1"}', address="10.0.13.22")
    assert given == [Command(f"{hands_over} || true"), Command(REMOVE)]


def test_another_member_is_asked_whether_it_is_gone(stage: Stage) -> None:
    """master1, which removed it, is not believed alone."""
    stage.facts["master1"][Node] = Then(
        stage.facts["master1"][Node], replace(stage.facts["master1"][Node], members=ALL[:2])
    ).reading()
    given = stage.steps(member_removed, on="master1", run=stage.run, step=of(Work.REMOVE_MEMBER, "master3"), last=False)
    assert failed(given).startswith("master3 is a member of etcd, by another member's word, 0 seconds after")


def test_a_silent_member_is_no_witness(stage: Stage) -> None:
    view = stage.facts["master2"][Node]
    stage.facts["master2"][Node] = Then(view, replace(view, members=())).reading()
    given = stage.steps(member_removed, on="master1", run=stage.run, step=of(Work.REMOVE_MEMBER, "master3"), last=False)
    assert failed(given).startswith("master3 is a member of etcd")


@pytest.mark.parametrize(
    ("members", "unwell", "said"),
    [
        (ALL, "master2", "master3 was not removed from etcd: without master3 only 1 of etcd's 2 members would be well"),
        ((), "", "master3 was not removed from etcd: its members could not be read"),
    ],
)
def test_no_majority_is_lost(stage: Stage, members: tuple[Member, ...], unwell: str, said: str) -> None:
    stand(stage, members)
    if unwell:
        stage.facts[unwell][Node] = replace(stage.facts[unwell][Node], etcd_healthy=False)
    given = stage.steps(member_removed, on="master1", run=stage.run, step=of(Work.REMOVE_MEMBER, "master3"), last=False)
    assert failed(given).startswith(said)


def test_a_member_that_is_gone_is_not_removed_again(stage: Stage) -> None:
    stand(stage, ALL[:2])
    step = of(Work.REMOVE_MEMBER, "master3")
    assert stage.steps(member_removed, on="master1", run=stage.run, step=step, last=False) == [
        Noop("etcd counts no member of it")
    ]


RESET = ["kubeadm-reset", "systemctl disable kubelet.service"]


TIMER = [unscheduled().get_raw_value()]
"""Its timer of backups goes first: one day the host may be another cluster's."""


@pytest.mark.parametrize(("name", "members", "before"), [("worker2", ALL, []), ("master3", ALL[:2], TIMER)])
def test_a_host_is_reset(stage: Stage, name: str, members: tuple[Member, ...], before: list[str]) -> None:
    stand(stage, members)
    given = stage.steps(node_reset, on=name, run=stage.run, step=of(Work.RESET, name, name), last=False)
    assert names(given) == [*before, *RESET]


def test_a_host_that_is_reset_is_left_alone(stage: Stage) -> None:
    stand(stage, worker2=CLEAN)
    given = stage.steps(node_reset, on="worker2", run=stage.run, step=of(Work.RESET, "worker2", "worker2"), last=True)
    assert given == [Noop("nothing of the cluster is left here")]


FOREIGN = NodeView((KUBELET,), "https://10.9.9.9:6443", None)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("worker2", {"worker2": None}, "what it holds of a cluster could not be read"),
        ("worker2", {"worker2": FOREIGN}, "what it holds is not provably this cluster's node"),
        ("master3", {}, "etcd may still count it"),
        ("master3", {"members": ()}, "etcd may still count it"),
        ("worker2", {"pods": WITH_PODS}, "default/web-1 run on it"),
        ("worker2", {"pods": None}, "master1 did not tell which pods run on it"),
        ("worker2", {"master1": CLEAN, "master2": CLEAN}, "no control plane that stays answers"),
    ],
)
def test_what_is_not_reset(stage: Stage, name: str, given: dict[str, Any], said: str) -> None:
    if "pods" in given:
        stage.facts["master1"][Drains] = given.pop("pods")
    stand(stage, **given)
    found = stage.steps(node_reset, on=name, run=stage.run, step=of(Work.RESET, name, name), last=False)
    assert failed(found).startswith(f"{name} was not reset: {said}")


def test_pods_of_a_kubelet_that_is_down_are_not_waited_for(stage: Stage) -> None:
    stage.facts["master1"][Drains] = WITH_PODS
    stand(stage, down=("worker2",))
    step = of(Work.RESET, "worker2", "worker2")
    assert names(stage.steps(node_reset, on="worker2", run=stage.run, step=step, last=False)) == RESET


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("worker2", {"worker2": CLEAN}),  # reset a moment ago, so still Ready
        ("worker2", {"worker2": CLEAN, "down": ("worker2",)}),
        ("worker2", {"worker2": None, "down": ("worker2",)}),
        ("worker9", {"down": ("worker9",)}),
        ("master3", {"master3": None, "down": ("master3",), "members": ALL[:2]}),
    ],
)
def test_a_node_is_deleted(stage: Stage, name: str, given: dict[str, Any]) -> None:
    stand(stage, **given)
    step = of(Work.DELETE_NODE, name)
    assert stage.steps(node_deleted, on="master1", run=stage.run, step=step, last=True) == [
        Command(DELETE.format(name))
    ]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("worker2", {}),
        ("worker2", {"down": ("worker2",)}),  # its host answers, and was not reset
        ("worker2", {"worker2": None}),  # somebody runs it
        ("worker9", {}),
        ("master3", {"master3": None, "down": ("master3",)}),  # etcd counts it
    ],
)
def test_a_node_that_is_not_deleted(stage: Stage, name: str, given: dict[str, Any]) -> None:
    stand(stage, **given)
    step = of(Work.DELETE_NODE, name)
    assert stage.steps(node_deleted, on="master1", run=stage.run, step=step, last=True) == [
        refusal(
            f"node {name} was not deleted: it is Ready, a member of etcd, or its host not reset; see the step before, "
            "then run this again."
        )
    ]


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (node_drained, "worker2 was not drained: "),
        (member_removed, "worker2 was not removed from etcd: "),
        (node_deleted, "node worker2 was not deleted: "),
    ],
)
def test_without_a_leader_nothing_is_done(stage: Stage, operation: Any, said: str) -> None:
    silent = replace(member(), ready=False)
    stand(stage, **dict.fromkeys(CONTROL_PLANES, silent))
    arguments = {} if operation is node_drained else {"last": False}
    given = stage.steps(operation, on="master1", run=stage.run, step=of(Work.DRAIN, "worker2"), **arguments)
    assert failed(given).startswith(said + "no control plane of the cluster")


@pytest.mark.parametrize(
    ("operation", "on", "arguments"),
    [
        (balancer_left, "master-lb", PROXY),
        (node_drained, "master1", {}),
        (member_removed, "master1", {"last": False}),
        (node_reset, "worker2", {"last": False}),
        (node_deleted, "master1", {"last": True}),
    ],
)
def test_while_preparing_nothing_is_asked_and_nothing_done(
    stage: Stage, operation: Any, on: str, arguments: Mapping[str, Any]
) -> None:
    for facts in stage.facts.values():
        facts.clear()
    step = of(Work.DRAIN, "worker2", on)
    assert len(stage.steps(operation, on=on, executing=False, run=stage.run, step=step, **arguments)) == 1
