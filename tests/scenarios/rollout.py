"""A standing cluster brought to other settings by a run, as the scenarios do it: shown, made, and run again."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from tests.lab.client import Lab


class SecondRun(NamedTuple):
    """What a run costs that changes nothing: operations, and remote commands on the host with most."""

    operations: int
    commands: int


def markdown(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def heading(columns: Sequence[str]) -> list[str]:
    """The first two lines of a table."""
    return [markdown(columns), markdown("---" for _ in columns)]


def check_unnoticed(noticed: Sequence[str]) -> None:
    """AssertionError where there is anything that users noticed."""
    assert not noticed, "\n".join(["users noticed; the lab is still up:", *noticed])


def planned(printed: str) -> list[str]:
    """The first lines of the steps of the plan that a run has printed."""
    _, _, plan = printed.partition("Plan: ")
    return re.findall(r"^ *(\d+  +\S.*\S) *$", plan, re.MULTILINE)


def dry_run(lab: Lab, what: str, without: str = "", **settings: Any) -> list[str]:
    """The steps that a dry run shows; it changes nothing on any host.

    + what: where it leads to, for a person; the same of the others
    + without: a host that is off
    """
    before = lab.digest(without=without)
    run = lab.pyinfra("--dry", **settings)
    assert run.returncode == 0, f"the dry run to {what} ended with {run.returncode}:\n{run.stderr[-4000:]}"
    changed = sorted(lab.digest(without=without) ^ before)
    assert not changed, f"the dry run to {what} has changed {len(changed)} lines, such as {changed[:3]}"
    steps = planned(run.stderr)
    assert steps, f"the dry run to {what} shows no step of a plan:\n{run.stderr[-4000:]}"
    return steps


def timed_run(lab: Lab, what: str, **settings: Any) -> float:
    """Seconds of the run that makes the change."""
    started = time.monotonic()
    run = lab.operator(*lab_deploy(lab), "-y", timeout=7200, settings=settings)
    assert run.returncode == 0, f"the run to {what} ended with {run.returncode}:\n{run.stderr[-6000:]}"
    return time.monotonic() - started


def lab_deploy(lab: Lab, module: Sequence[str] = ("pyinfra",)) -> tuple[str, ...]:
    """pyinfra's command line over the project's deploy, or another module's that takes the same."""
    return (sys.executable, "-m", *module, lab.inventory, "deploy.py")


def second_run(lab: Lab, what: str, **settings: Any) -> SecondRun:
    """A run of what stands; AssertionError where it has something to change."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "counted.json"
        command = lab_deploy(lab, ("tests.support.command_counter", str(report)))
        run = lab.operator(*command, "-y", "--json", timeout=1800, settings=settings)
        assert run.returncode == 0, f"a second run of {what} ended with {run.returncode}:\n{run.stderr[-4000:]}"
        counted = json.loads(report.read_text(encoding="utf-8"))["commands"]
    results = json.loads(run.stdout)["results"]
    changed = [operation["name"] for operation in results["operations"] if operation["success"]]
    assert not changed, f"a second run of {what} was to change nothing, and did: {', '.join(changed)}"
    return SecondRun(len(results["operations"]), max(counted.values()))
