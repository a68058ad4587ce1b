"""A backup of etcd before a change: what a control plane is told to do, and what is no name of one."""

from __future__ import annotations

import pytest

from k8s_ha.facts.system import Files, FileState
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.etcd_snapshot import snapshot_taken
from k8s_ha.run import Run
from tests.support.control_plane import SNAPSHOT
from tests.support.example_cluster import six_host_cluster
from tests.support.operation_bench import Bench, Noop, command, refusal

NAME = "before-1.34.11-20261127T081500Z"
DESCRIPTOR = f"/var/lib/k8s-ha/backups/{NAME}.json"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


@pytest.mark.parametrize("executing", [False, True])
@pytest.mark.parametrize("runtime", ["containerd", "docker"])
def test_it_is_taken_on_the_current_host(bench: Bench, runtime: str, executing: bool) -> None:
    run = Run(six_host_cluster(container_runtime=runtime))
    script = f"HOST=master2\nRUNTIME={runtime}\nFOLDER=/var/lib/k8s-ha/backups\nNAME={NAME}\nVERSION=1.34.4\nKEEP=2\n"
    script += f"KEEPS=purposes\nENDPOINT=10.0.1.157:6443\nRECIPIENT=''\n{SNAPSHOT}"
    arguments = {"run": run, "backup": NAME, "version": "1.34.4", "keep": 2}
    assert bench.steps(snapshot_taken, on="master2", executing=executing, facts={Files: {}}, **arguments) == [
        command(long_command("etcd-snapshot", script, seconds=1800))
    ]


def test_one_that_is_proven_is_not_taken_again(bench: Bench) -> None:
    facts = {Files: {DESCRIPTOR: FileState("0" * 64, "600", "root:root")}}
    arguments = {"run": Run(six_host_cluster()), "backup": NAME, "version": "1.34.4"}
    assert bench.steps(snapshot_taken, on="master1", facts=facts, **arguments) == [
        Noop(f"the snapshot {NAME} is there")
    ]


@pytest.mark.parametrize(
    ("name", "keep"),
    [
        ("../before-1-20261127T081500Z", 3),
        ("before 1-20261127T081500Z", 3),
        ("before-1.34.11", 3),
        (f"{NAME}\n", 3),
        (NAME, 0),
    ],
)
def test_what_is_no_name_of_a_backup_fails_the_host(bench: Bench, name: str, keep: int) -> None:
    arguments = {"run": Run(six_host_cluster()), "backup": name, "version": "1.34.4", "keep": keep}
    assert bench.steps(snapshot_taken, on="master1", facts={Files: {}}, **arguments) == [
        refusal(
            f"master1: no etcd snapshot was taken: its name is {name!r} and keep {keep}; give it a name as "
            "before-1.34.11-20261127T081500Z, and keep at least 1."
        )
    ]
