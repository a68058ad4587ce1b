"""The last look: who takes it, how long, and what it leaves; and the probe's pods, which always go again."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from pyinfra.api import FunctionCommand, Host, StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine

import k8s_ha.operations.probe
import k8s_ha.operations.verify
from k8s_ha.facts.cluster import ClusterHealth
from k8s_ha.facts.probe import Pods, ReachedFromHost, ReachedFromPods
from k8s_ha.facts.proof import Proof
from k8s_ha.findings import Finding
from k8s_ha.health import SILENCE, Health
from k8s_ha.node_state import NodeState
from k8s_ha.operations.probe import pods_probed
from k8s_ha.operations.verify import cluster_verified
from k8s_ha.probe import ProbePods
from k8s_ha.run import Run
from tests.cluster_health import complete_health, complete_proofs
from tests.cluster_stage import Stage
from tests.example_cluster import six_host_cluster
from tests.operation_bench import Noop, Step, refusal

CLUSTER = six_host_cluster(verify_timeout_seconds=1)
COMPLETE = complete_health(CLUSTER)
WHOLE = complete_proofs(CLUSTER)
BROKEN = replace(COMPLETE, endpoint_answers=False)
ENDPOINT_GONE = "the cluster: the API does not answer at the endpoint 10.0.1.157:6443"
ELSEWHERE = [Noop("master1 looks")]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Six hosts of a finished cluster whose time to be verified is a second."""
    for module in (k8s_ha.operations.verify, k8s_ha.operations.probe):
        monkeypatch.setattr(module, "SECONDS_BETWEEN_LOOKS", 0.01)
    stage = Stage(monkeypatch)
    stage.run = Run(CLUSTER)
    for name, proof in WHOLE.items():
        stage.facts[name] |= {Proof: proof, ClusterHealth: SILENCE}
    for plane in ("master1", "master2", "master3"):
        stage.facts[plane][ClusterHealth] = COMPLETE
    return stage


def verified(stage: Stage, on: str = "master1", **arguments: Any) -> list[Step]:
    return stage.steps(cluster_verified, on=on, run=stage.run, **arguments)


def failing(sentences: str) -> list[Step]:
    return [refusal(f"The cluster does not work as it should after 1 seconds: {sentences}.")]


def test_one_host_looks_for_all(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("master2", "worker1", "master-lb"):
        assert verified(stage, on=name) == ELSEWHERE
    with caplog.at_level("INFO", logger="pyinfra"):
        assert verified(stage) == []
    assert caplog.messages[0] == "The cluster answers at https://10.0.1.157:6443, Kubernetes 1.30.14."
    assert stage.run.findings == []
    assert len(stage.run.certificates) == 3
    assert stage.run.states_after == dict.fromkeys((node.name for node in CLUSTER.nodes), NodeState.JOINED)


def test_the_look_waits_for_what_is_missing_and_asks_no_host_before(stage: Stage) -> None:
    looks, proofs = [BROKEN, BROKEN, COMPLETE], [WHOLE["worker1"]]
    stage.facts["master1"][ClusterHealth] = lambda **_: looks.pop(0)
    stage.facts["worker1"][Proof] = lambda **_: proofs.pop()
    assert verified(stage) == []
    assert (looks, proofs) == ([], [])


def test_the_look_waits_for_what_hosts_miss(stage: Stage) -> None:
    proofs = [WHOLE["worker1"], replace(WHOLE["worker1"], proxy="no connection")]
    stage.facts["worker1"][Proof] = lambda **_: proofs.pop()
    assert verified(stage) == []
    assert proofs == []


def test_the_look_has_an_end_and_shows_what_is_wrong(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.facts["master1"][ClusterHealth] = BROKEN
    stage.facts["worker1"][Proof] = replace(WHOLE["worker1"], kubelet="no connection")
    assert verified(stage) == failing(f"{ENDPOINT_GONE}; worker1: its kubelet is not well: no connection")
    assert [finding.host for finding in stage.run.findings] == ["the cluster", "worker1"]
    assert re.match(r"host +check +found +wanted +what to do", caplog.messages[0])
    assert stage.run.states_after["worker1"] is NodeState.JOINED


def test_a_warning_is_shown_and_is_no_failure(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.facts["worker1"][Proof] = replace(WHOLE["worker1"], certificates={"/a.crt": None})
    assert verified(stage) == []
    assert [finding.severity for finding in stage.run.findings] == ["warning"]
    assert "/a.crt holds no certificate" in caplog.text


def test_any_control_plane_can_tell(stage: Stage) -> None:
    stage.facts["master1"][ClusterHealth] = SILENCE
    stage.facts["master2"][ClusterHealth] = None
    assert verified(stage) == []


def test_where_no_api_server_answers_hosts_are_looked_at_all_the_same(stage: Stage) -> None:
    for plane in ("master1", "master2", "master3"):
        stage.facts[plane][ClusterHealth] = SILENCE
    stage.facts["master2"][Proof] = None
    assert verified(stage) == failing(
        "the cluster: no control plane's own API server is ready; master2: it could not be looked at"
    )
    assert set(stage.run.states_after) == {"master1", "master3", "worker1", "worker2"}


def test_where_the_first_hosts_are_lost_another_one_looks(stage: Stage) -> None:
    for name in ("master1", "master2", "master3"):
        stage.state.failed_hosts.add(stage.state.inventory.get_host(name))
    assert verified(stage, on="worker2") == [Noop("worker1 looks")]
    assert verified(stage, on="worker1")[0] != Noop("worker1 looks")


def test_hosts_that_come_later_do_not_look_again(stage: Stage) -> None:
    assert verified(stage) == []
    stage.state.failed_hosts.add(stage.state.inventory.get_host("master1"))
    assert verified(stage, on="master2") == ELSEWHERE


def test_nothing_is_waited_for_on_a_host_that_failed_in_this_run(stage: Stage) -> None:
    stage.run = Run(six_host_cluster(verify_timeout_seconds=3600))
    stage.state.failed_hosts.add(stage.state.inventory.get_host("worker1"))
    stage.facts["master1"][ClusterHealth] = replace(COMPLETE, nodes={**COMPLETE.nodes, "worker1": False})
    assert verified(stage) == [
        refusal(
            "The cluster does not work as it should: worker1: worker1 is not Ready; worker1: it could not be looked at."
        )
    ]


def test_before_the_first_cluster_nothing_is_read(stage: Stage) -> None:
    for facts in stage.facts.values():
        facts.clear()
    assert verified(stage, executing=False) == []


PODS = ProbePods(
    addresses={f"probe-{number}": f"10.244.{number}.9" for number in range(1, 6)},
    services={f"to-{number}": f"10.96.9.{number}" for number in range(1, 6)},
)
NO_PODS = ProbePods(troubles={f"probe-{number}": "not found" for number in range(1, 6)})


def _answers(urls: list[str]) -> Iterator[tuple[str, str]]:
    """What every pod and Service says when it is asked."""
    for url in urls:
        number = re.match(r"10\.244\.(\d)|10\.96\.9\.(\d)|to-(\d)", url)
        assert number, url
        yield url, f"probe-{next(filter(None, number.groups()))}"


class Kubectl:
    """What is run on hosts beside facts: kubectl, whose commands and manifest are kept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commands: list[str] = []
        self.manifest = ""
        self.said: Mapping[str, str | None] = {"apply": "namespace/x created\nmade"}
        monkeypatch.setattr(Host, "run_shell_command", lambda *given, **arguments: self._run(*given, **arguments))

    def _run(self, host: Host, command: StringCommand, **arguments: Any) -> tuple[bool, CommandOutput]:
        words = str(command).split(" --request-timeout=30s ")[1]
        self.commands.append(f"{host.name}: {re.sub(r'probe-[0-9a-f]{6}', 'probe-x', words)}")
        self.manifest = arguments.get("_stdin") or self.manifest
        text = self.said.get(words.split()[0], "")
        return text is not None, CommandOutput([OutputLine("stdout", line) for line in (text or "").splitlines()])

    @property
    def deleted(self) -> bool:
        return bool(self.commands) and "delete namespace k8s-ha-probe-x" in self.commands[-1]


@pytest.fixture
def kubectl(monkeypatch: pytest.MonkeyPatch) -> Kubectl:
    return Kubectl(monkeypatch)


def probed(stage: Stage, pods: ProbePods | Callable[..., ProbePods | None] = PODS) -> bool:
    """Whether the probe succeeds, where pods and Services answer everybody."""
    stage.facts["master1"] |= {
        Pods: pods,
        ReachedFromPods: lambda pods, urls, **_: {(pod, *pair)[:2]: pair[1] for pod in pods for pair in _answers(urls)},
    }
    for node in CLUSTER.nodes:
        stage.facts[node.name].setdefault(
            ReachedFromHost, lambda urls: {("host", url): answer for url, answer in _answers(urls)}
        )
    (step,) = stage.steps(pods_probed, on="master1", run=stage.run)
    assert isinstance(step, FunctionCommand)
    with stage.on("master1", executing=True) as host:
        return bool(step.function(stage.state, host, *step.args))


CREATED = [
    "master1: delete namespace -l k8s-ha/probe=true --ignore-not-found --wait=false",
    "master1: apply -f - 2>&1 && echo made || true",
]
REMOVED = "master1: delete namespace k8s-ha-probe-x --ignore-not-found --timeout=60s --request-timeout=70s"


def test_a_dry_run_lists_the_probe_and_runs_nothing(stage: Stage, kubectl: Kubectl) -> None:
    (step,) = stage.steps(pods_probed, on="master1", executing=False, run=stage.run)
    assert isinstance(step, FunctionCommand)
    assert stage.steps(pods_probed, on="worker1", executing=False, run=stage.run) == ELSEWHERE
    assert kubectl.commands == []


def test_the_probe_takes_away_what_it_made(stage: Stage, kubectl: Kubectl, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="pyinfra"):
        assert probed(stage)
    assert kubectl.commands == [*CREATED, REMOVED]
    assert caplog.messages == ["Pods of our own on 5 nodes reached each other and 5 Services; they are gone again."]


def test_the_probe_has_a_pod_and_a_service_for_each_node(stage: Stage, kubectl: Kubectl) -> None:
    probed(stage)
    namespace, *objects = yaml.safe_load_all(kubectl.manifest)
    pods = [entry for entry in objects if entry["kind"] == "Pod"]
    assert namespace["metadata"]["labels"] == {"k8s-ha/probe": "true"}
    assert {entry["metadata"]["namespace"] for entry in objects} == {namespace["metadata"]["name"]}
    for node, pod in zip(CLUSTER.nodes, pods, strict=True):
        (term,) = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
            "nodeSelectorTerms"
        ]
        assert term["matchFields"][0]["values"] == [node.hostname]
        assert pod["spec"]["tolerations"] == [{"operator": "Exists"}]
        assert pod["spec"]["activeDeadlineSeconds"] == 121
        assert pod["spec"]["containers"][0]["image"] == "docker.io/library/busybox:1.36"
    assert [entry["spec"]["selector"] for entry in objects if entry["kind"] == "Service"] == [
        pod["metadata"]["labels"] for pod in pods
    ]


def test_pods_that_do_not_run_are_told_and_go_too(stage: Stage, kubectl: Kubectl) -> None:
    assert not probed(stage, NO_PODS)
    assert kubectl.deleted
    assert stage.run.findings[1] == Finding(
        host="master2",
        check="probe",
        found="the probe's pod on master2 (image docker.io/library/busybox:1.36) does not run: not found",
        wanted="Running and ready",
        remedy="see that the image can be pulled there: mirror.probe_image, registry_mirrors",
    )


def test_the_probe_waits_for_its_pods(stage: Stage, kubectl: Kubectl) -> None:
    looks: list[ProbePods | None] = [PODS, NO_PODS, None]
    assert probed(stage, lambda **_: looks.pop())
    assert looks == []


def test_a_probe_that_is_refused_says_why(stage: Stage, kubectl: Kubectl, caplog: pytest.LogCaptureFixture) -> None:
    kubectl.said = {"apply": 'pods "probe-1" is forbidden: exceeded quota'}
    assert not probed(stage)
    assert 'the probe could not be made: pods "probe-1" is forbidden: exceeded quota' in caplog.text
    assert kubectl.deleted


def test_what_cannot_be_removed_is_said(stage: Stage, kubectl: Kubectl, caplog: pytest.LogCaptureFixture) -> None:
    kubectl.said = {"apply": "made", "delete": None}
    assert probed(stage)
    assert [command.partition(":")[0] for command in kubectl.commands[2:]] == ["master1", "master2", "master3"]
    assert (
        "could not be removed; its pods end by themselves; run `kubectl delete namespace k8s-ha-probe-" in caplog.text
    )


class Bug(Exception):
    """Something that nobody expected."""


def test_pods_go_too_when_the_look_at_them_breaks(stage: Stage, kubectl: Kubectl) -> None:
    def broken(**_: Any) -> ProbePods:
        raise Bug

    with pytest.raises(Bug):
        probed(stage, broken)
    assert kubectl.deleted


def test_ctrl_c_is_put_off_until_the_pods_are_gone(stage: Stage, kubectl: Kubectl) -> None:
    def interrupted(**_: Any) -> ProbePods:
        os.kill(os.getpid(), signal.SIGINT)
        return NO_PODS

    with pytest.raises(KeyboardInterrupt):
        probed(stage, interrupted)
    assert kubectl.deleted
    assert stage.run.findings == []


def test_no_probe_where_no_api_server_answers(stage: Stage, kubectl: Kubectl) -> None:
    silent: Health = SILENCE
    for plane in ("master1", "master2", "master3"):
        stage.facts[plane][ClusterHealth] = silent
    assert not probed(stage)
    assert kubectl.commands == []
