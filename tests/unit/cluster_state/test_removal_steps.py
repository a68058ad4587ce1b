"""What becomes of removed_nodes, by what the cluster and the hosts tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.cluster_state.plan import Plan
from k8s_ha.cluster_state.removal_steps import Removals, removals
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import NodeView
from k8s_ha.settings import Cluster, load_cluster
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import ADMIN, CLEAN, KUBELET
from tests.support.standing_cluster import node_of, view_of

WORKER3 = {"name": "worker3", "address": "10.0.14.9", "role": "worker"}
STANDING = six_host_cluster([WORKER3])
MEMBERS = tuple(
    Member(str(number), host.hostname, (host.address,)) for number, host in enumerate(STANDING.control_planes, start=1)
)
ANYBODY = {host.name for host in STANDING.hosts}
BROKEN = replace(view_of(STANDING, STANDING.host("worker1")), ca_certificate="")
FOREIGN = NodeView((KUBELET,), "https://10.9.9.9:6443", None)
HALF_JOINED = replace(view_of(STANDING, STANDING.host("worker1")), artifacts=("/etc/kubernetes/pki/ca.crt",))


def observed(
    *removed: str,
    inventory: Cluster = STANDING,
    nodes: dict[str, dict[str, Any] | None] | None = None,
    members: tuple[Member, ...] = MEMBERS,
    unwell: tuple[str, ...] = (),
    silent: tuple[str, ...] = (),
    **views: NodeView | None,
) -> ClusterSnapshot:
    """The cluster of these hosts, of which some are to go.

    + inventory: the hosts that there are, by the settings' word
    + nodes: what of a Node is otherwise, by name; None for one that is not there
    + unwell, silent: control planes whose etcd is not well, and whose API server does not answer
    + views: of hosts that hold something else, with ``_`` for ``-``
    """
    given = nodes or {}
    held = tuple(
        node_of(STANDING, host, **(given.get(host.name) or {}))
        for host in STANDING.nodes
        if given.get(host.name, {}) is not None
    )
    found: dict[str, NodeView | None] = {}
    for host in STANDING.hosts:
        view = view_of(STANDING, host)
        if "control_plane" in host.role:
            serves = host.name not in silent
            view = replace(view, members=members, etcd_healthy=host.name not in unwell, ready=serves)
            view = replace(view, nodes=held if serves else ())
        found[host.name] = view
    found |= {name.replace("_", "-"): view for name, view in views.items()}
    wanted = {"kubernetes_version": STANDING.settings.version, "removed_nodes": list(removed)}
    more = [WORKER3] if inventory is STANDING else []
    if inventory is not STANDING:
        return ClusterSnapshot(inventory, found)
    return ClusterSnapshot(six_host_cluster(more, **wanted), found)


def steps(found: Removals) -> list[str]:
    assert not [obstacle for obstacle in found.obstacles if obstacle.blocks]
    return [f"{', '.join(step.hosts)}: {step.sentence}" for step in found.steps]


DOWN: dict[str, Any] = {"ready": False}
OUT = ("is out of the cluster", False)


def worker(name: str = "worker1", on: str = "master1") -> list[str]:
    return [f"{on}: drain {name}", f"{name}: kubeadm reset", f"{on}: delete node {name}"]


def control_plane(name: str, on: str) -> list[str]:
    return [
        f"master-lb: {name} out of the balancer",
        f"{on}: drain {name}",
        f"{on}: remove {name} from etcd",
        f"{name}: kubeadm reset",
        f"{on}: delete node {name}",
    ]


def dead_control_plane(name: str, on: str) -> list[str]:
    return [f"{on}: remove {name} from etcd", f"{on}: delete node {name}"]


STEPS: dict[str, tuple[ClusterSnapshot, list[str]]] = {
    "nobody": (observed(), []),
    "a worker": (observed("worker1"), worker()),
    "a worker whose kubelet is down": (
        observed("worker1", nodes={"worker1": DOWN}),
        ["worker1: kubeadm reset", "master1: delete node worker1"],
    ),
    "a dead worker": (observed("worker1", nodes={"worker1": DOWN}, worker1=None), ["master1: delete node worker1"]),
    "a control plane": (observed("master3"), control_plane("master3", "master1")),
    "the first control plane": (observed("master1"), control_plane("master1", "master2")),
    "a dead control plane": (
        observed("master3", nodes={"master3": DOWN}, master3=None),
        dead_control_plane("master3", "master1"),
    ),
    "the first control plane, dead": (
        observed("master1", nodes={"master1": DOWN}, master1=None),
        dead_control_plane("master1", "master2"),
    ),
    "two control planes, the dead one first": (
        observed("master2", "master3", nodes={"master3": DOWN}, master3=None),
        [*dead_control_plane("master3", "master1"), *control_plane("master2", "master1")],
    ),
    "both kinds, control planes first": (
        observed("worker1", "master3", "worker3"),
        [*control_plane("master3", "master1"), *worker(), *worker("worker3")],
    ),
    # Runs that were cut off.
    "a control plane without its member": (
        observed("master3", members=MEMBERS[:2], unwell=("master3",), silent=("master3",)),
        [line for line in control_plane("master3", "master1") if "etcd" not in line],
    ),
    "a reset worker, within a minute": (
        observed("worker1", nodes={"worker1": {"is_cordoned": True}}, worker1=CLEAN),
        ["master1: delete node worker1"],
    ),
    "a reset worker, later": (
        observed("worker1", nodes={"worker1": DOWN}, worker1=CLEAN),
        ["master1: delete node worker1"],
    ),
    "a replaced control plane": (
        observed("master3", nodes={"master3": DOWN}, master3=CLEAN),
        dead_control_plane("master3", "master1"),
    ),
    "a host whose node is gone": (observed("worker1", nodes={"worker1": None}), ["worker1: kubeadm reset"]),
    "a join that was cut off": (
        observed("worker1", nodes={"worker1": None}, worker1=HALF_JOINED),
        ["worker1: kubeadm reset"],
    ),
    "a member alone": (
        observed("master3", nodes={"master3": None}, master3=None),
        ["master1: remove master3 from etcd"],
    ),
    "a dead control plane while another is out": (
        observed("master3", silent=("master2",), nodes={"master3": DOWN}, master3=None),
        dead_control_plane("master3", "master1"),
    ),
    "a control plane while its successor has not joined": (
        observed("master3", nodes={"master2": None}, members=(MEMBERS[0], MEMBERS[2]), master2=CLEAN),
        control_plane("master3", "master1"),
    ),
    "a finished removal": (observed("worker1", nodes={"worker1": None}, worker1=CLEAN), []),
    "a balancer's host beside another": (
        ClusterSnapshot(
            six_host_cluster(
                [{"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}], removed_nodes=["lb2"]
            ),
            observed().views | {"lb2": CLEAN},
        ),
        [],
    ),
}


@pytest.mark.parametrize(("snapshot", "expected"), STEPS.values(), ids=STEPS)
def test_the_steps_of_a_removal(snapshot: ClusterSnapshot, expected: list[str]) -> None:
    assert steps(removals(snapshot, ANYBODY - {name for name, view in snapshot.views.items() if view is None})) == (
        expected
    )


def without(*names: str, removed: tuple[str, ...], **given: Any) -> ClusterSnapshot:
    """The cluster where the inventory lacks some of its hosts."""
    hosts = [
        {"name": host.name, "address": host.address, "role": list(host.role)}
        for host in STANDING.hosts
        if host.name not in names
    ]
    wanted = load_cluster({"kubernetes_version": STANDING.settings.version, "removed_nodes": list(removed)}, hosts)
    snapshot = observed(inventory=wanted, **given)
    return replace(snapshot, views={name: view for name, view in snapshot.views.items() if name not in names})


UNLISTED: dict[str, tuple[ClusterSnapshot, list[str]]] = {
    "a dead worker": (
        without("worker1", removed=("worker1",), nodes={"worker1": DOWN}),
        ["master1: delete node worker1"],
    ),
    "a dead control plane": (
        without("master3", removed=("master3",), nodes={"master3": DOWN}),
        dead_control_plane("master3", "master1"),
    ),
    "one whose member never told its name": (
        without(
            "master3",
            removed=("master3",),
            nodes={"master3": DOWN},
            members=(*MEMBERS[:2], replace(MEMBERS[2], name="")),
        ),
        dead_control_plane("master3", "master1"),
    ),
    "one whose address another host has by now": (
        without(
            "worker3",
            removed=("worker3",),
            nodes={"worker3": {"ready": False, "address": STANDING.host("master3").address}},
        ),
        ["master1: delete node worker3"],
    ),
    "one that nobody knows": (without(removed=("worker9",)), []),
}


@pytest.mark.parametrize(("snapshot", "expected"), UNLISTED.values(), ids=UNLISTED)
def test_the_steps_for_a_host_that_the_inventory_lacks(snapshot: ClusterSnapshot, expected: list[str]) -> None:
    assert steps(removals(snapshot, ANYBODY)) == expected


REFUSED: dict[str, tuple[ClusterSnapshot, set[str], tuple[str, str]]] = {
    "a Ready node that cannot be reached": (
        observed("worker1", worker1=None),
        {"worker1"},
        ("worker1", "cannot be reached, and its node worker1 is Ready"),
    ),
    "a Ready node that the inventory lacks": (
        without("worker1", removed=("worker1",)),
        set(),
        ("worker1", "is Ready, and the inventory lacks its host"),
    ),
    "a host that could not be read": (
        observed("worker1", worker1=None, nodes={"worker1": DOWN}),
        set(),
        ("worker1", "what it holds of a cluster could not be read"),
    ),
    "a host of another cluster": (
        observed("worker1", worker1=FOREIGN),
        set(),
        ("worker1", "holds /etc/kubernetes/kubelet.conf, which belongs to another cluster (https://10.9.9.9:6443)"),
    ),
    "a damaged host": (
        observed("worker1", worker1=BROKEN),
        set(),
        ("worker1", "its /etc/kubernetes/pki/ca.crt is empty"),
    ),
    "a blank host under another one's name": (
        observed("worker1", worker1=CLEAN),
        set(),
        ("worker1", "is no host of the node worker1, which is Ready"),
    ),
    "a cut join under another one's name": (
        observed("worker1", worker1=HALF_JOINED),
        set(),
        ("worker1", "is no host of the node worker1, which is Ready"),
    ),
    "a lost majority": (
        observed("master3", unwell=("master2",)),
        set(),
        ("the cluster", "without master3 only 1 of etcd's 2 members would be well"),
    ),
    "a lost majority, for a learner has no vote": (
        observed("master3", members=(MEMBERS[0], replace(MEMBERS[1], learner=True), MEMBERS[2]), unwell=("master1",)),
        set(),
        ("the cluster", "without master3 only 0 of etcd's 1 members would be well"),
    ),
    "a lost majority, by the second of two": (
        observed("master2", "master3", members=(*MEMBERS, Member("4", "old", ("10.0.99.9",)))),
        set(),
        ("the cluster", "without master2, master3 only 1 of etcd's 2 members would be well"),
    ),
    "members that could not be read": (
        observed("master3", members=(), nodes={"master3": DOWN}),
        set(),
        ("the cluster", "etcd's members could not be read"),
    ),
    "another control plane that is out": (
        observed("master3", silent=("master2",)),
        set(),
        ("master2", "its API server does not answer"),
    ),
    "another one that could not be read": (
        observed("master3", nodes={"master2": None}, members=(MEMBERS[0], MEMBERS[2]), master2=None),
        {"master2"},
        ("master2", "its API server does not answer"),
    ),
    "a balancer that cannot be reached": (
        observed("master3"),
        {"master-lb"},
        ("master-lb", "cannot be reached"),
    ),
}


@pytest.mark.parametrize(("snapshot", "away", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_before_the_first_step(
    snapshot: ClusterSnapshot, away: set[str], expected: tuple[str, str]
) -> None:
    found = removals(snapshot, ANYBODY - away)
    assert [(obstacle.host, obstacle.found) for obstacle in found.obstacles if obstacle.blocks] == [expected]
    assert (found.steps, found.drained) == ((), ())


def test_a_lost_majority_names_whom_to_bring_back() -> None:
    (obstacle,) = removals(observed("master3", unwell=("master2",)), ANYBODY).obstacles
    assert obstacle.remedy == "bring master2 back first, or remove it before"


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (observed("worker1", nodes={"worker1": None}, worker1=CLEAN), ("worker1", "is out of the cluster")),
        (
            without(removed=("worker9",)),
            ("worker9", "neither the inventory nor the cluster knows it"),
        ),
    ],
)
def test_a_finished_removal_is_said(snapshot: ClusterSnapshot, expected: tuple[str, str]) -> None:
    (obstacle,) = removals(snapshot, ANYBODY).obstacles
    assert (obstacle.host, obstacle.found, obstacle.blocks) == (*expected, False)


def test_a_dead_host_that_is_out_may_leave_the_inventory() -> None:
    snapshot = observed("worker1", nodes={"worker1": None}, worker1=None)
    (obstacle,) = removals(snapshot, ANYBODY - {"worker1"}).obstacles
    assert (obstacle.found, obstacle.blocks) == OUT


def test_who_is_drained() -> None:
    snapshot = observed("worker1", "worker2", "master3", nodes={"worker2": DOWN}, worker2=None)
    assert [host.name for host in removals(snapshot, ANYBODY - {"worker2"}).drained] == ["master3", "worker1"]


SILENT = dict.fromkeys(("master1", "master2"), view_of(STANDING, STANDING.host("master1"), ready=False, nodes=()))


@pytest.mark.parametrize(
    ("views", "blocks", "found"),
    [
        # The one that is to go holds all there is of the cluster: no other one would be told of it.
        (dict.fromkeys(("master1", "master2"), CLEAN), True, "holds the cluster, and none that stays does"),
        (SILENT, False, "is not removed: no control plane that stays answers"),
        (SILENT | {"master3": None}, False, "is not removed: no control plane that stays answers"),
    ],
)
def test_without_a_leader_nobody_is_removed(views: dict[str, NodeView | None], blocks: bool, found: str) -> None:
    (obstacle,) = removals(observed("master3", **views), ANYBODY).obstacles
    assert (obstacle.host, obstacle.found, obstacle.blocks) == ("master3", found, blocks)


def test_clean_hosts_have_nothing_to_remove() -> None:
    clean = {host.name.replace("-", "_"): CLEAN for host in STANDING.hosts}
    assert removals(observed("master3", "worker9", **clean), ANYBODY) == Removals()


def test_they_come_before_all_other_steps() -> None:
    removed = removals(observed("worker1"), ANYBODY).steps
    change = replace(removed[0], sentence="a change")
    assert Plan({}, removals_due=removed, changes_due=(change,)).due == (*removed, change)
    assert (removed[0].hosts, removed[0].sentence, removed[0].interrupts) == (
        ("master1",),
        "drain worker1",
        "its pods move",
    )


def test_a_host_that_holds_admin_conf_alone_is_nobodys() -> None:
    found = removals(observed("master3", master3=NodeView((ADMIN,), None, None)), ANYBODY)
    assert [obstacle.host for obstacle in found.obstacles if obstacle.blocks] == ["master3"]
