"""What follows from what the hosts told."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_ha.node_state import (
    NodeState,
    NodeView,
    classify,
    init_refusal,
    join_refusal,
    leader,
)
from tests.example_cluster import six_host_cluster
from tests.node_views import ADMIN, ENDPOINT, KUBELET, NODES, PLANES, VIRGIN, member
from tests.surveys import survey

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


@pytest.mark.parametrize(
    ("traces", "server", "known", "state"),
    [
        ((), None, False, NodeState.VIRGIN),
        ((), None, True, NodeState.STALE),
        ((KUBELET,), ENDPOINT, True, NodeState.JOINED),
        ((ADMIN, KUBELET), ENDPOINT, True, NodeState.JOINED),
        ((KUBELET,), ENDPOINT, False, NodeState.PARTIAL),
        (("/var/lib/etcd/member",), None, False, NodeState.PARTIAL),
        (("/etc/kubernetes/bootstrap-kubelet.conf",), None, True, NodeState.PARTIAL),
        ((ADMIN,), ENDPOINT, True, NodeState.PARTIAL),
        ((KUBELET,), FOREIGN, True, NodeState.FOREIGN),
        ((KUBELET,), FOREIGN, False, NodeState.FOREIGN),
        ((KUBELET,), "https://10.0.1.157:16443", False, NodeState.FOREIGN),
    ],
)
def test_classify(traces: tuple[str, ...], server: str | None, known: bool, state: NodeState) -> None:
    assert classify(NodeView(traces, server, None), known, CLUSTER.endpoint) is state


@pytest.mark.parametrize(
    ("view", "state", "sentence"),
    [
        (
            NodeView((KUBELET, "/etc/kubernetes/pki/ca.crt", "more"), None, None),
            NodeState.PARTIAL,
            "worker1 holds /etc/kubernetes/kubelet.conf, /etc/kubernetes/pki/ca.crt, but the cluster has no such node: "
            "a join was cut off or the node was removed; run `kubeadm reset` on it, then run this again.",
        ),
        (
            VIRGIN,
            NodeState.STALE,
            "worker1 is blank, but the cluster still has a node of its name; run `kubectl delete node worker1`, remove "
            "its etcd member if it was a control plane, then run this again.",
        ),
        (
            NodeView((KUBELET,), FOREIGN, None),
            NodeState.FOREIGN,
            "worker1 belongs to another cluster (https://10.9.9.9:6443); it was not touched; take it out of the "
            "inventory, or reset it yourself if that cluster is gone.",
        ),
    ],
)
def test_join_refusal(view: NodeView, state: NodeState, sentence: str) -> None:
    assert join_refusal(view, state, "worker1") == sentence


@pytest.mark.parametrize(
    ("views", "leads"),
    [
        ({}, None),
        ({"master1": None, "master2": VIRGIN, "master3": VIRGIN}, None),
        ({name: member(*NODES) for name in PLANES}, "master1"),
        ({"master1": VIRGIN, "master2": VIRGIN, "master3": member("master3")}, "master3"),
        ({"master1": None, "master2": member(*NODES)}, "master2"),
        ({"master1": member(*NODES, ready=False), "master2": member(*NODES)}, "master2"),
        ({"master1": member(*NODES, server=FOREIGN), "master2": member(*NODES)}, "master2"),
        ({"master1": member("master2"), "master2": member("master2")}, "master2"),
    ],
)
def test_leader(views: Mapping[str, NodeView | None], leads: str | None) -> None:
    chosen = leader(views, CLUSTER)
    assert (chosen and chosen.name) == leads


VIRGINS: Mapping[str, NodeView | None] = dict.fromkeys(PLANES, VIRGIN)


@pytest.mark.parametrize(
    ("views", "answer", "sentence"),
    [
        (VIRGINS, "", None),
        (
            VIRGINS,
            None,
            "No cluster was initialised: the endpoint 10.0.1.157:6443 could not be asked whether a cluster answers "
            "there; see the error above, then run this again.",
        ),
        (
            {"master1": VIRGIN, "master2": None},
            "",
            "No cluster was initialised: master2 and master3 could not be read and may hold one; every control-plane "
            "host must answer before the first init; bring it back or take it out of the inventory.",
        ),
        (
            VIRGINS | {"master3": NodeView(("/var/lib/etcd/member", ADMIN), None, None)},
            "",
            "No cluster was initialised: master3 holds /var/lib/etcd/member, so a cluster exists or was begun there, "
            "and none of its API servers is healthy; repair it, or run `kubeadm reset` on that host if nothing in it "
            "is needed.",
        ),
        (
            VIRGINS,
            "HTTP status 401",
            "No cluster was initialised: the endpoint 10.0.1.157:6443 already answers (HTTP status 401), so it belongs "
            "to a cluster of other hosts; choose another control_plane_endpoint or add those hosts.",
        ),
    ],
)
def test_init_refusal(views: Mapping[str, NodeView | None], answer: str | None, sentence: str | None) -> None:
    assert init_refusal(views, CLUSTER, answer) == sentence


_VIEWS = st.builds(
    NodeView,
    traces=st.lists(st.sampled_from([ADMIN, KUBELET, "/var/lib/etcd/member"]), max_size=2).map(tuple),
    server=st.none() | st.sampled_from([ENDPOINT, FOREIGN]),
    authority=st.none(),
    ready=st.booleans(),
)


@given(
    views=st.dictionaries(st.sampled_from([*PLANES, "worker1"]), st.none() | st.just(VIRGIN) | _VIEWS),
    answer=st.none() | st.text(),
)
def test_init_is_never_allowed_where_a_cluster_may_be(views: dict[str, NodeView | None], answer: str | None) -> None:
    planes = [views.get(name) for name in PLANES]
    certain = answer == "" and all(view is not None and not view.traces for view in planes)
    assert (init_refusal(views, CLUSTER, answer) is None) == certain
