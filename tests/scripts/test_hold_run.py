"""One run at a time: the lock on a host, by its scripts, and what a run does that does not get it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from pyinfra.api import Host

import k8s_ha.operations.lock
from k8s_ha.operations.lock import SECONDS_TO_WAIT, cluster_locked
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run
from tests.support.cluster_stage import Stage
from tests.support.example_cluster import six_host_cluster
from tests.support.fakes.run import VERIFY, Fleet
from tests.support.fakes.scenario import Scenario
from tests.support.node_views import CONTROL_PLANES
from tests.support.operation_bench import Noop, refusal
from tests.support.shell_bench import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@contextmanager
def operator(shell: Shell, name: str, lease: int = 20, wait: int = 10) -> Iterator[subprocess.Popen[str]]:
    """One who holds the host, or tries to; afterwards gone without a word."""
    values = {"IDENTITY": name, "HOLDER": f"process 7 on {name}"}
    bounds = {"SECONDS_OF_LEASE": str(lease), "SECONDS_TO_WAIT": str(wait)}
    script = shell.moved(shell_variables(values | bounds) + read_file("acquire-lock.sh"))
    process = subprocess.Popen(
        ["bash", "--posix", "-c", script],
        env=shell.environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        yield process
    finally:
        process.stdout.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise


def holder(shell: Shell, name: str, seconds: int) -> str:
    """Who holds the host, as the run of that name is told."""
    return shell.run(
        shell_variables({"IDENTITY": name, "SECONDS_TO_ASK": str(seconds)}) + read_file("lock-holder.sh")
    ).stdout.strip()


def test_a_host_is_held_until_nobody_reads_any_more(shell: Shell) -> None:
    assert holder(shell, "a", 0) == ""
    with ExitStack() as first:
        first.enter_context(operator(shell, "a"))
        assert holder(shell, "a", 5) == "a process 7 on a"
        with operator(shell, "b", wait=1) as second:
            assert second.wait(5) == 1
            assert holder(shell, "b", 1) == "a process 7 on a"
        with operator(shell, "c"):
            assert holder(shell, "c", 1) == "a process 7 on a"
            gone = time.monotonic()
            first.close()
            assert holder(shell, "c", 5) == "c process 7 on c"
            assert time.monotonic() - gone < 5


def test_a_host_is_held_as_long_as_its_operator_is_heard_of(shell: Shell) -> None:
    with operator(shell, "a", lease=5):
        assert holder(shell, "a", 5) == "a process 7 on a"
        with operator(shell, "b", wait=30):
            for _ in range(7):
                shell.run("touch /run/k8s-ha/run.beat-a")
                assert holder(shell, "b", 1) == "a process 7 on a"
            assert holder(shell, "b", 20) == "b process 7 on b"


def test_a_run_that_was_killed_is_at_work_no_more(shell: Shell) -> None:
    with operator(shell, "a") as first:
        assert holder(shell, "a", 5) == "a process 7 on a"
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    assert (shell.root / "run/k8s-ha/run.holder").read_text(encoding="utf-8") == "a process 7 on a\n"
    assert holder(shell, "b", 0) == ""
    with operator(shell, "c"):
        assert holder(shell, "c", 5) == "c process 7 on c"


def test_a_run_that_has_ended_leaves_no_name(shell: Shell) -> None:
    with operator(shell, "a"):
        assert holder(shell, "a", 5) == "a process 7 on a"
    assert not (shell.root / "run/k8s-ha/run.holder").exists()


class Held(Stage):
    """Control planes that are held, but for those that tell otherwise.

    + asked: who holds it, of these control planes, in this order
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.reported: Mapping[str, str | None] = {}
        self.asked: list[str] = []
        monkeypatch.setattr(k8s_ha.operations.lock, "run_silently", self._run_silently)

    def _run_silently(self, target: Host, command: str, seconds: int) -> str | None:
        asks = re.search(r"^SECONDS_TO_ASK=(\d+)$", command, re.MULTILINE)
        if asks is None:
            return None  # the lock, which ends with the run
        assert SECONDS_TO_WAIT < int(asks[1]) < seconds
        self.asked.append(target.name)
        (own,) = re.findall(r"^IDENTITY=(\w+)$", command, re.MULTILINE)
        return self.reported.get(target.name, f"{own} {k8s_ha.operations.lock.holder()}")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch)


HELD = [Noop("no other run is at work")]
OTHER = (
    "{}: nothing was changed: another run (process 7 on laptop) is at work on {}; run this again when it has ended; "
    "one whose operator is gone lets go within a minute."
)
UNTOLD = "{}: nothing was changed: {} could not be locked; look at /run/k8s-ha there, then run this again."


@pytest.mark.parametrize(
    ("reported", "control_planes", "sentence"),
    [
        ({}, CONTROL_PLANES, None),
        ({"master1": "x process 7 on laptop"}, CONTROL_PLANES[:1], OTHER.format("worker1", "master1")),
        ({"master2": "x process 7 on laptop"}, CONTROL_PLANES[:2], OTHER.format("worker1", "master2")),
        ({"master1": ""}, CONTROL_PLANES[:1], UNTOLD.format("worker1", "master1")),
        ({"master1": None}, CONTROL_PLANES[:1], UNTOLD.format("worker1", "master1")),
    ],
)
def test_a_run_has_every_control_plane_or_refuses(
    stage: Held, reported: Mapping[str, str | None], control_planes: Sequence[str], sentence: str | None
) -> None:
    stage.reported = reported
    assert stage.steps(cluster_locked, executing=False, run=stage.run) == HELD
    assert stage.asked == []
    for _ in range(2):  # what one host was told, the others need not ask
        assert stage.steps(cluster_locked, run=stage.run) == ([refusal(sentence)] if sentence else HELD)
    assert stage.asked == list(control_planes)


def test_two_clusters_of_one_process_share_their_hosts(stage: Held) -> None:
    for run in (stage.run, Run(six_host_cluster(pod_cidr="10.245.0.0/16"))):
        assert stage.steps(cluster_locked, run=run) == HELD
    assert stage.asked == list(CONTROL_PLANES)


def test_only_control_planes_that_take_part_are_held(stage: Held) -> None:
    inventory = stage.state.inventory
    stage.state.activated_hosts.remove(inventory.get_host("master1"))
    stage.state.failed_hosts.add(inventory.get_host("master2"))
    assert stage.steps(cluster_locked, run=stage.run) == HELD
    assert stage.asked == ["master3"]


def test_beside_another_run_nothing_is_changed(tmp_path: Path) -> None:
    answer = ("master1", "SECONDS_TO_ASK=", {"lines": ["x process 7 on laptop"]})
    outcome = Fleet(tmp_path, Scenario(answers=[answer])).run()
    assert outcome.exit_code == 1
    assert [step for step in outcome.log if step.changes] == []
    assert {step.host for step in outcome.steps("refusal")} == set(outcome.world.machines)
    assert "another run (process 7 on laptop) is at work on @fake/master1; run this again when" in outcome.sentences
    assert "Traceback" not in outcome.output
    (report,) = outcome.reports
    assert (report["exit_state"], report["changes"]) == ("refused", [])
    assert report["reason"].startswith("another run (process 7 on laptop) is at work on @fake/master1; ")


def test_a_run_holds_each_control_plane_once_and_a_look_none(finished: Fleet) -> None:
    assert sorted(step.host for step in finished.run().steps("holder")) == list(CONTROL_PLANES)
    assert finished.run("--dry").steps("lock", "holder") == []
    assert finished.run(deploy=VERIFY).steps("lock", "holder") == []
