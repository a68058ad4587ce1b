"""When a cluster may be initialized, and when what is there of one may be taken back first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_ha.cluster_state.node_state import can_retry_init, init_refusal
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import NodeView
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import ADMIN, CA_CERTIFICATE, CLEAN, CONTROL_PLANES, ENDPOINT, KUBELET, member

CLUSTER = six_host_cluster()
CA, FOREIGN = "/etc/kubernetes/pki/ca.crt", "https://10.9.9.9:6443"
CLEANS: Mapping[str, NodeView | None] = dict.fromkeys(CONTROL_PLANES, CLEAN)
UNFINISHED = replace(member("master1"), init_begun=True, init_unfinished=True)
OWN_MEMBER = Member("1", "master1", ("10.0.11.18",))


@pytest.mark.parametrize(
    ("views", "answer", "sentence"),
    [
        (CLEANS, "", None),
        (
            CLEANS,
            None,
            "No cluster was initialized: the endpoint 10.0.1.157:6443 could not be asked whether a cluster answers "
            "there; see the error above, then run this again.",
        ),
        (
            {"master1": CLEAN, "master2": None},
            "",
            "No cluster was initialized: master2 and master3 could not be read and may hold one; every control-plane "
            "host must answer before the first init; bring it back or take it out of the inventory.",
        ),
        (
            CLEANS | {"master3": NodeView(("/var/lib/etcd/member", ADMIN), None, None)},
            "",
            "No cluster was initialized: master3 holds /var/lib/etcd/member, so a cluster exists or was begun there, "
            "and none of its API servers is healthy; repair it, or run `kubeadm reset` on that host if nothing in it "
            "is needed.",
        ),
        (
            CLEANS | {"master2": UNFINISHED},
            "",
            "No cluster was initialized: master2 holds /etc/kubernetes/admin.conf of an init that did not come to its "
            "end, and this one would begin on master1; put master2 first among the control planes again, or run "
            "`kubeadm reset` on it.",
        ),
        (
            CLEANS | {"master1": UNFINISHED, "master3": NodeView((ADMIN,), None, None)},
            "",
            "No cluster was initialized: master3 holds /etc/kubernetes/admin.conf, so a cluster exists or was begun "
            "there, and none of its API servers is healthy; repair it, or run `kubeadm reset` on that host if nothing "
            "in it is needed.",
        ),
        (
            CLEANS | {"master1": UNFINISHED},
            "",
            "No cluster was initialized: master1 holds /etc/kubernetes/admin.conf, so a cluster exists or was begun "
            "there, and none of its API servers is healthy; repair it, or run `kubeadm reset` on that host if nothing "
            "in it is needed.",
        ),
        (
            CLEANS,
            "HTTP status 401",
            "No cluster was initialized: the endpoint 10.0.1.157:6443 already answers (HTTP status 401), so it belongs "
            "to a cluster of other hosts; choose another endpoint or add those hosts.",
        ),
        (
            CLEANS,
            "unclear: no answer within 10 s",
            "No cluster was initialized: what is at the endpoint 10.0.1.157:6443 does not tell whether a cluster "
            "answers there (unclear: no answer within 10 s); it must answer, refuse or close; see whom it passes on "
            "to.",
        ),
    ],
)
def test_init_refusal(views: Mapping[str, NodeView | None], answer: str | None, sentence: str | None) -> None:
    assert init_refusal(views, CLUSTER, answer) == sentence


@pytest.mark.parametrize(
    ("views", "retried"),
    [
        ({"master1": UNFINISHED}, True),
        ({"master1": replace(UNFINISHED, members=(OWN_MEMBER,))}, True),
        ({"master1": replace(UNFINISHED, ready=False, nodes=())}, True),
        ({"master1": NodeView((CA,), None, CA_CERTIFICATE, init_begun=True, init_unfinished=True)}, True),
        ({"master1": CLEAN}, False),
        ({"master1": None}, False),
        # Nothing was begun, so there is nothing to take back.
        ({"master1": replace(CLEAN, init_begun=True, init_unfinished=True)}, False),
        ({"master1": replace(UNFINISHED, init_unfinished=False)}, False),
        ({"master1": replace(UNFINISHED, busy=True)}, False),
        ({"master1": replace(UNFINISHED, api_server_url=FOREIGN)}, False),
        ({"master1": replace(UNFINISHED, nodes=member("master1", "worker1").nodes)}, False),
        ({"master1": replace(UNFINISHED, members=(OWN_MEMBER, Member("2", "", ("10.0.12.55",))))}, False),
        ({"master1": UNFINISHED, "master3": None}, False),
        ({"master1": UNFINISHED, "master3": NodeView((CA,), None, None)}, False),
        ({"master2": UNFINISHED}, False),
    ],
)
def test_whose_init_is_retried(views: Mapping[str, NodeView | None], retried: bool) -> None:
    assert can_retry_init(CLEANS | views, CLUSTER) is retried


LEAVING = six_host_cluster(removed_nodes=["master1"])


@pytest.mark.parametrize(
    ("former", "begins"),
    [
        (CLEAN, None),
        (None, "master1 could not be read"),
        (member("master1"), "master1 holds /etc/kubernetes/admin.conf"),
    ],
)
def test_a_control_plane_that_is_to_be_none_any_more_may_hold_the_cluster(former: NodeView | None, begins: str) -> None:
    sentence = init_refusal(CLEANS | {"master1": former}, LEAVING, "")
    assert (sentence or "").removeprefix("No cluster was initialized: ").startswith(begins or "")
    assert (sentence is None) is (begins is None)
    unfinished = {"master2": replace(UNFINISHED, nodes=member("master2").nodes), "master1": former}
    assert can_retry_init(CLEANS | unfinished, LEAVING) is (begins is None)


_VIEWS = st.builds(
    NodeView,
    artifacts=st.lists(st.sampled_from([ADMIN, KUBELET, "/var/lib/etcd/member"]), max_size=2).map(tuple),
    api_server_url=st.none() | st.sampled_from([ENDPOINT, FOREIGN]),
    ca_certificate=st.none(),
    ready=st.booleans(),
    init_unfinished=st.booleans(),
)


@given(
    views=st.dictionaries(st.sampled_from([*CONTROL_PLANES, "worker1"]), st.none() | st.just(CLEAN) | _VIEWS),
    answer=st.none() | st.text(),
)
def test_init_is_never_allowed_where_a_cluster_may_be(views: dict[str, NodeView | None], answer: str | None) -> None:
    control_planes = [views.get(name) for name in CONTROL_PLANES]
    certain = answer == "" and all(view is not None and not view.artifacts for view in control_planes)
    assert (init_refusal(views, CLUSTER, answer) is None) == certain
