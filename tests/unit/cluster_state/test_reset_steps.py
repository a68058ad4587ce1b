"""Who is reset, in which order, and whose hosts are not: by what they hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8s_ha.cluster_state.change_steps import Work
from k8s_ha.cluster_state.reset_steps import (
    authority,
    may_be_reset,
    named_by_this_cluster,
    others_files,
    reset_steps,
)
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.reset import Remains
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import ADMIN, CLEAN, ENDPOINT, KUBELET
from tests.support.standing_cluster import node_of, view_of

CLUSTER = six_host_cluster([{"name": "admin", "address": "10.0.1.9", "role": "admin"}])
MEMBERS = tuple(
    Member(str(number), host.hostname, (host.address,)) for number, host in enumerate(CLUSTER.control_planes, start=1)
)
HELD = Remains(due=("the records",))
NAMES = {host.name for host in CLUSTER.hosts}
BEGUN = Remains(begun=CLUSTER.endpoint)


def observed(silent: tuple[str, ...] = (), **views: NodeView | None) -> ClusterSnapshot:
    nodes = tuple(node_of(CLUSTER, host) for host in CLUSTER.nodes)
    found: dict[str, NodeView | None] = {host.name: view_of(CLUSTER, host) for host in CLUSTER.nodes}
    for host in CLUSTER.control_planes:
        serves = host.name not in silent
        view = replace(view_of(CLUSTER, host), members=MEMBERS, etcd_healthy=serves, ready=serves)
        found[host.name] = replace(view, nodes=nodes if serves else ())
    return ClusterSnapshot(CLUSTER, found | views, endpoint_answer="")


def steps(snapshot: ClusterSnapshot, **remains: Remains) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    held = dict.fromkeys(NAMES, HELD) | remains
    return [(step.work.name, step.hosts, step.subjects) for step in reset_steps(snapshot, held)]


GIVEN_BACK = [
    ("GIVE_BACK", (names := ("master1", "master2", "master3", "worker1", "worker2")), names),
    ("GIVE_BACK", ("master-lb",), ("master-lb",)),
    ("GIVE_BACK", ("admin",), ("admin",)),
]


def reset(*names: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    return "RESET", names, names


def removed(name: str, on: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    return "REMOVE_MEMBER", (on,), (name,)


def test_the_leader_goes_last() -> None:
    assert steps(observed()) == [
        reset("worker1", "worker2"),
        removed("master2", "master1"),
        reset("master2"),
        removed("master3", "master1"),
        reset("master3"),
        reset("master1"),
        *GIVEN_BACK,
    ]


def test_another_leader() -> None:
    assert [step for step in steps(observed(silent=("master1",))) if step[0] != "GIVE_BACK"][1:] == [
        removed("master1", "master2"),
        reset("master1"),
        removed("master3", "master2"),
        reset("master3"),
        reset("master2"),
    ]


def test_of_a_dead_cluster_no_member_is_removed() -> None:
    dead = observed(silent=("master1", "master2", "master3"))
    assert [step for step in steps(dead) if step[0] != "GIVE_BACK"] == [
        reset("worker1", "worker2"),
        reset("master2"),
        reset("master3"),
        reset("master1"),
    ]


def test_what_is_done_is_left_out() -> None:
    clean = {"worker1": CLEAN, "worker2": CLEAN, "master2": CLEAN, "master3": CLEAN}
    done = replace(BEGUN, node_is_reset=True, due=("the records",))
    assert steps(observed(**clean), worker1=done, worker2=done, master2=done, master3=done) == [
        reset("master1"),
        *GIVEN_BACK,
    ]
    nothing = dict.fromkeys(NAMES, Remains())
    assert reset_steps(observed(**clean, master1=CLEAN), nothing) == ()


def test_a_kubeadm_reset_that_was_cut_off_is_run_again() -> None:
    snapshot = observed(worker2=CLEAN)
    assert steps(snapshot, worker2=BEGUN)[0] == reset("worker1", "worker2")
    assert steps(snapshot)[0] == reset("worker1")


def test_every_step_may_take_its_time() -> None:
    assert {step.work for step in reset_steps(observed(), dict.fromkeys(NAMES, HELD))} == {
        Work.RESET,
        Work.REMOVE_MEMBER,
        Work.GIVE_BACK,
    }


WORKER = CLUSTER.host("worker1")
OURS = view_of(CLUSTER, WORKER)
EMPTIED = NodeView((KUBELET, ADMIN), None, None)

WHOSE = {
    "clean": (CLEAN, Remains(), True),
    "a node of the cluster": (OURS, Remains(), True),
    "half a join": (replace(OURS, artifacts=("/etc/kubernetes/bootstrap-kubelet.conf",)), Remains(), True),
    "another cluster's endpoint": (NodeView((KUBELET,), "https://10.9.9.9:6443", None), Remains(), False),
    "another one's endpoint, and our mark": (NodeView((KUBELET,), "https://10.9.9.9:6443", None), BEGUN, False),
    "nothing that proves it": (EMPTIED, Remains(), False),
    "nothing that proves it but our mark": (EMPTIED, BEGUN, True),
    "the mark of another cluster's reset": (EMPTIED, Remains(begun="10.9.9.9:6443"), False),
}


@pytest.mark.parametrize(("view", "remains", "may"), WHOSE.values(), ids=WHOSE)
def test_only_what_is_proven_to_be_the_clusters_is_reset(view: NodeView, remains: Remains, may: bool) -> None:
    for silent in ((), ("master1", "master2", "master3")):
        known = authority(observed(silent=silent))
        assert known
        assert may_be_reset(view, known, WORKER, (CLUSTER.endpoint,), remains) is may


def test_a_host_with_another_ca_at_the_same_endpoint_is_anothers() -> None:
    known = frozenset({"0" * 64})
    assert OURS.api_server_url == ENDPOINT
    for remains in (Remains(), BEGUN):
        assert not may_be_reset(OURS, known, WORKER, (CLUSTER.endpoint,), remains)


HOSTS = "/etc/hosts"
OTHERS = ("10.99.0.1", "10.99.0.2")
MASTER, BALANCER = CLUSTER.host("master1").address, CLUSTER.host("master-lb").address

NAMED = {
    "nothing": ("master-lb", (), True),
    "all of its control planes": ("master-lb", tuple(host.address for host in CLUSTER.control_planes), True),
    "one of them": ("master-lb", (*OTHERS, MASTER), True),
    "the endpoint": ("admin", (*OTHERS, BALANCER), True),
    "a former endpoint": ("admin", (*OTHERS, "10.7.7.7"), True),
    "a host of removed_nodes": ("master-lb", (*OTHERS, CLUSTER.host("master3").address), True),
    "another cluster's": ("master-lb", OTHERS, False),
    "another cluster's with this balancer": ("master-lb", (*OTHERS, BALANCER), False),
    "another cluster's with this admin host": ("admin", (*OTHERS, CLUSTER.host("admin").address), False),
    "another cluster's with this worker": ("worker1", (*OTHERS, WORKER.address), False),
    "a lone control plane's": ("master1", (MASTER,), True),
}


@pytest.mark.parametrize(("name", "addresses", "is_ours"), NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("removed", [[], ["master3"]])
def test_a_file_is_this_clusters_where_it_names_one_of_it(
    name: str, addresses: tuple[str, ...], is_ours: bool, removed: list[str]
) -> None:
    admin: dict[str, object] = {"name": "admin", "address": "10.0.1.9", "role": "admin"}
    cluster = six_host_cluster([admin], removed_nodes=removed)
    ours = named_by_this_cluster(cluster, cluster.host(name), (cluster.endpoint, "10.7.7.7:6443"))
    found = others_files(Remains(names={HOSTS: addresses}), ours)
    assert found == ({} if is_ours else {HOSTS: addresses})


@pytest.mark.parametrize("in_hosts", [True, False])
def test_a_virtual_address_is_this_clusters_by_whatever_name_the_endpoint_has(in_hosts: bool) -> None:
    settings = {"endpoint_name": "api.example.com", "endpoint_name_in_hosts": in_hosts}
    second = {"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}
    cluster = six_host_cluster([second], endpoint={"virtual_address": "10.0.1.200"}, **settings)
    ours = named_by_this_cluster(cluster, cluster.host("master-lb"), (cluster.endpoint,))
    assert not others_files(Remains(names={HOSTS: ("10.0.1.200",)}), ours)
    assert others_files(Remains(names={HOSTS: ("10.0.1.201",)}), ours)
