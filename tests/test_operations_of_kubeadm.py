"""kubeadm's operations: what each host does, seen what every control plane told."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import pytest

from k8s_ha.facts.system import Files, HttpsAnswer
from k8s_ha.kubeadm_config import images_config, init_config, join_config
from k8s_ha.node_state import NodeState, NodeView, init_refusal, join_refusal
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.kubeadm import (
    authority_hash,
    cluster_initialised,
    images_pulled,
    joined,
)
from tests.cluster_stage import CLUSTER, KUBECTL, LABEL, ONE_PLANE, SECRETS, Stage, kubeadm
from tests.node_views import AUTHORITY, KUBELET, NODES, PLANES, VIRGIN, member
from tests.operation_bench import Command, Noop, Step, command, refusal

# openssl x509 -pubkey | openssl rsa -pubin -outform der | openssl dgst -sha256
AUTHORITY_HASH = "sha256:0aee799bc2477f8be7da72cfa3f094eed52da188438ece03f5a3f451b038bdea"
JOINED = (
    "[ -e /etc/kubernetes/kubelet.conf ] && "
    "kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=10s get node {}"
)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def kubeadm_join(name: str, key: str | None) -> list[Step]:
    config = join_config(
        CLUSTER,
        CLUSTER.host(name),
        token=SECRETS.token,
        ca_cert_hash=AUTHORITY_HASH,
        certificate_key=key,
    )
    return kubeadm("kubeadm-join", "join", config, unless=JOINED.format(name))


PULL = 'xargs -r -n 1 -P 3 sh -c \'crictl inspecti "$1" >/dev/null 2>&1 || crictl pull "$1"\' pull'
LISTING = f"printf %s {shlex.quote(images_config(CLUSTER))} | kubeadm config images list --config /dev/stdin"
WORKERS = "grep -E '/(kube-proxy|pause|coredns(/coredns)?):'"
MORE = "printf '%s\\n' flannel:1 cni:2"


@pytest.mark.parametrize(
    ("name", "pipeline"),
    [
        ("master1", f"{{ {LISTING}; {MORE}; }} | {PULL}"),
        ("worker1", f"{{ {LISTING} | {WORKERS}; {MORE}; }} | {PULL}"),
    ],
)
def test_images_are_pulled_on_hosts_that_are_no_nodes(stage: Stage, name: str, pipeline: str) -> None:
    arguments = {"run": stage.run, "flannel_images": ("flannel:1", "cni:2")}
    pull = command(long_command("image-pull", pipeline, seconds=1800))
    assert stage.steps(images_pulled, on=name, facts={Files: {}}, **arguments) == [pull]
    assert stage.steps(images_pulled, on=name, facts={Files: {KUBELET: "any"}}, **arguments) == [
        Noop("the host is a node: its kubelet pulls what it needs")
    ]


def test_a_cluster_is_initialised_where_there_is_none(stage: Stage) -> None:
    stage.facts["master1"][HttpsAnswer] = ""
    assert stage.steps(cluster_initialised, on="master1", executing=False, run=stage.run) == [Command("kubeadm init")]
    config = init_config(
        CLUSTER,
        CLUSTER.host("master1"),
        token=SECRETS.token,
        certificate_key=SECRETS.certificate_key,
        token_ttl="3600s",
    )
    assert not stage.run.minted
    assert stage.steps(cluster_initialised, on="master1", run=stage.run) == kubeadm(
        "kubeadm-init",
        "init --upload-certs --skip-token-print --skip-certificate-key-print",
        config,
        unless="[ -e /etc/kubernetes/admin.conf ] && " + KUBECTL.format("10.0.11.18", "get --raw /readyz"),
        after=LABEL,
    )
    assert stage.run.minted


def test_after_init_the_new_cluster_is_seen(stage: Stage) -> None:
    stage.facts["master1"][HttpsAnswer] = ""
    with stage.on("master1", executing=True):
        steps = cluster_initialised._inner(run=stage.run)
        next(steps)
        stage.hold({"master1": member("master1")})
        assert len(list(steps)) == 1
    assert stage.run.views["master1"] == member("master1")


@pytest.mark.parametrize("executing", [False, True])
@pytest.mark.parametrize(
    ("views", "answer"),
    [
        ({"master3": None}, None),
        ({"master2": NodeView(("/etc/kubernetes/pki/ca.crt",), None, None)}, None),
        ({"master2": member("master1", "master2", ready=False)}, ""),
        ({}, None),
        ({}, "HTTP status 401"),
        ({}, "unclear: no answer within 10 s"),
    ],
)
def test_no_cluster_is_initialised_where_one_may_be(
    stage: Stage, views: Mapping[str, NodeView | None], answer: str | None, executing: bool
) -> None:
    stage.hold(views).facts["master1"][HttpsAnswer] = answer
    reason = init_refusal(dict.fromkeys(PLANES, VIRGIN) | views, CLUSTER, answer)
    assert reason is not None
    assert stage.steps(cluster_initialised, on="master1", executing=executing, run=stage.run) == [refusal(reason)]


@pytest.mark.parametrize("executing", [False, True])
def test_no_second_cluster_is_initialised_beside_the_first(stage: Stage, executing: bool) -> None:
    stage.hold({"master1": VIRGIN, "master2": member("master2", "master3")})
    assert stage.steps(cluster_initialised, on="master1", executing=executing, run=stage.run) == [
        Noop("the cluster exists")
    ]


@pytest.mark.parametrize(("name", "role"), [("master2", "control_plane"), ("worker1", "worker")])
def test_a_virgin_host_joins(stage: Stage, name: str, role: str) -> None:
    stage.hold(ONE_PLANE).run.minted = True
    assert stage.steps(joined, on=name, executing=False, run=stage.run, role=role) == [Command("kubeadm join")]
    key = SECRETS.certificate_key if role == "control_plane" else None
    assert stage.steps(joined, on=name, run=stage.run, role=role) == kubeadm_join(name, key)


def test_the_authority_is_pinned_by_its_key() -> None:
    assert AUTHORITY is not None
    assert authority_hash(AUTHORITY) == AUTHORITY_HASH


def test_before_the_first_cluster_all_but_the_first_control_plane_will_join(stage: Stage) -> None:
    for name in NODES:
        role = "control_plane" if name in PLANES else "worker"
        expected = [] if name == "master1" else [Command("kubeadm join")]
        assert stage.steps(joined, on=name, executing=False, run=stage.run, role=role) == expected


FOREIGN = member(ready=False, server="https://10.9.9.9:6443")
PARTIAL = NodeView((KUBELET,), None, None)


@pytest.mark.parametrize(
    ("views", "minted", "reason"),
    [
        (
            {},
            False,
            "worker1 was not joined: no control plane of the cluster (master1, master2, master3) is healthy and still "
            "part of this run; see what they say above, then run this again, without --serial and --no-wait.",
        ),
        (
            ONE_PLANE,
            False,
            "worker1 was not joined: master1, which leads the cluster, made no join token in this run; run this again "
            "with master1 in it, and without --serial and --no-wait.",
        ),
        (
            ONE_PLANE | {"worker1": None},
            True,
            "worker1: k8s_ha.facts.node.Node could not be read; see the error above; then run this again.",
        ),
        (ONE_PLANE | {"worker1": FOREIGN}, True, join_refusal(FOREIGN, NodeState.FOREIGN, "worker1")),
        (ONE_PLANE | {"worker1": PARTIAL}, True, join_refusal(PARTIAL, NodeState.PARTIAL, "worker1")),
        ({"master1": member(*NODES)}, True, join_refusal(VIRGIN, NodeState.STALE, "worker1")),
    ],
)
def test_a_host_that_may_not_join(
    stage: Stage, views: Mapping[str, NodeView | None], minted: bool, reason: str
) -> None:
    stage.hold(views).run.minted = minted
    assert stage.steps(joined, run=stage.run, role="worker") == [refusal(reason)]


def test_control_planes_join_in_their_order(stage: Stage) -> None:
    stage.hold(ONE_PLANE).run.minted = True
    assert stage.steps(joined, on="master3", run=stage.run, role="control_plane") == [
        refusal(
            "master3 was not joined: control planes join one at a time, and master2 before it is not a node yet; mend "
            "that host and run this again without --serial and --no-wait."
        )
    ]
    stage.hold({"master1": member("master1", "master2")})
    assert stage.steps(joined, on="master3", run=stage.run, role="control_plane") == kubeadm_join(
        "master3", SECRETS.certificate_key
    )


def test_a_control_plane_that_takes_no_part_is_not_waited_for(stage: Stage) -> None:
    stage.hold(ONE_PLANE).run.minted = True
    stage.state.activated_hosts.remove(stage.state.inventory.get_host("master2"))
    assert stage.steps(joined, on="master3", run=stage.run, role="control_plane") == kubeadm_join(
        "master3", SECRETS.certificate_key
    )


@pytest.mark.parametrize("executing", [False, True])
@pytest.mark.parametrize("name", ["master1", "worker1"])
def test_a_member_stays(stage: Stage, name: str, executing: bool) -> None:
    stage.hold({name: member(*NODES) for name in NODES})
    role = "control_plane" if name in PLANES else "worker"
    assert stage.steps(joined, on=name, executing=executing, run=stage.run, role=role) == [
        Noop("the host is a node of the cluster")
    ]
