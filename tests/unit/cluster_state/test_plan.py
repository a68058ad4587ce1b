"""What becomes of each node: the state it is in, its role and the cluster's state in, one step out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given

from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.node_state import NodeState
from k8s_ha.cluster_state.plan import Action, Plan, Step, decide, decide_init, decide_join
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import ClusterNode, NodeView
from tests.support.drawn_views import endpoint_answers, seen_by_control_planes
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import ADMIN, API_SERVER, CA_CERTIFICATE, CLEAN, CONTROL_PLANES, ENDPOINT, KUBELET, member

CLUSTER = six_host_cluster()
RECOVERING = six_host_cluster(recover_quorum=True)
CLEANS: Mapping[str, NodeView | None] = dict.fromkeys(CONTROL_PLANES, CLEAN)
CA, ETCD = "/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/manifests/etcd.yaml"

UNFINISHED = replace(member("master1"), init_begun=True, init_unfinished=True)
ENDED = replace(member("master1"), init_begun=True)
SILENT = replace(member("master1", ready=False), artifacts=(ADMIN, KUBELET, API_SERVER))
CUT_OFF = NodeView((CA,), ENDPOINT, CA_CERTIFICATE)
FOREIGN = member(ready=False, api_server_url="https://10.9.9.9:6443")
WORKER = NodeView((KUBELET, CA), ENDPOINT, CA_CERTIFICATE)
FIRST, ADDED = Member("1", "master1", ("10.0.11.18",)), Member("2", "", ("10.0.12.55",))
ALONE = replace(member("master1", ready=False), artifacts=(ADMIN, KUBELET, ETCD), members=(FIRST, ADDED))

EXISTS = (Action.NOTHING, "the cluster exists")
INITS = {
    "clean hosts, a silent endpoint": (CLEANS, "", (Action.INIT, "kubeadm init")),
    "clean hosts, an endpoint that answers": (CLEANS, "HTTP status 401", (Action.REFUSE, "already answers")),
    "clean hosts, an endpoint that could not be asked": (CLEANS, None, (Action.REFUSE, "could not be asked")),
    "one that could not be read": (CLEANS | {"master3": None}, "", (Action.REFUSE, "master3 could not be read")),
    "one that is missing": ({"master1": CLEAN, "master2": CLEAN}, "", (Action.REFUSE, "master3 could not be read")),
    "an init that did not come to its end": (
        CLEANS | {"master1": UNFINISHED},
        None,
        (Action.INIT, "kubeadm reset, kubeadm init"),
    ),
    "the same beside one that could not be read": (
        CLEANS | {"master1": UNFINISHED, "master2": None},
        "",
        (Action.REFUSE, "master2 could not be read"),
    ),
    "the same on another host": (CLEANS | {"master2": UNFINISHED}, "", (Action.REFUSE, "put master2 first")),
    "a kubeadm at work": (CLEANS | {"master1": replace(CUT_OFF, busy=True)}, "", (Action.WAIT, "is at work")),
    "a kubeadm at work beside a leader": (
        CLEANS | {"master1": replace(CUT_OFF, busy=True), "master2": member("master2")},
        None,
        EXISTS,
    ),
    "a cluster": (CLEANS | {"master1": member("master1")}, None, EXISTS),
    "a cluster whose init has not told that it ended": (CLEANS | {"master1": ENDED}, None, EXISTS),
    "a cluster that another host leads": (CLEANS | {"master3": member("master3")}, None, EXISTS),
    "a cluster that does not answer": (CLEANS | {"master2": SILENT}, "", (Action.REFUSE, "a cluster exists or was")),
    "another cluster": (CLEANS | {"master2": FOREIGN}, "", (Action.REFUSE, "master2 holds")),
    "an etcd without a majority": (
        CLEANS | {"master1": replace(ALONE, members=(FIRST, replace(ADDED, name="master2")))},
        "",
        (Action.REFUSE, "etcd has no quorum: its members are master1, master2, and only master1 answers"),
    ),
    "an etcd whose partner never started": (CLEANS | {"master1": ALONE}, "", (Action.REFUSE, "set recover_quorum")),
}


@pytest.mark.parametrize(("views", "answer", "expected"), INITS.values(), ids=INITS)
def test_before_anybody_joins(
    views: Mapping[str, NodeView | None], answer: str | None, expected: tuple[Action, str]
) -> None:
    step = decide_init(ClusterSnapshot(CLUSTER, views, endpoint_answer=answer))
    action, words = expected
    assert (step.action, words in step.sentence) == (action, True), step
    assert step.reset == step.sentence.startswith("kubeadm reset")


def test_an_etcd_that_may_be_recovered_is() -> None:
    step = decide_init(ClusterSnapshot(RECOVERING, CLEANS | {"master1": ALONE}))
    assert (step.action, step.sentence) == (Action.WAIT, "etcd is recovered first")


def test_a_host_that_failed_in_this_run_does_not_lead() -> None:
    views = CLEANS | {"master1": member("master1"), "master2": member("master1", "master2")}
    assert ClusterSnapshot(CLUSTER, views).leader == CLUSTER.host("master1")
    assert ClusterSnapshot(CLUSTER, views, failed=frozenset({"master1"})).leader == CLUSTER.host("master2")


JOIN, RESET = (Action.JOIN, "kubeadm join"), (Action.JOIN, "kubeadm reset, kubeadm join")
STAYS = (Action.NOTHING, "the host is a node of the cluster")
FINISHES = (Action.FINISH, "the end of its init or join is made up for")
HELD: Mapping[NodeState, NodeView] = {
    NodeState.CLEAN: CLEAN,
    NodeState.REPLACED: CLEAN,
    NodeState.PARTIAL: CUT_OFF,
    NodeState.JOINED: NodeView((ADMIN, KUBELET), ENDPOINT, CA_CERTIFICATE, ready=True),
    NodeState.DAMAGED: NodeView((ADMIN, KUBELET), ENDPOINT, CA_CERTIFICATE[:400], ready=True),
    NodeState.FOREIGN: FOREIGN,
}
"""What a host in a state holds; which state it is depends on what the cluster knows of it as well."""

KNOWN = {NodeState.REPLACED: False, NodeState.JOINED: True, NodeState.DAMAGED: True}
"""Whether the cluster knows a node of its name, and then whether that is Ready."""

JOINS = {
    NodeState.CLEAN: JOIN,
    NodeState.REPLACED: JOIN,
    NodeState.PARTIAL: RESET,
    NodeState.JOINED: STAYS,
    NodeState.DAMAGED: (Action.REFUSE, "its /etc/kubernetes/pki/ca.crt holds no whole certificate"),
    NodeState.FOREIGN: (Action.REFUSE, "which belongs to another cluster (https://10.9.9.9:6443)"),
}


def led(*others: ClusterNode) -> NodeView:
    """What master1 tells, which leads, of itself and of others."""
    return replace(member("master1"), nodes=(*member("master1").nodes, *others))


@pytest.mark.parametrize("name", ["master2", "worker1"])
@pytest.mark.parametrize("state", NodeState)
def test_in_a_cluster(state: NodeState, name: str) -> None:
    nodes = [ClusterNode(name, KNOWN[state], "v1.30.14", name in CONTROL_PLANES)] if state in KNOWN else []
    snapshot = ClusterSnapshot(CLUSTER, {"master1": led(*nodes), name: HELD[state]})
    assert snapshot.state(CLUSTER.host(name)) is state
    step = decide_join(snapshot, CLUSTER.host(name))
    action, words = JOINS[state]
    assert (step.action, words in step.sentence) == (action, True), step
    assert step.reset == (state is NodeState.PARTIAL)


LIVED_UNDER = "a node of its name is Ready"
READY = led(ClusterNode("worker1", True, "v1.30.14", False))
MORE = {
    "blank, under a living name": (READY, CLEAN, "worker1", (Action.REFUSE, LIVED_UNDER)),
    "cut off, under a living name": (READY, CUT_OFF, "worker1", (Action.REFUSE, LIVED_UNDER)),
    "a worker that shall be a control plane": (
        led(ClusterNode("master2", True, "v1.30.14", False)),
        WORKER,
        "master2",
        (Action.REFUSE, "is a worker of the cluster, and the inventory has it as a control plane"),
    ),
    "the same, and not Ready": (
        led(ClusterNode("master2", False, "v1.30.14", False)),
        WORKER,
        "master2",
        (Action.REFUSE, "it was not touched"),
    ),
    "not read": (member("master1"), None, "worker1", (Action.REFUSE, "could not be read")),
    "an init that ended after all": (led(), ENDED, "master1", FINISHES),
    "one that another run is ending": (led(), replace(ENDED, busy=True), "master1", STAYS),
    "a control plane without its label": (
        led(ClusterNode("master2", True, "v1.30.14", False)),
        HELD[NodeState.JOINED],
        "master2",
        FINISHES,
    ),
}


@pytest.mark.parametrize(("leading", "held", "name", "expected"), MORE.values(), ids=MORE)
def test_in_a_cluster_besides(
    leading: NodeView, held: NodeView | None, name: str, expected: tuple[Action, str]
) -> None:
    step = decide_join(ClusterSnapshot(CLUSTER, {"master1": leading, name: held}), CLUSTER.host(name))
    action, words = expected
    assert (step.action, words in step.sentence) == (action, True), step


@pytest.mark.parametrize(
    ("name", "to_come", "expected"),
    [
        ("master1", True, (Action.NOTHING, "it is initialized, not joined")),
        ("master2", True, JOIN),
        ("worker1", True, JOIN),
        ("master1", False, (Action.REFUSE, "no control plane of the cluster (master1, master2, master3) is healthy")),
        ("worker1", False, (Action.REFUSE, "no control plane of the cluster (master1, master2, master3) is healthy")),
    ],
)
def test_without_a_leader(name: str, to_come: bool, expected: tuple[Action, str]) -> None:
    step = decide_join(ClusterSnapshot(CLUSTER, CLEANS), CLUSTER.host(name), leader_to_come=to_come)
    action, words = expected
    assert (step.action, words in step.sentence) == (action, True), step


WORKERS: Mapping[str, NodeView | None] = {"worker1": CLEAN, "worker2": CLEAN}
STANDING = led(
    *(ClusterNode(name, True, "v1.30.14", name in CONTROL_PLANES) for name in ("master2", "master3", "worker1"))
)
JOINED = dict.fromkeys(("master2", "master3", "worker1"), HELD[NodeState.JOINED])
PLANS = {
    "clean hosts": (
        CLEANS | WORKERS,
        ["master1: kubeadm init", "master2, master3, worker1, worker2: kubeadm join"],
    ),
    "a cluster, and a worker more": ({"master1": STANDING, "worker2": CLEAN, **JOINED}, ["worker2: kubeadm join"]),
    "a cluster": ({"master1": STANDING, **JOINED}, []),
    "a join that was cut off": (
        {"master1": STANDING, "worker2": CUT_OFF, **JOINED},
        ["worker2: kubeadm reset, kubeadm join"],
    ),
    "an init that did not come to its end": (
        CLEANS | {"master1": UNFINISHED},
        ["master1: kubeadm reset, kubeadm init", "master2, master3: kubeadm join"],
    ),
    "hosts that could not be read are left out": ({"master1": STANDING, "worker2": None}, []),
}


@pytest.mark.parametrize(("views", "lines"), PLANS.values(), ids=PLANS)
def test_the_plan_says_who_does_what(views: Mapping[str, NodeView | None], lines: list[str]) -> None:
    plan = decide(ClusterSnapshot(CLUSTER, views, endpoint_answer=""))
    assert plan.lines == lines
    assert list(plan.steps) == [node.name for node in CLUSTER.nodes if views.get(node.name)]


@given(reported=seen_by_control_planes)
def test_no_plan_has_an_init_beside_a_node_that_stands(reported: dict[str, NodeView | None]) -> None:
    plan = decide(ClusterSnapshot(CLUSTER, reported, endpoint_answer=""))
    actions = [step.action for step in plan.steps.values()]
    assert actions.count(Action.INIT) <= 1
    if Action.INIT in actions:
        assert not {Action.NOTHING, Action.FINISH} & set(actions)


@given(reported=seen_by_control_planes, answer=endpoint_answers)
def test_where_a_cluster_may_be_none_is_initialized(reported: dict[str, NodeView | None], answer: str | None) -> None:
    step = decide_init(ClusterSnapshot(CLUSTER, reported, endpoint_answer=answer))
    if step.action is not Action.INIT:
        return
    first, *others = (reported.get(control_plane) for control_plane in CONTROL_PLANES)
    assert first is not None
    assert all(other is not None and not other.artifacts for other in others)
    if step.reset:
        assert (first.init_unfinished, first.busy) == (True, False)
    else:
        assert (first.artifacts, answer) == ((), "")


@given(reported=seen_by_control_planes)
def test_on_what_is_somebody_elses_no_step_is_taken(reported: dict[str, NodeView | None]) -> None:
    snapshot = ClusterSnapshot(CLUSTER, reported)
    for host in CLUSTER.control_planes:
        step, view = decide_join(snapshot, host), reported.get(host.name)
        if step.action in (Action.JOIN, Action.FINISH):
            assert view is not None
            assert view.api_server_url in (None, ENDPOINT, f"https://{host.address}:6443")
            assert snapshot.state(host) is not NodeState.FOREIGN


@pytest.mark.parametrize(
    ("work", "action", "comes_back"),
    [
        (Work.REVIVE, Action.REFUSE, True),
        (Work.PUT_BACK, Action.REFUSE, True),
        (Work.REVIVE, Action.NOTHING, False),  # somebody serves: what is refused is told
        (Work.RENEW, Action.REFUSE, False),
    ],
)
def test_nothing_is_said_of_nodes_before_the_cluster_is_back(work: Work, action: Action, comes_back: bool) -> None:
    step = ChangeStep(work, ("master1",), ("master1",), "1.30.14", "it comes back")
    plan = Plan(
        {"master1": Step(action, "no leader"), "worker1": Step(Action.REFUSE, "no leader")}, changes_due=(step,)
    )
    assert plan.comes_back is comes_back
    assert bool(plan.lines) is not comes_back
    assert plan.sentence("worker1") == (None if comes_back else "no leader")
    assert (plan.sentence("master1") or "").endswith("it comes back")
