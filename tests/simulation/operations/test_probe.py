"""The probe: pods of our own, which always go again."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import yaml
from pyinfra.api import FunctionCommand, Host, StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine

from k8s_ha.facts.cluster import ApiStatusFact
from k8s_ha.facts.probe import Pods, ReachedFromHost, ReachedFromPods
from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import SILENCE
from k8s_ha.operations.probe import pods_probed
from k8s_ha.verification.probe import ProbePods
from tests.support.answers import script_of, whole
from tests.support.cluster_stage import Stage
from tests.support.finished_stage import CLUSTER, ELSEWHERE, finished_stage


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return finished_stage(monkeypatch)


PODS = ProbePods(
    addresses={f"probe-{number}": f"10.244.{number}.9" for number in range(1, 6)},
    services={f"to-{number}": f"10.96.9.{number}" for number in range(1, 6)},
)
NO_PODS = ProbePods(troubles={f"probe-{number}": "not found" for number in range(1, 6)})


def _answers(addresses: list[str]) -> Iterator[tuple[str, str]]:
    """What every pod and Service says when it is asked."""
    for address in addresses:
        number = re.match(r"10\.244\.(\d)|10\.96\.9\.(\d)|to-(\d)", address)
        assert number, address
        yield address, f"probe-{next(filter(None, number.groups()))}"


class Kubectl:
    """What is run on hosts beside facts: kubectl, whose commands and manifest are kept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commands: list[str] = []
        self.manifest = ""
        self.said: Mapping[str, str | None] = {"apply": "namespace/x created\nmade"}
        monkeypatch.setattr(Host, "run_shell_command", lambda *given, **arguments: self._run(*given, **arguments))

    def _run(self, host: Host, command: StringCommand, **arguments: Any) -> tuple[bool, CommandOutput]:
        words = script_of(str(command)).split(" --request-timeout=30s ")[1]
        self.commands.append(f"{host.name}: {re.sub(r'probe-[0-9a-f]{6}', 'probe-x', words)}")
        self.manifest = arguments.get("_stdin") or self.manifest
        text = self.said.get(words.split()[0], "")
        lines = whole((text or "").splitlines(), status=int(text is None))
        return text is not None, CommandOutput([OutputLine("stdout", line) for line in lines])

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
        ReachedFromPods: lambda asked, **_: {
            (pod, *pair)[:2]: pair[1] for pod, addresses in asked.items() for pair in _answers(addresses)
        },
    }
    for node in CLUSTER.nodes:
        stage.facts[node.name].setdefault(
            ReachedFromHost, lambda addresses: {("host", address): answer for address, answer in _answers(addresses)}
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
    assert stage.run.log.findings[1] == Finding(
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

    # A run in the background of a shell, as of `make test &`, begins with SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            probed(stage, interrupted)
    finally:
        signal.signal(signal.SIGINT, before)
    assert kubectl.deleted
    assert stage.run.log.findings == []


def test_no_probe_where_no_api_server_answers(stage: Stage, kubectl: Kubectl) -> None:
    for control_plane in ("master1", "master2", "master3"):
        stage.facts[control_plane][ApiStatusFact] = SILENCE
    assert not probed(stage)
    assert kubectl.commands == []
