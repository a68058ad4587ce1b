"""kubeadm's operations: what each host does, seen what every control plane told."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import pytest

from k8s_ha.facts.node import Node
from k8s_ha.facts.system import Files, HttpsAnswer
from k8s_ha.kubeadm_config import images_config, init_config
from k8s_ha.node_state import NodeView, init_refusal
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.kubeadm import cluster_initialised, images_pulled
from tests.cluster_stage import CLUSTER, KUBECTL, LABEL, SECRETS, Stage, kubeadm
from tests.node_views import KUBELET, PLANES, VIRGIN, member
from tests.operation_bench import Command, Noop, command, refusal


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


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
    assert stage.steps(cluster_initialised, on="master1", run=stage.run) == kubeadm(
        "kubeadm-init",
        "init --upload-certs --skip-token-print --skip-certificate-key-print",
        config,
        unless="[ -e /etc/kubernetes/admin.conf ] && " + KUBECTL.format("10.0.11.18", "get --raw /readyz"),
        after=LABEL,
    )


@pytest.mark.parametrize(
    ("secrets", "minted"),
    [
        (("secret/bootstrap-token-abcdef", "secret/kubeadm-certs"), True),
        # Another run's init, which came to its end while the lock was waited for.
        (("secret/bootstrap-token-ghijkl", "secret/kubeadm-certs"), False),
    ],
)
def test_after_init_the_new_cluster_is_seen(stage: Stage, secrets: tuple[str, ...], minted: bool) -> None:
    stage.facts["master1"][HttpsAnswer] = ""
    with stage.on("master1", executing=True):
        steps = cluster_initialised._inner(run=stage.run)
        next(steps)
        stage.hold({"master1": member("master1", secrets=secrets)})
        assert len(list(steps)) == 1
    assert stage.run.views["master1"] == member("master1", secrets=secrets)
    assert stage.run.minted is minted


def test_an_init_that_goes_on_is_waited_for(stage: Stage) -> None:
    begun = NodeView(("/etc/kubernetes/pki/ca.crt",), None, None, busy=True)
    looks = [begun, begun, member("master1"), member("master1")]
    stage.hold({"master1": begun})
    waited_for = Noop("a kubeadm is at work, and is waited for")
    assert stage.steps(cluster_initialised, on="master1", executing=False, run=stage.run) == [waited_for]
    stage.facts["master1"][Node] = lambda **_: looks.pop(0)
    assert stage.steps(cluster_initialised, on="master1", run=stage.run) == [Noop("the cluster exists")]
    assert looks == []


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
