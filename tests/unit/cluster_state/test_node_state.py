"""What follows from what the hosts told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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
from k8s_ha.cluster_state.plan import Action, decide
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.certificates import fingerprints
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import ClusterNode, Kubeconfig, NodeView
from k8s_ha.settings import HostSettings
from tests.support.authorities import authority
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


CA_CERTIFICATE, OTHER_CA_CERTIFICATE = authority("ours"), authority("other")
CUT = CA_CERTIFICATE[:400]
WORKER, CONTROL_PLANE = CLUSTER.host("worker1"), CLUSTER.host("master2")
BOOTSTRAP, CA, ETCD = "/etc/kubernetes/bootstrap-kubelet.conf", "/etc/kubernetes/pki/ca.crt", "/var/lib/etcd/member"
UNKNOWN = Membership(authority=fingerprints(CA_CERTIFICATE))


def known(
    ready: bool = True, control_plane: bool = False, node: bool = True, member: bool = False, counted: bool = False
) -> Membership:
    """What the cluster knows of a host."""
    return Membership(
        node=ClusterNode("any", ready, "v1.30.14", control_plane) if node else None,
        member=Member("17", "any", ("10.0.12.55",)) if member else None,
        authority=fingerprints(CA_CERTIFICATE),
        counted=counted or member,
    )


def holds(
    *artifacts: str, api_server_url: str | None = ENDPOINT, ca_certificate: str | None = CA_CERTIFICATE, **more: bool
) -> NodeView:
    return NodeView(artifacts, api_server_url, ca_certificate, **more)


def kubeconfig(authority: str | None = CA_CERTIFICATE, server: str = ENDPOINT, user: bool = True) -> Kubeconfig:
    """A worker's kubelet.conf."""
    return Kubeconfig(KUBELET, server, user, authority)


KUBECONFIGS: list[tuple[str, Kubeconfig, dict[str, Any], NodeState]] = [
    ("is whole", kubeconfig(), {}, NodeState.JOINED),
    ("refers to ca.crt", kubeconfig(None), {}, NodeState.JOINED),
    ("is empty", kubeconfig(None, "", user=False), {}, NodeState.DAMAGED),
    ("is cut off before its user", kubeconfig(user=False), {}, NodeState.DAMAGED),
    ("has a CA that is cut off", kubeconfig(""), {}, NodeState.DAMAGED),
    ("has another CA", kubeconfig(OTHER_CA_CERTIFICATE), {}, NodeState.DAMAGED),
    ("is whole beside another CA", kubeconfig(), {"ca_certificate": OTHER_CA_CERTIFICATE}, NodeState.DAMAGED),
    ("is whole beside no CA", kubeconfig(), {"ca_certificate": None}, NodeState.DAMAGED),
    ("is whole beside a CA that is cut off", kubeconfig(), {"ca_certificate": CUT}, NodeState.DAMAGED),
    (
        "has another CA beside another CA",
        kubeconfig(OTHER_CA_CERTIFICATE),
        {"ca_certificate": OTHER_CA_CERTIFICATE},
        NodeState.FOREIGN,
    ),
]
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
    **{
        f"a worker with {what}": (holds(KUBELET, ca_certificate=text), known(), WORKER, state)
        for what, text, state in [
            ("a CA of several certificates", f"{OTHER_CA_CERTIFICATE}\n{CA_CERTIFICATE}", NodeState.JOINED),
            ("comments around its CA", f"Issuer: CN=kubernetes\n{CA_CERTIFICATE}\n# end", NodeState.JOINED),
            ("a CA that is cut off", CUT, NodeState.DAMAGED),
            ("a second certificate that is cut off", f"{CA_CERTIFICATE}\n{CUT}", NodeState.DAMAGED),
            ("an empty CA", "", NodeState.DAMAGED),
            ("no CA in it but words", "see the wiki", NodeState.DAMAGED),
        ]
    },
    "a join cut off by a power cut, which empties files": (
        holds(BOOTSTRAP, CA, ca_certificate=""),
        UNKNOWN,
        WORKER,
        NodeState.PARTIAL,
    ),
    "a join cut off, and a CA that may be anybody's": (
        holds(BOOTSTRAP, CA, ca_certificate=CUT),
        UNKNOWN,
        WORKER,
        NodeState.DAMAGED,
    ),
    **{
        f"a worker whose kubelet.conf {what}": (
            replace(holds(KUBELET, CA, **more), kubeconfigs=(config,)),
            known(),
            WORKER,
            state,
        )
        for what, config, more, state in KUBECONFIGS
    },
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
    ours = fingerprints(CA_CERTIFICATE)
    assert membership(reported, CLUSTER.host("worker1"), ours) == Membership(
        reported.nodes[1], None, ours, counted=True
    )
    # One that was added and never started has no name; its address tells whose it is.
    assert membership(reported, CLUSTER.host("master2"), ours) == Membership(
        None, reported.members[1], ours, counted=True
    )
    elsewhere = replace(reported, members=(Member("2", "master2", ("10.9.9.9",)),))
    assert membership(elsewhere, CLUSTER.host("master2"), ours).member == elsewhere.members[0]
    assert not membership(reported, CLUSTER.host("worker2"), ours).any


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
    ca_certificate=st.sampled_from([None, "", CUT, CA_CERTIFICATE, OTHER_CA_CERTIFICATE]),
    kubeconfigs=st.lists(
        st.builds(
            Kubeconfig,
            path=st.sampled_from([ADMIN, KUBELET, BOOTSTRAP]),
            server=st.sampled_from(["", ENDPOINT, FOREIGN]),
            has_user=st.booleans(),
            authority=st.sampled_from([None, "", CA_CERTIFICATE, OTHER_CA_CERTIFICATE]),
        ),
        max_size=2,
    ).map(tuple),
    ready=st.booleans(),
    knows=st.builds(known, st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    host=st.sampled_from([WORKER, CONTROL_PLANE]),
)
def test_nobody_elses_host_and_no_serving_control_plane_is_ever_reset(
    artifacts: tuple[str, ...],
    api_server_url: str | None,
    ca_certificate: str | None,
    kubeconfigs: tuple[Kubeconfig, ...],
    ready: bool,
    knows: Membership,
    host: HostSettings,
) -> None:
    view = NodeView(artifacts, api_server_url, ca_certificate, ready=ready, kubeconfigs=kubeconfigs)
    state = classify(view, knows, host, CLUSTER.endpoint)
    reset = state is NodeState.PARTIAL and can_rejoin(view, knows, state)
    trusted = {ca_certificate, *(kubeconfig.authority for kubeconfig in kubeconfigs)}
    somebody_elses = bool(artifacts) and (api_server_url == FOREIGN or OTHER_CA_CERTIFICATE in trusted)
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
    assert join_refusal(view, UNKNOWN, state, WORKER, CLUSTER.endpoint) == sentence


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


def with_files(view: NodeView, ca_certificate: str | None, *authorities: str) -> NodeView:
    """A control plane with that ca.crt, and these CAs in its kubeconfigs."""
    configs = tuple(
        Kubeconfig(path, ENDPOINT, True, held) for path, held in zip((ADMIN, KUBELET), authorities, strict=False)
    )
    return replace(view, ca_certificate=ca_certificate, kubeconfigs=configs)


@pytest.mark.parametrize(
    ("ca_certificate", "authorities", "found"),
    [
        (CUT, (), "holds no whole certificate"),
        (CUT, (CA_CERTIFICATE, CA_CERTIFICATE), "holds no whole certificate"),
        ("", (), "is empty"),
        ("", (CA_CERTIFICATE, CA_CERTIFICATE), "is empty"),
        (None, (CA_CERTIFICATE, CA_CERTIFICATE), "is missing"),
        (OTHER_CA_CERTIFICATE, (CA_CERTIFICATE, CA_CERTIFICATE), "holds a CA that is not the cluster's"),
    ],
)
def test_a_damaged_ca_of_the_first_control_plane_is_its_own_error_alone(
    ca_certificate: str | None, authorities: tuple[str, ...], found: str
) -> None:
    whole = replace(member(*NODES), ca_certificate=CA_CERTIFICATE)
    views = {
        "master1": with_files(whole, ca_certificate, *authorities),
        "master2": whole,
        "master3": whole,
        "worker1": holds(KUBELET, CA),
    }
    snapshot = ClusterSnapshot(CLUSTER, views)
    assert snapshot.leader == CLUSTER.host("master2")
    states = {name: snapshot.state(CLUSTER.host(name)) for name in views}
    assert states == dict.fromkeys(views, NodeState.JOINED) | {"master1": NodeState.DAMAGED}
    assert decide(snapshot).steps["master1"].sentence == (
        f"master1 was not touched: its /etc/kubernetes/pki/ca.crt {found}; write the cluster's CA there again, as a "
        "healthy control plane or its own kubelet.conf has it, then run this again."
    )


@pytest.mark.parametrize("ca_certificate", [CUT, "", OTHER_CA_CERTIFICATE])
def test_the_only_control_plane_with_a_damaged_ca_is_damaged_and_never_initialized(ca_certificate: str) -> None:
    damaged = with_files(member("master1"), ca_certificate, CA_CERTIFICATE, CA_CERTIFICATE)
    snapshot = ClusterSnapshot(CLUSTER, {"master1": damaged, "master2": CLEAN, "master3": CLEAN}, endpoint_answer="")
    assert snapshot.leader is None
    assert snapshot.state(CLUSTER.host("master1")) is not NodeState.FOREIGN
    assert [step.action for step in decide(snapshot).steps.values()] == [Action.REFUSE] * 3


def test_a_cluster_is_not_outvoted_by_another_one_in_the_inventory() -> None:
    elsewhere = replace(member(*NODES, api_server_url=FOREIGN), ca_certificate=OTHER_CA_CERTIFICATE)
    whole = replace(member(*NODES), ca_certificate=CA_CERTIFICATE)
    snapshot = ClusterSnapshot(CLUSTER, {"master1": elsewhere, "master2": elsewhere, "master3": whole})
    assert snapshot.authority == fingerprints(CA_CERTIFICATE)
    assert snapshot.leader == CLUSTER.host("master3")
    assert snapshot.state(CLUSTER.host("master1")) is NodeState.FOREIGN
