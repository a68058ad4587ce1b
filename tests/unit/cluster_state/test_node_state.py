"""What follows from what the hosts told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_ha.cluster_state.node_state import (
    Membership,
    NodeState,
    can_rejoin,
    classify,
    join_refusal,
    membership,
)
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import ClusterNode, NodeView
from k8s_ha.settings import HostSettings
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import ADMIN, CLEAN, CONTROL_PLANES, ENDPOINT, KUBELET, NODES, member
from tests.support.surveys import survey

CLUSTER = six_host_cluster()
FOREIGN = "https://10.9.9.9:6443"


@pytest.mark.parametrize(
    ("os_id", "os_like", "os_version", "major"),
    [
        ("rocky", "rhel centos fedora", "8.10", 8),
        ("almalinux", "rhel centos fedora", "9.4", 9),
        ("rhel", "fedora", "8.4", 8),
        ("centos", "rhel fedora", "7", 7),
        ("centos", "rhel fedora", "10", 10),
        ("ol", "fedora", "8.9", 8),
        ("fedora", "", "40", None),
        ("debian", "", "12", None),
        ("amzn", "centos rhel fedora", "2", 2),
        ("rhel", "fedora", "", None),
        ("", "", "", None),
    ],
)
def test_el_major(os_id: str, os_like: str, os_version: str, major: int | None) -> None:
    host = survey(os_id=os_id, os_like=tuple(os_like.split()), os_version=os_version)
    assert host.el_major == major


CA_CERTIFICATE, OTHER_CA_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nours", "-----BEGIN CERTIFICATE-----\nother"
WORKER, CONTROL_PLANE = CLUSTER.host("worker1"), CLUSTER.host("master2")
BOOTSTRAP, CA, ETCD = "/etc/kubernetes/bootstrap-kubelet.conf", "/etc/kubernetes/pki/ca.crt", "/var/lib/etcd/member"
UNKNOWN = Membership(ca_certificate=CA_CERTIFICATE)


def known(
    ready: bool = True, control_plane: bool = False, node: bool = True, member: bool = False, counted: bool = False
) -> Membership:
    """What the cluster knows of a host."""
    return Membership(
        node=ClusterNode("any", ready, "v1.30.14", control_plane) if node else None,
        member=Member("17", "any", ("10.0.12.55",)) if member else None,
        ca_certificate=CA_CERTIFICATE,
        counted=counted or member,
    )


def holds(
    *artifacts: str, api_server_url: str | None = ENDPOINT, ca_certificate: str | None = CA_CERTIFICATE, **more: bool
) -> NodeView:
    return NodeView(artifacts, api_server_url, ca_certificate, **more)


STATES: dict[str, tuple[NodeView, Membership, HostSettings, NodeState]] = {
    "nothing anywhere": (CLEAN, UNKNOWN, WORKER, NodeState.CLEAN),
    "nothing there, but a node": (CLEAN, known(), WORKER, NodeState.REPLACED),
    "nothing there, but an etcd member": (CLEAN, known(node=False, member=True), CONTROL_PLANE, NodeState.REPLACED),
    "a worker": (holds(KUBELET, CA), known(), WORKER, NodeState.JOINED),
    "a worker that is not Ready": (holds(KUBELET, CA), known(ready=False), WORKER, NodeState.JOINED),
    "a control plane": (holds(ADMIN, KUBELET), known(control_plane=True, member=True), CONTROL_PLANE, NodeState.JOINED),
    "a control plane whose API server is off": (
        holds(ADMIN, KUBELET),
        known(control_plane=True, ready=False),
        CONTROL_PLANE,
        NodeState.JOINED,
    ),
    "a control plane that is off, and whose etcd is still counted": (
        holds(ADMIN, KUBELET),
        known(control_plane=True, ready=False, member=True),
        CONTROL_PLANE,
        NodeState.JOINED,
    ),
    "a control plane that etcd has removed": (
        holds(ADMIN, KUBELET),
        known(control_plane=True, counted=True),
        CONTROL_PLANE,
        NodeState.PARTIAL,
    ),
    "a control plane that serves, whatever etcd counts": (
        holds(ADMIN, KUBELET, ready=True),
        known(control_plane=True, counted=True),
        CONTROL_PLANE,
        NodeState.JOINED,
    ),
    "a control plane that lost its label": (
        holds(ADMIN, KUBELET, ready=True),
        known(member=True),
        CONTROL_PLANE,
        NodeState.JOINED,
    ),
    "its kubelet asks its own API server": (
        holds(KUBELET, api_server_url="https://10.0.12.55:6443"),
        known(control_plane=True),
        CONTROL_PLANE,
        NodeState.JOINED,
    ),
    "a worker's join cut off before its node": (holds(BOOTSTRAP, CA), UNKNOWN, WORKER, NodeState.PARTIAL),
    "a worker whose node was deleted": (holds(KUBELET, CA), UNKNOWN, WORKER, NodeState.PARTIAL),
    "a worker reinstalled and cut off again": (holds(BOOTSTRAP, CA), known(ready=False), WORKER, NodeState.PARTIAL),
    "a control plane's join cut off before etcd": (holds(ADMIN, KUBELET), known(), CONTROL_PLANE, NodeState.PARTIAL),
    "a control plane's join cut off within etcd": (
        holds(ADMIN, KUBELET, ETCD),
        known(member=True),
        CONTROL_PLANE,
        NodeState.PARTIAL,
    ),
    "certificates of ours and nothing else": (
        holds(CA, api_server_url=None),
        UNKNOWN,
        CONTROL_PLANE,
        NodeState.PARTIAL,
    ),
    "an init that did not come to its end, though its API server answers": (
        holds(ADMIN, KUBELET, ready=True, init_begun=True, init_unfinished=True),
        known(control_plane=True, member=True),
        CONTROL_PLANE,
        NodeState.PARTIAL,
    ),
    "an init that came to its end before the power went": (
        holds(ADMIN, KUBELET, ready=True, init_begun=True),
        known(control_plane=True, member=True),
        CONTROL_PLANE,
        NodeState.JOINED,
    ),
    "certificates of an init that was cut off, before there is a cluster": (
        holds(CA, api_server_url=None, init_begun=True, init_unfinished=True),
        Membership(),
        CONTROL_PLANE,
        NodeState.PARTIAL,
    ),
    "certificates of an init that was cut off, and a cluster with another CA": (
        holds(CA, api_server_url=None, ca_certificate=OTHER_CA_CERTIFICATE, init_begun=True, init_unfinished=True),
        UNKNOWN,
        CONTROL_PLANE,
        NodeState.FOREIGN,
    ),
    "another endpoint": (holds(KUBELET, api_server_url=FOREIGN), known(), WORKER, NodeState.FOREIGN),
    "another port": (holds(KUBELET, api_server_url="https://10.0.1.157:16443"), UNKNOWN, WORKER, NodeState.FOREIGN),
    "our endpoint, another CA": (
        holds(KUBELET, ca_certificate=OTHER_CA_CERTIFICATE),
        known(),
        WORKER,
        NodeState.FOREIGN,
    ),
    "another control plane's address": (
        holds(KUBELET, api_server_url="https://10.0.11.18:6443"),
        known(control_plane=True),
        CONTROL_PLANE,
        NodeState.FOREIGN,
    ),
    "etcd's data and nothing that tells whose": (
        holds(ETCD, api_server_url=None, ca_certificate=None),
        UNKNOWN,
        CONTROL_PLANE,
        NodeState.FOREIGN,
    ),
    "our endpoint, and no CA to compare": (holds(KUBELET, ca_certificate=None), UNKNOWN, WORKER, NodeState.PARTIAL),
}


@pytest.mark.parametrize(("view", "knows", "host", "state"), STATES.values(), ids=STATES)
def test_classify(view: NodeView, knows: Membership, host: HostSettings, state: NodeState) -> None:
    assert classify(view, knows, host, CLUSTER.endpoint) is state


def test_what_the_cluster_knows_of_a_host() -> None:
    reported = replace(
        member("master1", "worker1"),
        members=(Member("1", "master1", ("10.0.11.18",)), Member("2", "", ("10.0.12.55",))),
    )
    assert membership(reported, CLUSTER.host("worker1")) == Membership(
        reported.nodes[1], None, reported.ca_certificate, counted=True
    )
    # One that was added and never started has no name; its address tells whose it is.
    assert membership(reported, CLUSTER.host("master2")) == Membership(
        None, reported.members[1], reported.ca_certificate, counted=True
    )
    elsewhere = replace(reported, members=(Member("2", "master2", ("10.9.9.9",)),))
    assert membership(elsewhere, CLUSTER.host("master2")).member == elsewhere.members[0]
    assert not membership(reported, CLUSTER.host("worker2")).any


@pytest.mark.parametrize(
    ("view", "knows", "rejoins"),
    [
        (CLEAN, known(ready=False), True),
        (CLEAN, known(node=False, member=True), True),
        (CLEAN, known(ready=True), False),
        (holds(BOOTSTRAP, CA), known(ready=True), False),
        (holds(BOOTSTRAP, CA), known(ready=False), True),
        (holds(ADMIN, KUBELET), known(ready=True), True),
    ],
)
def test_who_rejoins(view: NodeView, knows: Membership, rejoins: bool) -> None:
    state = classify(view, knows, CONTROL_PLANE, CLUSTER.endpoint)
    assert can_rejoin(view, knows, state) is rejoins


@given(
    artifacts=st.lists(st.sampled_from([ADMIN, KUBELET, BOOTSTRAP, CA, ETCD]), unique=True).map(tuple),
    api_server_url=st.sampled_from([None, ENDPOINT, FOREIGN]),
    ca_certificate=st.sampled_from([None, CA_CERTIFICATE, OTHER_CA_CERTIFICATE]),
    ready=st.booleans(),
    knows=st.builds(known, st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    host=st.sampled_from([WORKER, CONTROL_PLANE]),
)
def test_nobody_elses_host_and_no_serving_control_plane_is_ever_reset(
    artifacts: tuple[str, ...],
    api_server_url: str | None,
    ca_certificate: str | None,
    ready: bool,
    knows: Membership,
    host: HostSettings,
) -> None:
    view = NodeView(artifacts, api_server_url, ca_certificate, ready=ready)
    state = classify(view, knows, host, CLUSTER.endpoint)
    reset = state is NodeState.PARTIAL and can_rejoin(view, knows, state)
    somebody_elses = bool(artifacts) and (api_server_url == FOREIGN or ca_certificate == OTHER_CA_CERTIFICATE)
    serves = ready and KUBELET in artifacts and knows.node is not None
    assert not (reset and (somebody_elses or serves))


@pytest.mark.parametrize(
    ("view", "state", "sentence"),
    [
        (
            holds(BOOTSTRAP, CA, "more"),
            NodeState.PARTIAL,
            "worker1 holds /etc/kubernetes/bootstrap-kubelet.conf, /etc/kubernetes/pki/ca.crt, of a join that was cut "
            "off, but a node of its name is Ready: another host runs under it; give this one another hostname, or stop "
            "that one, then run this again.",
        ),
        (
            CLEAN,
            NodeState.REPLACED,
            "worker1 is blank, but a node of its name is Ready: another host runs under it, or this one was replaced "
            "less than a minute ago; run this again when that node is NotReady, or give this host another hostname.",
        ),
        (
            holds(KUBELET, api_server_url=FOREIGN),
            NodeState.FOREIGN,
            "worker1 holds /etc/kubernetes/kubelet.conf, which belongs to another cluster (https://10.9.9.9:6443); it "
            "was not touched; take it out of the inventory, or reset it yourself if nothing in it is needed.",
        ),
        (
            holds(KUBELET, ca_certificate=OTHER_CA_CERTIFICATE),
            NodeState.FOREIGN,
            "worker1 holds /etc/kubernetes/kubelet.conf, which is of a cluster with another CA; it was not touched; "
            "take it out of the inventory, or reset it yourself if nothing in it is needed.",
        ),
        (
            holds(ETCD, api_server_url=None),
            NodeState.FOREIGN,
            "worker1 holds /var/lib/etcd/member, which nothing shows to be this cluster's; it was not touched; "
            "take it out of the inventory, or reset it yourself if nothing in it is needed.",
        ),
    ],
)
def test_join_refusal(view: NodeView, state: NodeState, sentence: str) -> None:
    assert join_refusal(view, state, WORKER, CLUSTER.endpoint) == sentence


@pytest.mark.parametrize(
    ("views", "leads"),
    [
        ({}, None),
        ({"master1": None, "master2": CLEAN, "master3": CLEAN}, None),
        ({name: member(*NODES) for name in CONTROL_PLANES}, "master1"),
        ({"master1": CLEAN, "master2": CLEAN, "master3": member("master3")}, "master3"),
        ({"master1": None, "master2": member(*NODES)}, "master2"),
        ({"master1": member(*NODES, ready=False), "master2": member(*NODES)}, "master2"),
        ({"master1": member(*NODES, api_server_url=FOREIGN), "master2": member(*NODES)}, "master2"),
        ({"master1": member("master2"), "master2": member("master2")}, "master2"),
        ({"master1": replace(member("master1"), init_begun=True)}, "master1"),
        ({"master1": replace(member("master1"), init_begun=True, init_unfinished=True)}, None),
    ],
)
def test_leader(views: Mapping[str, NodeView | None], leads: str | None) -> None:
    chosen = ClusterSnapshot(CLUSTER, views).leader
    assert (chosen and chosen.name) == leads
