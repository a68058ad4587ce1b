"""What a host that joins does, whatever an earlier attempt has left, and what the leader forgets first."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

import k8s_ha.operations.cluster
from k8s_ha.cluster_state.node_state import Membership, NodeState, join_refusal
from k8s_ha.desired.kubeadm_config import join_config, mark_config
from k8s_ha.facts.node import INIT_MARKER, Node
from k8s_ha.facts.system import HttpsAnswer
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import ClusterNode, Kubeconfig, NodeView
from k8s_ha.operations import commands
from k8s_ha.operations.kubeadm.join import ca_certificate_hash, joined, stale_members_removed
from tests.support.authorities import authority
from tests.support.cluster_stage import CLUSTER, KUBECTL, ONE_CONTROL_PLANE, SECRETS, Stage, kubeadm, reset
from tests.support.node_views import ADMIN, CA_CERTIFICATE, CLEAN, CONTROL_PLANES, ENDPOINT, KUBELET, NODES, member
from tests.support.operation_bench import Command, Noop, Step, refusal

# openssl x509 -pubkey | openssl rsa -pubin -outform der | openssl dgst -sha256
AUTHORITY_HASH = "sha256:0aee799bc2477f8be7da72cfa3f094eed52da188438ece03f5a3f451b038bdea"
JOINED = (
    "[ -e /etc/kubernetes/kubelet.conf ] && "
    "kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=10s get node {}"
)
LABELLED = " -o jsonpath='{.metadata.labels}' | grep -q -e /control-plane -e /master"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


WHOLE = member(*NODES).nodes


def kubeadm_join(name: str, key: str | None) -> list[Step]:
    config = join_config(
        CLUSTER,
        CLUSTER.host(name),
        token=SECRETS.token,
        ca_cert_hash=AUTHORITY_HASH,
        certificate_key=key,
    )
    return kubeadm("kubeadm-join", "join", config, unless=is_member(name))


def is_member(name: str) -> str:
    return JOINED.format(name) + (LABELLED if name in CONTROL_PLANES else "")


@pytest.mark.parametrize(("name", "role"), [("master2", "control_plane"), ("worker1", "worker")])
def test_a_virgin_host_joins(stage: Stage, name: str, role: str) -> None:
    stage.hold(ONE_CONTROL_PLANE).run.secrets.in_cluster = True
    assert stage.steps(joined, on=name, executing=False, run=stage.run, member=CLUSTER.host(name)) == [
        Command("kubeadm join")
    ]
    key = SECRETS.certificate_key if role == "control_plane" else None
    assert stage.steps(joined, on=name, run=stage.run, member=CLUSTER.host(name)) == kubeadm_join(name, key)


def test_of_a_ca_of_several_certificates_that_of_admin_conf_is_pinned(stage: Stage) -> None:
    leading = ONE_CONTROL_PLANE["master1"]
    assert leading is not None
    rotated = replace(
        leading,
        ca_certificate=f"{authority('newer')}\n{CA_CERTIFICATE}",
        kubeconfigs=(Kubeconfig("/etc/kubernetes/admin.conf", ENDPOINT, True, CA_CERTIFICATE),),
    )
    stage.hold({**ONE_CONTROL_PLANE, "master1": rotated}).run.secrets.in_cluster = True
    steps = stage.steps(joined, on="worker1", run=stage.run, member=CLUSTER.host("worker1"))
    assert steps == kubeadm_join("worker1", None)


def test_the_authority_is_pinned_by_its_key() -> None:
    assert ca_certificate_hash(CA_CERTIFICATE) == AUTHORITY_HASH


CUT_OFF = "\n".join(CA_CERTIFICATE.splitlines()[:5]) if CA_CERTIFICATE else ""


@pytest.mark.parametrize("damaged", ["no PEM", CUT_OFF, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"])
def test_what_is_no_certificate_has_no_hash(damaged: str) -> None:
    assert ca_certificate_hash(damaged) is None


def test_an_authority_with_a_key_of_an_unknown_kind_refuses_the_join_by_the_leaders_name(stage: Stage) -> None:
    assert CA_CERTIFICATE is not None
    encoded = load_pem_x509_certificate(CA_CERTIFICATE.encode()).public_bytes(Encoding.DER)
    unknown = encoded.replace(bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a864886f70d01017f"))
    text = ssl.DER_cert_to_PEM_cert(unknown).strip()
    leader = replace(ONE_CONTROL_PLANE["master1"], ca_certificate=text)
    stage.hold({**ONE_CONTROL_PLANE, "master1": leader}).run.secrets.in_cluster = True
    assert stage.steps(joined, on="worker1", run=stage.run, member=CLUSTER.host("worker1")) == [
        refusal(
            "worker1 was not joined: the cluster's CA on master1, the leader, is no certificate that can be read; put "
            "it back there from another control plane, then run this again."
        )
    ]


def test_before_the_first_cluster_all_but_the_first_control_plane_will_join(stage: Stage) -> None:
    for name in NODES:
        first = Noop("it is initialized, not joined")
        expected = [first] if name == "master1" else [Command("kubeadm join")]
        assert stage.steps(joined, on=name, executing=False, run=stage.run, member=CLUSTER.host(name)) == expected


FOREIGN = member(ready=False, api_server_url="https://10.9.9.9:6443")
CA = "/etc/kubernetes/pki/ca.crt"
PARTIAL = NodeView(("/etc/kubernetes/bootstrap-kubelet.conf", CA), ENDPOINT, CA_CERTIFICATE)


def refused(view: NodeView, state: NodeState) -> str:
    return join_refusal(view, Membership(), state, CLUSTER.host("worker1"), CLUSTER.endpoint)


@pytest.mark.parametrize(
    ("views", "created", "reason"),
    [
        (
            {},
            False,
            "worker1 was not joined: no control plane of the cluster (master1, master2, master3) is healthy and still "
            "part of this run; see what they say above, then run this again, without --serial and --no-wait.",
        ),
        (
            ONE_CONTROL_PLANE,
            False,
            "worker1 was not joined: master1, the leader, made no join token in this run; run this again "
            "with master1 in it, and without --serial and --no-wait.",
        ),
        (
            ONE_CONTROL_PLANE | {"worker1": None},
            True,
            "worker1: k8s_ha.facts.node.Node could not be read; see the error above; then run this again.",
        ),
        (ONE_CONTROL_PLANE | {"worker1": FOREIGN}, True, refused(FOREIGN, NodeState.FOREIGN)),
        ({"master1": member(*NODES), "worker1": PARTIAL}, True, refused(PARTIAL, NodeState.PARTIAL)),
        ({"master1": member(*NODES)}, True, refused(CLEAN, NodeState.REPLACED)),
    ],
)
def test_a_host_that_may_not_join(
    stage: Stage, views: Mapping[str, NodeView | None], created: bool, reason: str
) -> None:
    stage.hold(views).run.secrets.in_cluster = created
    assert stage.steps(joined, run=stage.run, member=CLUSTER.host("worker1")) == [refusal(reason)]


def test_control_planes_join_in_their_order(stage: Stage) -> None:
    stage.hold(ONE_CONTROL_PLANE).run.secrets.in_cluster = True
    assert stage.steps(joined, on="master3", run=stage.run, member=CLUSTER.host("master3")) == [
        refusal(
            "master3 was not joined: control planes join one at a time, and master2 before it is not a node yet; fix "
            "that host and run this again without --serial and --no-wait."
        )
    ]
    stage.hold({"master1": member("master1", "master2")})
    assert stage.steps(joined, on="master3", run=stage.run, member=CLUSTER.host("master3")) == kubeadm_join(
        "master3", SECRETS.certificate_key
    )


@pytest.fixture
def two_control_planes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Control planes that the run has seen well before master3 looks again, without waiting between its looks."""
    monkeypatch.setattr(commands, "SECONDS_BETWEEN_POLLS", 0)
    stage.hold({"master1": member("master1", "master2")}).run.secrets.in_cluster = True
    assert isinstance(stage.steps(joined, on="master1", run=stage.run, member=CLUSTER.host("master1"))[0], Noop)
    return stage


def test_a_control_plane_joins_when_etcd_has_elected(two_control_planes: Stage) -> None:
    looks = [member("master1", "master2", ready=ready) for ready in (False, False, True)]
    two_control_planes.facts["master1"][Node] = lambda **_: looks.pop(0)
    assert two_control_planes.steps(
        joined, on="master3", run=two_control_planes.run, member=CLUSTER.host("master3")
    ) == kubeadm_join("master3", SECRETS.certificate_key)
    assert looks == []


def test_a_quorum_lost_meanwhile_is_named(two_control_planes: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(k8s_ha.operations.cluster, "SECONDS_TO_ELECT", 0)
    members = (Member("1", "master1", ("10.0.11.18",)), Member("2", "master2", ("10.0.12.55",)))
    two_control_planes.hold({"master1": replace(member("master1", ready=False), members=members), "master2": None})
    lost = (
        "etcd has no quorum: its members are master1, master2, and only master1 answers; a majority of them must; "
        "bring master2 back and run this again; no member is given up by this run."
    )
    for name in ("master3", "worker1"):
        assert two_control_planes.steps(joined, on=name, run=two_control_planes.run, member=CLUSTER.host(name)) == [
            refusal(f"{name} was not joined: {lost}")
        ]


def test_a_control_plane_that_takes_no_part_is_not_waited_for(stage: Stage) -> None:
    stage.hold(ONE_CONTROL_PLANE).run.secrets.in_cluster = True
    stage.state.activated_hosts.remove(stage.state.inventory.get_host("master2"))
    assert stage.steps(joined, on="master3", run=stage.run, member=CLUSTER.host("master3")) == kubeadm_join(
        "master3", SECRETS.certificate_key
    )


@pytest.mark.parametrize("executing", [False, True])
@pytest.mark.parametrize("name", ["master1", "worker1"])
def test_a_member_stays(stage: Stage, name: str, executing: bool) -> None:
    stage.hold({name: member(*NODES) for name in NODES})
    assert stage.steps(joined, on=name, executing=executing, run=stage.run, member=CLUSTER.host(name)) == [
        Noop("the host is a node of the cluster")
    ]


def test_other_control_planes_wait_for_the_one_that_joins(stage: Stage) -> None:
    steps = stage.steps(joined, on="master1", run=stage.run, member=CLUSTER.host("master2"))
    assert steps == [Noop("another host joins")]


def test_a_member_whose_init_has_ended_after_all_is_not_marked_any_more(stage: Stage) -> None:
    stage.hold({"master1": replace(member(*NODES), init_begun=True)})
    arguments = {"run": stage.run, "member": CLUSTER.host("master1")}
    assert stage.steps(joined, on="master1", **arguments) == [Command(f"rm -f {INIT_MARKER}")]
    stage.hold({"master1": replace(member(*NODES), init_begun=True, busy=True)}).run.snapshot = None
    assert stage.steps(joined, on="master1", **arguments) == [Noop("the host is a node of the cluster")]


@pytest.mark.parametrize("name", ["master1", "master2"])
def test_a_control_plane_that_serves_without_its_label_gets_it(stage: Stage, name: str) -> None:
    """Its join was cut off just before the last phase, or somebody took the label away."""
    unlabelled = tuple(replace(node, control_plane=node.name in CONTROL_PLANES and node.name != name) for node in WHOLE)
    stage.hold({control_plane: replace(member(*NODES), nodes=unlabelled) for control_plane in CONTROL_PLANES})
    phase = "init phase mark-control-plane"
    arguments = {"run": stage.run, "member": CLUSTER.host(name)}
    marked = kubeadm("kubeadm-mark", phase, mark_config(CLUSTER, CLUSTER.host(name)), unless=is_member(name))
    for executing in (False, True):
        assert stage.steps(joined, on=name, executing=executing, **arguments) == marked


@pytest.mark.parametrize("name", ["master2", "worker1"])
def test_a_host_whose_join_was_cut_off_is_reset_and_joins(stage: Stage, name: str) -> None:
    stage.hold(ONE_CONTROL_PLANE | {name: PARTIAL}).run.secrets.in_cluster = True
    assert stage.steps(joined, on=name, executing=False, run=stage.run, member=CLUSTER.host(name)) == [
        Command("kubeadm reset, kubeadm join")
    ]
    assert stage.steps(joined, on=name, run=stage.run, member=CLUSTER.host(name)) == [
        reset(unless=is_member(name), name=name),
        *kubeadm_join(name, SECRETS.certificate_key if name in CONTROL_PLANES else None),
    ]


def knowing(*members: Member, unready: str, control_plane: bool = False) -> NodeView:
    """master1, which leads, with a node that is not Ready."""
    nodes = (*member("master1").nodes, ClusterNode(unready, False, "v1.30.14", control_plane))
    return replace(member("master1"), nodes=nodes, members=members)


REMOVE = (
    "curl -fsS --max-time 20 --noproxy '*' --cacert /etc/kubernetes/pki/etcd/ca.crt "
    "--cert /etc/kubernetes/pki/etcd/healthcheck-client.crt --key /etc/kubernetes/pki/etcd/healthcheck-client.key "
    """https://127.0.0.1:2379/v3/cluster/member/remove -d '{"ID": "%s"}'"""
)
DELETE = KUBECTL.format("10.0.11.18", "delete node %s --ignore-not-found --wait=false")
FIRST, SECOND = Member("11", "master1", ("10.0.11.18",)), Member("22", "master2", ("10.0.12.55",))
NOT_LABELLED = (*member("master1").nodes, ClusterNode("master2", True, "v1.30.14", False))
NOBODY = "the cluster has no stale member of a host that rejoins"
CUT_OFF_PLANE = NodeView((ADMIN, KUBELET, CA), ENDPOINT, CA_CERTIFICATE)


@pytest.mark.parametrize(
    ("views", "steps"),
    [
        ({"master1": member("master1")}, [Noop(NOBODY)]),
        ({"master1": member(*NODES)}, [Noop(NOBODY)]),
        ({"master1": knowing(unready="worker1")}, [Command(DELETE % "worker1")]),
        (
            {"master1": knowing(FIRST, SECOND, unready="master2", control_plane=True)},
            [Command(REMOVE % "22"), Command(DELETE % "master2")],
        ),
        (
            {"master1": replace(member("master1"), members=(FIRST, replace(SECOND, name="")))},
            [Command(REMOVE % "22")],
        ),
        (
            {"master1": replace(member("master1", "master2"), nodes=NOT_LABELLED), "master2": CUT_OFF_PLANE},
            [Command(DELETE % "master2")],
        ),
        # Not one that cannot be read: it may come back as it was.
        ({"master1": knowing(unready="worker1"), "worker1": None}, [Noop(NOBODY)]),
        # Nor another cluster's, nor one of a name under which somebody lives.
        ({"master1": knowing(unready="worker1"), "worker1": FOREIGN}, [Noop(NOBODY)]),
        ({"master1": member("master1", "worker1")}, [Noop(NOBODY)]),
    ],
)
@pytest.mark.parametrize("executing", [False, True])
def test_the_leader_removes_stale_members_of_hosts_that_rejoin(
    stage: Stage, views: Mapping[str, NodeView | None], steps: list[Step], executing: bool
) -> None:
    stage.hold(views)
    assert stage.steps(stale_members_removed, on="master1", executing=executing, run=stage.run) == steps
    assert stage.steps(stale_members_removed, on="master1", executing=executing, run=stage.run) == [
        Noop("an earlier phase has done it")
    ]


def test_only_the_leader_forgets(stage: Stage) -> None:
    stage.hold({"master1": knowing(unready="worker1")})
    assert stage.steps(stale_members_removed, on="master2", run=stage.run) == [
        Noop("another control plane is the leader")
    ]


def test_a_join_of_another_run_that_is_at_work_is_waited_for(stage: Stage) -> None:
    stage.hold({"master1": knowing(unready="worker1")})
    looks = [replace(PARTIAL, busy=True), replace(PARTIAL, busy=True), CLEAN]
    stage.facts["worker1"][Node] = lambda **_: looks.pop(0)
    assert stage.steps(stale_members_removed, on="master1", run=stage.run) == [Command(DELETE % "worker1")]
    assert looks == []


def test_a_look_before_the_run_does_not_wait(stage: Stage) -> None:
    stage.hold({"master1": knowing(unready="worker1"), "worker1": replace(PARTIAL, busy=True)})
    assert stage.steps(stale_members_removed, on="master1", executing=False, run=stage.run) == [Noop(NOBODY)]


@pytest.mark.parametrize("answer", ["", "unclear: no answer within 10 s"])
def test_a_join_is_refused_at_once_where_the_load_balancer_does_not_answer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr("k8s_ha.operations.kubeadm.join.SECONDS_FOR_THE_ENDPOINT", 0)
    stage.hold(ONE_CONTROL_PLANE).run.secrets.in_cluster = True
    stage.facts["worker1"][HttpsAnswer] = answer
    assert stage.steps(joined, on="worker1", run=stage.run, member=CLUSTER.host("worker1")) == [
        refusal(
            "worker1 was not joined: no API server answers it at the endpoint 10.0.1.157:6443; see that the load "
            "balancer runs and passes on to the control plane, then run this again."
        )
    ]
