"""With ``--json`` stdout is one JSON document, however a run ends."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.lab.client import until
from tests.support.fakes.run import Fleet, Outcome
from tests.support.fakes.scenario import ADDRESSES, GROUPS, SETTINGS, Scenario
from tests.support.reports import checked, scenario

WRONG = SETTINGS | {"pod_cird": "10.32.0.0/12"}
FAILS = {"success": False, "lines": ["no"]}
DEBIAN = {name: {"os_id": "debian", "os_like": "", "os_version": "12"} for name in ADDRESSES}

ENDS: dict[str, tuple[Scenario, tuple[str, ...], str]] = {
    "settings refused before connecting": (scenario(settings=WRONG), ("--json",), "refused"),
    "and with -y": (scenario(settings=WRONG), ("--json", "-y"), "refused"),
    "settings refused after connecting": (scenario(settings=WRONG, check=False), ("--json", "-y"), "refused"),
    "hosts refused": (scenario(survey=DEBIAN), ("--json", "-y"), "refused"),
    "hosts refused in a dry run": (scenario(survey=DEBIAN), ("--json", "--dry"), "refused"),
    "no host reached": (scenario(unreachable=list(ADDRESSES)), ("--json", "-y"), "unreachable"),
    "every host fails": (
        scenario(answers=[(name, "hostnamectl set-hostname", FAILS) for name in ADDRESSES]),
        ("--json", "-y"),
        "failed",
    ),
}


def document(outcome: Outcome) -> dict[str, Any]:
    """What stdout is, and nothing else."""
    found: dict[str, Any] = json.loads(outcome.stdout)
    return found


@pytest.mark.parametrize(("given", "flags", "state"), ENDS.values(), ids=ENDS)
def test_a_run_that_comes_to_no_result_prints_its_report(
    tmp_path: Path, given: Scenario, flags: tuple[str, ...], state: str
) -> None:
    outcome = Fleet(tmp_path, given).run(*flags)
    found = document(outcome)
    assert (found["plan"], found["results"]) == (None, None)
    assert [report["exit_state"] for report in found["reports"]] == [state]
    assert found["reports"] == outcome.reports
    checked(found["reports"][0])
    assert outcome.exit_code == 1


@pytest.mark.parametrize("flags", [("--json",), ("--json", "--dry"), ("--json", "-y")], ids=" ".join)
def test_a_run_that_comes_to_its_end_has_pyinfras_document(finished: Fleet, flags: tuple[str, ...]) -> None:
    assert set(document(finished.run(*flags))) == {"plan", "results"}


def test_a_run_in_which_some_hosts_fail_has_pyinfras_document(finished: Fleet) -> None:
    finished.change(Scenario(answers=[("worker1", "hostnamectl", FAILS)]))
    found = finished.run("--json", "-y")
    assert document(found)["results"] is not None, found.output


EXITS = """
import sys
import k8s_ha
k8s_ha.preflight()
sys.exit("enough")
"""
RAISES = """
import k8s_ha
k8s_ha.preflight()
raise ValueError("mine")
"""


@pytest.mark.parametrize("text", [EXITS, RAISES], ids=["exits", "raises"])
def test_deploy_code_that_ends_the_run(tmp_path: Path, text: str) -> None:
    fleet = Fleet(tmp_path, scenario())
    deploy = tmp_path / "ends.py"
    deploy.write_text(text, encoding="utf-8")
    assert len(document(fleet.run("--json", "-y", deploy=deploy))["reports"]) == 1


@pytest.mark.parametrize("flags", [("--json", "--dry"), ("--json", "-y")], ids=" ".join)
def test_a_run_that_a_person_interrupts(tmp_path: Path, flags: tuple[str, ...]) -> None:
    waits = [("worker1", "os_like", "worker1", "never")]
    fleet, log = Fleet(tmp_path, scenario(groups=GROUPS, waits=waits)), tmp_path / "log.jsonl"
    with fleet.begin(*flags) as process:
        until(lambda: log.exists() and '"survey"' in log.read_text(encoding="utf-8"), 20, "the first hosts looked at")
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=20)
    assert [report["exit_state"] for report in json.loads(stdout)["reports"]] == ["interrupted"]
    assert "Exiting upon user request!" in stderr


def test_commands_that_deploy_nothing_print_what_pyinfra_prints(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, scenario()).run("--json", deploy="debug-inventory")
    assert "reports" not in document(outcome)
