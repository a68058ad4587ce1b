"""Reports and progress of runs that only look, are cut off, have no order, or are of several clusters."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from k8s_ha.deploys import preflight
from tests.lab.client import until
from tests.support.fakes.run import JOINS, LOOK, RUNTIME, Fleet
from tests.support.fakes.scenario import ADDRESSES, GROUPS, SETTINGS, Scenario
from tests.support.fakes.world import World
from tests.support.reports import PHASES, changed, checked, scenario, the_report


@pytest.mark.parametrize("flags", [("--dry",), ("--json",)], ids=" ".join)
def test_a_dry_run(tmp_path: Path, flags: tuple[str, ...]) -> None:
    outcome = Fleet(tmp_path, scenario()).run(*flags)
    report = the_report(outcome)
    assert (outcome.exit_code, report["exit_state"], report["mode"]) == (0, "dry", "dry")
    assert changed(report, "Join the workers") == {"master1": 1, "worker1": 1, "worker2": 1}
    assert [step for step in outcome.log if step.changes] == []


def test_a_run_that_nobody_confirms_has_changed_nothing(tmp_path: Path) -> None:
    report = the_report(Fleet(tmp_path, scenario()).run("-v"))
    assert (report["exit_state"], report["mode"], report["changes"]) == ("interrupted", "build", [])


def test_a_dry_run_of_what_stands(finished: Fleet) -> None:
    report = the_report(finished.run("--dry"))
    assert (report["exit_state"], report["changes"]) == ("dry", [])


def test_stdout_is_one_json_document(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, scenario()).run("-y", "--json")
    assert set(json.loads(outcome.stdout)) == {"plan", "results"}
    assert the_report(outcome)["exit_state"] == "converged"
    assert "Converged" in outcome.output


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_run_that_is_cut_off(tmp_path: Path, number: signal.Signals) -> None:
    """The file on disk is true whatever happens to the operator."""
    waits = [("master1", "NAME=kubeadm-init", "worker1", "never")]
    fleet = Fleet(tmp_path, scenario(waits=waits))
    with fleet.begin("-y") as process:
        assert process.stderr
        for line in process.stderr:
            if "kubeadm-init runs" in line:
                break
        process.send_signal(number)
        process.communicate(timeout=20)
    (path,) = (tmp_path / "reports").glob("*.json")
    report = json.loads(path.read_text(encoding="utf-8"))
    checked(report)
    assert (report["exit_state"], report["mode"]) == ("interrupted", "build")
    assert changed(report, "Install the Kubernetes packages") == dict.fromkeys(
        ("master1", "master2", "master3", "worker1", "worker2"), 2
    )
    assert (report["ended"] is None) is (number is not signal.SIGINT)


def test_a_dry_run_that_a_person_interrupts(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, scenario(waits=[("worker1", "os_like", "worker1", "never")]))
    log = tmp_path / "log.jsonl"
    with fleet.begin("--dry") as process:
        until(lambda: log.exists() and '"survey"' in log.read_text(encoding="utf-8"), 20, "the first hosts looked at")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    (path,) = (tmp_path / "reports").glob("*.json")
    report = json.loads(path.read_text(encoding="utf-8"))
    checked(report)
    assert (report["exit_state"], report["reason"]) == ("interrupted", "it ended before the first change")


def test_progress(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, scenario()).run()
    lines = [line for line in outcome.output.splitlines() if line.startswith("--> Phase ")]
    assert lines == [f"--> Phase {number} of {len(PHASES)}: {name}" for number, name in enumerate(PHASES, start=1)]
    assert (
        "@fake/master1: kubeadm-init runs, for 900 s at most; its output: /var/log/k8s-ha/kubeadm-init.log on that host"
        in map(str.strip, outcome.output.splitlines())
    )
    first = outcome.output.index("Starting operation:")
    first_phase, second_phase = (outcome.output.index(f"--> Phase {number} of {len(PHASES)}") for number in (1, 2))
    assert first_phase < first < second_phase


@pytest.mark.parametrize("flag", ["--serial", "--no-wait"])
def test_runs_without_order_leave_reports_without_layer_lines(finished: Fleet, flag: str) -> None:
    outcome = finished.run("-y", flag)
    report = the_report(outcome)
    assert (outcome.exit_code, report["exit_state"]) == (0, "converged")
    assert [phase["name"] for phase in report["phases"]] == [preflight.NAME, *PHASES]
    assert sum(phase["seconds"] for phase in report["phases"]) > 0
    assert "--> Phase" not in outcome.output


@pytest.mark.parametrize("flag", ["--serial", "--no-wait"])
def test_runs_without_order_that_fail(tmp_path: Path, flag: str) -> None:
    answers = [("worker1", "hostnamectl set-hostname", {"success": False, "lines": ["no"]})]
    report = the_report(Fleet(tmp_path, scenario(answers=answers)).run("-y", flag))
    assert report["exit_state"] == "failed"
    assert "@fake/worker1" in report["failed_hosts"]
    assert [
        (failure["operation"], failure["lines"]) for failure in report["failures"] if failure["host"] == "@fake/worker1"
    ] == [("Set the hostname", ["no"])]


def test_operations_of_a_users_own_are_not_the_packages(finished: Fleet) -> None:
    finished.change(replace(finished.scenario, own_operations={"master1": 2}))
    outcome = finished.run(deploy=JOINS)
    report = the_report(outcome)
    assert report["exit_state"] == "converged"
    assert [phase["name"] for phase in report["phases"]] == ["Bring up the control plane", "Join the workers"]
    assert report["changes"] == []


def test_one_layer_alone(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, scenario()).run(deploy=RUNTIME)
    report = the_report(outcome)
    assert report["exit_state"] == "converged"
    assert [phase["name"] for phase in report["phases"]] == ["Install the container runtime"]
    assert sum(changed(report, "Install the container runtime").values()) == 15
    assert "--> Phase 1 of 1: Install the container runtime" in outcome.output


TWO_CLUSTERS = """
import k8s_ha
from pyinfra import host

for name, group in (("@fake/master1", "ones"), ("@fake/master2", "twos")):
    if host.name == name:
        k8s_ha.prepare_host(settings={"kubernetes_version": "1.30.14"}, groups={"control_plane": group})
"""


def test_two_clusters_in_one_run_leave_a_report_each(tmp_path: Path) -> None:
    groups = {"ones": ["master1"], "twos": ["master2"]}
    addresses = {name: ADDRESSES[name] for name in ("master1", "master2")}
    fleet = Fleet(tmp_path, scenario(groups=groups, addresses=addresses, order=list(addresses), check=False))
    deploy = tmp_path / "two.py"
    deploy.write_text(TWO_CLUSTERS, encoding="utf-8")
    fleet.change(
        Scenario(
            groups=groups,
            addresses=addresses,
            order=list(addresses),
            check=False,
            answers=[("master2", "hostnamectl", {"success": False, "lines": ["no"]})],
        )
    )
    outcome = fleet.run(deploy=deploy)
    found = {report["endpoint"]: report for report in outcome.reports}
    for report in found.values():
        checked(report)
    assert {endpoint: report["exit_state"] for endpoint, report in found.items()} == {
        "10.0.11.18:6443": "converged",
        "10.0.12.55:6443": "failed",
    }
    assert set(changed(found["10.0.11.18:6443"], "Prepare the host")) == {"master1"}
    assert "--> Phase 1 of 1: Prepare the host (10.0.11.18:6443)" in outcome.output


def test_a_folder_that_cannot_be_written_costs_one_sentence(finished: Fleet) -> None:
    (finished.folder / "taken").write_text("", encoding="utf-8")
    finished.change(Scenario(settings={**SETTINGS, "report_dir": "taken"}))
    outcome = finished.run()
    assert (outcome.exit_code, outcome.reports) == (0, [])
    assert outcome.sentences.count("no report was written: ") == 1
    assert "taken writable or set report_dir" in outcome.sentences
    assert "Converged" in outcome.output
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize("command", [("exec", "--", "true"), ("fact", "server.Hostname"), ("debug-inventory",)])
@pytest.mark.parametrize("unreachable", [[], list(ADDRESSES)], ids=["answering", "silent"])
def test_commands_that_deploy_nothing_leave_no_report(
    tmp_path: Path, command: tuple[str, ...], unreachable: list[str]
) -> None:
    outcome = Fleet(tmp_path, scenario(unreachable=unreachable)).run(*command[1:] or ("-v",), deploy=command[0])
    assert outcome.reports == []
    assert "Report:" not in outcome.output


def test_a_host_that_is_not_asked_did_not_fail(finished: Fleet) -> None:
    finished.change(Scenario(unreachable=["worker2"]))
    finished.edit(lambda world: world)
    names = [f"@fake/{name}" for name in GROUPS["control_plane"]]
    limit = [part for name in names for part in ("--limit", name)]
    report = the_report(finished.run("-y", *limit, deploy=LOOK))
    assert (report["exit_state"], report["unreachable_hosts"]) == ("converged", [])


def test_world_is_untouched_by_a_refusal(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, scenario(survey={"worker1": {"os_id": "debian", "os_like": "debian"}}))
    before = World.load(fleet.world_file, fleet.scenario)
    assert fleet.run().world == before
