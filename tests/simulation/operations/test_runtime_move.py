"""What a step does on a node that goes from Docker to containerd."""

from __future__ import annotations

from typing import Any

import pytest

import k8s_ha.operations.runtime_move
from k8s_ha.facts.kubelet_runtime import KubeletRuntime
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
    script = shell_variables(given) + read_file("move-runtime.sh")
    return command(long_command("move-runtime", script, seconds=600, lock="kubeadm"))


@pytest.mark.parametrize("operation", [emptied, docker_left, containerd_entered])
def test_a_node_that_has_moved_is_left_alone(bench: Bench, operation: Any) -> None:
    given = bench.steps(operation, run=run_of("1.23.17"), facts={KubeletRuntime: "containerd"})
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


def test_docker_is_left_by_what_holds_no_pod(bench: Bench) -> None:
    assert bench.steps(docker_left, run=run_of("1.23.17"), facts={KubeletRuntime: "dockershim"}) == [moved("leave")]


@pytest.mark.parametrize(
    ("version", "standing", "remote", "is_noted"),
    [
        ("1.23.17", "dockershim", "yes", True),
        ("1.26.15", "cri-dockerd", "yes", True),
        ("1.27.16", "cri-dockerd", "", True),
        ("1.33.13", "cri-dockerd", "", True),
        ("1.34.11", "cri-dockerd", "", False),
    ],
)
def test_each_version_is_told_in_its_own_way(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, version: str, standing: str, remote: str, is_noted: bool
) -> None:
    run, notes = run_of(version), []
    monkeypatch.setattr(k8s_ha.operations.runtime_move, "observe_leader", lambda run: snapshot_of(run.cluster))

    def on_leader(_: object, *commands: Any) -> Any:
        notes.extend(command(each).text.partition("annotate ")[2] for each in commands)
        return iter(())

    monkeypatch.setattr(k8s_ha.operations.runtime_move, "on_leader", on_leader)
    given = bench.steps(containerd_entered, run=run, facts={KubeletRuntime: standing})
    assert given == [moved("enter", SOCKET=SOCKET, REMOTE=remote)]
    assert notes == [f"node worker1 kubeadm.alpha.kubernetes.io/cri-socket={SOCKET} --overwrite"] * is_noted
