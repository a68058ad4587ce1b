"""kubeadm's operations: what each host does, seen what every control plane told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from k8s_ha.cluster_state.node_state import init_refusal
from k8s_ha.desired.kubeadm_config import images_config, init_config
from k8s_ha.facts.node import INIT_MARKER, Node, init_unfinished_script
from k8s_ha.facts.system import Files, HttpsAnswer
from k8s_ha.observations.node import NodeView
from k8s_ha.operations import cluster, commands
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.kubeadm import images_pulled, initialized
from k8s_ha.operations.kubeadm import init as operations
from k8s_ha.resources import read_file, shell_variables
from tests.support.cluster_stage import CLUSTER, KUBECTL, LABEL, SECRETS, Stage, kubeadm, reset
from tests.support.node_views import ADMIN, API_SERVER, CLEAN, CONTROL_PLANES, KUBELET, member
from tests.support.operation_bench import Command, Noop, Step, command, refusal


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


PULL = 'crictl inspecti "$1" >/dev/null 2>&1 || crictl pull "$1"'
WORKERS = "/(kube-proxy|pause|coredns(/coredns)?):"


@pytest.mark.parametrize(("name", "needed"), [("master1", ""), ("worker1", WORKERS)])
def test_images_are_pulled_on_hosts_that_are_no_nodes(stage: Stage, name: str, needed: str) -> None:
    arguments = {"run": stage.run, "flannel_images": ("flannel:1", "cni:2")}
    values = {"HOST": name, "CONFIG": images_config(CLUSTER), "NEEDED": needed, "MORE": "flannel:1 cni:2", "PULL": PULL}
    pull = command(long_command("image-pull", shell_variables(values) + read_file("pull-images.sh"), seconds=1800))
    assert stage.steps(images_pulled, on=name, facts={Files: {}}, **arguments) == [pull]
    assert stage.steps(images_pulled, on=name, facts={Files: {KUBELET: "any"}}, **arguments) == [
        Noop("the host is a node: its kubelet pulls what it needs")
    ]


def test_a_cluster_is_initialized_where_there_is_none(stage: Stage) -> None:
    stage.facts["master1"][HttpsAnswer] = ""
    assert stage.steps(initialized, on="master1", executing=False, run=stage.run) == [Command("kubeadm init")]
    assert not stage.run.secrets.in_cluster
    assert stage.steps(initialized, on="master1", run=stage.run) == kubeadm_init()


def kubeadm_init() -> list[Step]:
    config = init_config(
        CLUSTER,
        CLUSTER.host("master1"),
        token=SECRETS.token,
        certificate_key=SECRETS.certificate_key,
        token_ttl="3600s",
    )
    return kubeadm(
        "kubeadm-init",
        "init --upload-certs --skip-token-print --skip-certificate-key-print",
        config,
        unless="[ -e /etc/kubernetes/admin.conf ] && " + KUBECTL.format("10.0.11.18", "get --raw /readyz"),
        after=LABEL,
        marker=INIT_MARKER,
    )


UNFINISHED = replace(member("master1"), init_begun=True, init_unfinished=True)
RESET = reset(unless=init_unfinished_script("10.0.11.18") + "! is_init_unfinished")


def retried(stage: Stage, after: Mapping[str, NodeView | None], answers: list[str]) -> list[Step]:
    """What an unfinished init on master1 leads to, where hosts hold ``after`` when it was reset."""
    stage.hold({"master1": UNFINISHED}).facts["master1"][HttpsAnswer] = lambda **_: answers.pop(0)
    steps: list[Step] = []
    with stage.on("master1", executing=True):
        for step in initialized._inner(run=stage.run):
            steps.append(command(step))
            if steps == [RESET]:
                stage.hold(after)
    assert answers == []
    return steps


def test_an_init_that_did_not_come_to_its_end_is_reset_and_is_retried(stage: Stage) -> None:
    stage.hold({"master1": UNFINISHED})
    planned = stage.steps(initialized, on="master1", executing=False, run=stage.run)
    assert planned == [Command("kubeadm reset, kubeadm init")]
    assert retried(stage, {"master1": CLEAN}, [""]) == [RESET, *kubeadm_init()]


def test_a_load_balancer_is_given_time_to_see_that_its_control_plane_was_reset(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "SECONDS_BETWEEN_POLLS", 0)
    answers = ["HTTP status 403", "unclear: no answer within 10 s", ""]
    assert retried(stage, {"master1": CLEAN}, answers) == [RESET, *kubeadm_init()]


def test_after_a_reset_the_same_is_asked_as_before_any_init(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "SECONDS_TO_FALL_SILENT", -1)
    after: dict[str, NodeView | None] = dict.fromkeys(CONTROL_PLANES, CLEAN) | {
        "master2": member("master2", ready=False)
    }
    for views, answer in ((dict.fromkeys(CONTROL_PLANES, CLEAN), "HTTP status 401"), (after, "")):
        reason = init_refusal(views, CLUSTER, answer)
        assert reason is not None
        assert retried(stage, views, [answer]) == [RESET, refusal(reason)]
        stage.hold(dict.fromkeys(CONTROL_PLANES, CLEAN))


def test_an_init_that_is_found_to_have_ended_when_it_was_to_be_reset_is_the_cluster(stage: Stage) -> None:
    ended = replace(member("master1"), init_begun=True)
    assert retried(stage, {"master1": ended}, []) == [RESET]


BOOTING = replace(member("master1", ready=False), artifacts=(ADMIN, KUBELET, API_SERVER))


@pytest.mark.parametrize(
    "view",
    [BOOTING, replace(BOOTING, init_begun=True), replace(BOOTING, ready=True, nodes=())],
    ids=["silent", "init not told to have ended", "ready, and tells no nodes yet"],
)
def test_a_control_plane_that_was_booted_just_now_is_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, view: NodeView
) -> None:
    monkeypatch.setattr(commands, "SECONDS_BETWEEN_POLLS", 0)
    looks = [view, view, member("master1")]
    stage.facts["master1"][Node] = lambda **_: looks.pop(0)
    assert stage.steps(initialized, on="master1", run=stage.run) == [Noop("the cluster exists")]
    assert looks == []


@pytest.mark.parametrize("name", ["master1", "master3"])
@pytest.mark.parametrize("view", [BOOTING, replace(BOOTING, init_begun=True)])
def test_a_control_plane_that_does_not_come_up_may_hold_a_cluster(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str, view: NodeView
) -> None:
    monkeypatch.setattr(cluster, "SECONDS_TO_SERVE", -1)
    stage.hold({name: view}).facts["master1"][HttpsAnswer] = ""
    reason = init_refusal(dict.fromkeys(CONTROL_PLANES, CLEAN) | {name: view}, CLUSTER, "")
    assert reason is not None
    assert stage.steps(initialized, on="master1", run=stage.run) == [refusal(reason)]


@pytest.mark.parametrize(
    ("secrets", "created"),
    [
        (("secret/bootstrap-token-abcdef", "secret/kubeadm-certs"), True),
        # Another run's init, which came to its end while the lock was waited for.
        (("secret/bootstrap-token-ghijkl", "secret/kubeadm-certs"), False),
    ],
)
def test_after_init_the_new_cluster_is_seen(stage: Stage, secrets: tuple[str, ...], created: bool) -> None:
    stage.facts["master1"][HttpsAnswer] = ""
    with stage.on("master1", executing=True):
        steps = initialized._inner(run=stage.run)
        next(steps)
        stage.hold({"master1": member("master1", secrets=secrets)})
        assert len(list(steps)) == 1
    assert stage.run.snapshot is not None
    assert stage.run.snapshot.views["master1"] == member("master1", secrets=secrets)
    assert stage.run.secrets.in_cluster is created


def test_an_init_that_goes_on_is_waited_for(stage: Stage) -> None:
    begun = NodeView(("/etc/kubernetes/pki/ca.crt",), None, None, busy=True)
    looks = [begun, begun, member("master1"), member("master1")]
    stage.hold({"master1": begun})
    waited_for = Noop("a kubeadm is at work, and is waited for")
    assert stage.steps(initialized, on="master1", executing=False, run=stage.run) == [waited_for]
    stage.facts["master1"][Node] = lambda **_: looks.pop(0)
    assert stage.steps(initialized, on="master1", run=stage.run) == [Noop("the cluster exists")]
    assert looks == []


@pytest.mark.parametrize("executing", [False, True])
@pytest.mark.parametrize(
    ("views", "answer"),
    [
        ({"master3": None}, None),
        ({"master2": NodeView(("/etc/kubernetes/pki/ca.crt",), None, None)}, None),
        ({"master2": member("master1", "master2", ready=False)}, ""),
        ({"master1": replace(member("master1"), init_begun=True, init_unfinished=True), "master3": None}, ""),
        ({"master2": replace(member("master2"), init_begun=True, init_unfinished=True)}, ""),
        ({}, None),
        ({}, "HTTP status 401"),
        ({}, "unclear: no answer within 10 s"),
    ],
)
def test_no_cluster_is_initialized_where_one_may_be(
    stage: Stage, views: Mapping[str, NodeView | None], answer: str | None, executing: bool
) -> None:
    stage.hold(views).facts["master1"][HttpsAnswer] = answer
    reason = init_refusal(dict.fromkeys(CONTROL_PLANES, CLEAN) | views, CLUSTER, answer)
    assert reason is not None
    assert stage.steps(initialized, on="master1", executing=executing, run=stage.run) == [refusal(reason)]


@pytest.mark.parametrize("executing", [False, True])
def test_no_second_cluster_is_initialized_beside_the_first(stage: Stage, executing: bool) -> None:
    stage.hold({"master1": CLEAN, "master2": member("master2", "master3")})
    assert stage.steps(initialized, on="master1", executing=executing, run=stage.run) == [Noop("the cluster exists")]
