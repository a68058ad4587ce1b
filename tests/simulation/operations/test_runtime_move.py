"""What a step does on a node that goes from Docker to containerd."""

from __future__ import annotations

from typing import Any

import pytest

import k8s_ha.operations.runtime_move
from k8s_ha.facts.kubelet_runtime import KubeletRuntime, KubeletRuntimeState
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.runtime_move import containerd_entered, docker_left, emptied
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run
from tests.support.example_cluster import OWN_KUBERNETES, six_host_cluster
from tests.support.operation_bench import Bench, Command, Noop, command
from tests.support.standing_cluster import snapshot_of

SOCKET = "unix:///run/containerd/containerd.sock"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def run_of(version: str) -> Run:
    return Run(six_host_cluster(kubernetes_version=version, mirror=OWN_KUBERNETES))


def moved(action: str, **values: str) -> Command:
    given = {"HOST": "worker1", "ACTION": action, "SOCKET": "", "REMOTE": "", **values}
    script = shell_variables(given) + read_file("docker-others.sh") + read_file("move-runtime.sh")
    return command(long_command("move-runtime", script, seconds=600, lock="kubeadm"))


@pytest.mark.parametrize("operation", [emptied, docker_left, containerd_entered])
def test_a_node_that_has_moved_is_left_alone(bench: Bench, operation: Any) -> None:
    given = bench.steps(
        operation, run=run_of("1.23.17"), facts={KubeletRuntime: KubeletRuntimeState("containerd", is_active=True)}
    )
    assert given == [Noop("its kubelet speaks to containerd")]


@pytest.mark.parametrize(
    ("operation", "planned"),
    [
        (emptied, "kubectl drain worker1"),
        (docker_left, "systemctl stop kubelet docker"),
        (containerd_entered, "systemctl start kubelet"),
    ],
)
def test_while_preparing_nothing_is_asked(bench: Bench, operation: Any, planned: str) -> None:
    assert bench.steps(operation, run=run_of("1.23.17"), executing=False) == [Command(planned)]


def test_one_whose_kubelet_did_not_start_is_begun_again(bench: Bench) -> None:
    told = {KubeletRuntime: KubeletRuntimeState("containerd")}
    assert bench.steps(containerd_entered, run=run_of("1.34.11"), facts=told) == [moved("enter", SOCKET=SOCKET)]
    assert bench.steps(docker_left, run=run_of("1.34.11"), facts=told) == [Noop("its kubelet speaks to containerd")]


@pytest.mark.parametrize(
    ("version", "standing", "is_noted"),
    [
        ("1.23.17", "dockershim", True),
        ("1.33.13", "cri-dockerd", True),
        ("1.34.11", "cri-dockerd", False),
    ],
)
def test_the_node_names_the_socket_before_docker_is_left(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, version: str, standing: str, is_noted: bool
) -> None:
    notes: list[str] = []

    def run_elsewhere(_: object, note: Any) -> None:
        notes.append(command(note).text.partition("annotate ")[2])

    monkeypatch.setattr(k8s_ha.operations.runtime_move, "observe_leader", lambda run: snapshot_of(run.cluster))
    monkeypatch.setattr(k8s_ha.operations.runtime_move, "run_elsewhere", run_elsewhere)
    told = {KubeletRuntime: KubeletRuntimeState(standing, is_active=True)}
    assert bench.steps(docker_left, run=run_of(version), facts=told) == [moved("leave")]
    assert notes == [f"node worker1 kubeadm.alpha.kubernetes.io/cri-socket={SOCKET} --overwrite"] * is_noted


@pytest.mark.parametrize(("version", "remote"), [("1.23.17", "yes"), ("1.24.17", ""), ("1.34.11", "")])
def test_an_old_kubelet_is_told_that_its_runtime_is_a_remote_one(bench: Bench, version: str, remote: str) -> None:
    told = {KubeletRuntime: KubeletRuntimeState("dockershim")}
    given = bench.steps(containerd_entered, run=run_of(version), facts=told)
    assert given == [moved("enter", SOCKET=SOCKET, REMOTE=remote)]
