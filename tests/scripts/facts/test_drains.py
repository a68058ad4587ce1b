"""What drains would meet, as the leader's kubectl tells it: all of it, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8s_ha.facts.answers import between_marks
from k8s_ha.facts.drains import Drains
from tests.support.node_views import recorded
from tests.support.shell_bench import Shell

NOW = "now 2026-11-27T10:00:01Z"
COMMAND = Drains().command(address="10.0.11.18")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("date", f"echo {NOW}")
    return shell


def told(shell: Shell, lines: list[str]) -> None:
    shell.add_tool("kubectl", "\n".join(["cat <<'END'", *lines, "END"]))


def test_what_is_needed_is_told(shell: Shell) -> None:
    told(shell, recorded("drains"))
    assert Drains().process(shell.lines(COMMAND)) == Drains().parse([NOW, *recorded("drains")])


def test_the_api_server_of_the_host_itself_is_asked_once(shell: Shell) -> None:
    calls = shell.file("/calls")
    shell.add_tool("kubectl", f'echo "$*" >>{calls}; echo "node a True   "')
    shell.lines(COMMAND)
    (call,) = calls.read_text(encoding="utf-8").splitlines()
    asked = "--server https://10.0.11.18:6443 --request-timeout=30s get poddisruptionbudgets,nodes,pods,"
    assert asked in call


POD = "web-1 worker1 Running True   ReplicaSet web 30"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (f'pod default {POD} {{"a":"b"}} tmp', f'pod default {POD} {{"a":"b"}} tmp'),
        (f'pod other {POD} {{"a":"b"}} tmp', f"pod other {POD}  tmp"),
        ("pod default web-1  Pending    ReplicaSet web 30 {} ", None),
        ("workload ReplicaSet default web 0 Deployment web", None),
        ("workload ReplicaSet default web 1 Deployment web", "workload ReplicaSet default web 1 Deployment web"),
        ("workload Deployment default web 0", "workload Deployment default web 0"),
    ],
)
def test_what_no_drain_asks_is_left_out(shell: Shell, line: str, kept: str | None) -> None:
    first = ["budget default web 0 policy/v1  {}", "node worker1 True   "]
    told(shell, [*first, line])
    assert between_marks(shell.lines(COMMAND)) == [NOW, *first] + ([kept] if kept else [])


def test_part_of_an_answer_is_none(shell: Shell) -> None:
    shell.add_tool("kubectl", "echo 'node worker1 True   '; exit 1")
    assert shell.run(COMMAND).returncode == 1


def test_the_time_is_as_the_api_writes_it(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    told(shell, ["node worker1 True   ", "pod a b worker1 Running True 2020-01-01T00:00:00Z  ReplicaSet web 30  "])
    (pod,) = Drains().process(shell.lines(COMMAND)).pods
    assert pod.overdue > 6 * 365 * 86400
