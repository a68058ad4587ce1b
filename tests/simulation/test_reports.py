"""Each run of the real command line leaves its report, says how far it is, and keeps its secrets."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from k8s_ha.deploys import preflight
from k8s_ha.reporting.page.render import page
from k8s_ha.reporting.report import RunReport
from tests.support.fakes.run import Fleet
from tests.support.fakes.scenario import ADDRESSES, SETTINGS
from tests.support.reports import (
    MIRROR_PASSWORD,
    MIRROR_VARIABLE,
    PASSWORD,
    PATCHED,
    PHASES,
    PREFLIGHT,
    changed,
    checked,
    scenario,
    the_report,
)


def test_a_good_run(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, scenario())
    outcome = fleet.run()
    report = the_report(outcome)
    assert (outcome.exit_code, report["exit_state"], report["reason"], report["mode"]) == (
        0,
        "converged",
        None,
        "build",
    )
    assert [report["endpoint"], report["kubernetes_version"]] == ["10.0.1.157:6443", "1.30.14"]
    login = {"username": "ci", "password_env": MIRROR_VARIABLE, "password_file": None}
    assert report["settings"]["mirror"]["credentials"] == {"https://mirror.example": login}
    assert MIRROR_PASSWORD not in outcome.output
    workers = [machine for name, machine in outcome.world.machines.items() if "worker" in name]
    login_of_yum = f"\nusername=ci\npassword={MIRROR_PASSWORD}\n"
    assert all(login_of_yum in machine.files["/etc/yum.repos.d/k8s-ha.repo"] for machine in workers)
    assert {machine.modes["/etc/yum.repos.d/k8s-ha.repo"] for machine in workers} == {"600"}
    assert not any(MIRROR_PASSWORD in step.command for step in outcome.log)
    assert report["settings"]["kubeadm_patches"]["ClusterConfiguration"]["apiServer"]["extraArgs"] == {
        "oidc-client-secret": "***"
    }
    assert [phase["name"] for phase in report["phases"]] == [preflight.NAME, *PHASES]
    times = {phase["name"]: (phase["seconds"], phase["serial_seconds"]) for phase in report["phases"]}
    assert all(0 <= serial <= seconds for seconds, serial in times.values())
    assert times["Bring up the control plane"][1] > 0  # one control plane after the other
    assert changed(report, "Join the workers") == {"master1": 1, "worker1": 1, "worker2": 1}
    (init,) = [
        entry
        for entry in report["changes"]
        if entry["host"] == "@fake/master1" and entry["phase"] == "Bring up the control plane"
    ]
    assert init["operations"] == [
        "Pull the images the host will start with",
        "Initialize the cluster on master1",
        "Give root the kubeconfig",
        "Fetch the kubeconfig to the operator",
    ]
    assert [report[key] for key in ("failures", "failed_hosts", "unreachable_hosts")] == [[], [], []]
    assert (report["hosts"][0]["name"], report["hosts"][0]["os"], report["hosts"][0]["roles"]) == (
        "@fake/master1",
        "rocky 8.10",
        ["control_plane"],
    )
    assert [host["plan"] for host in report["hosts"]] == ["kubeadm init", *["kubeadm join"] * 4, None]
    assert report["started"] <= report["ended"]


def test_the_report_is_for_its_owner_alone(finished: Fleet) -> None:
    folder = finished.folder / "reports"
    modes = {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("k8s-ha-*")}
    assert (stat.S_IMODE(folder.stat().st_mode), modes) == (0o700, {".json": 0o600, ".html": 0o600})
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_a_run_writes_its_report_as_a_page_too(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, scenario()).run()
    report = the_report(outcome)
    (path,) = (tmp_path / "reports").glob("*.json")
    beside = path.with_suffix(".html")
    assert f"As a page: {beside}" in outcome.output
    assert beside.read_text(encoding="utf-8") == page(RunReport.model_validate(report))
    assert [word for word in (PASSWORD, MIRROR_PASSWORD, PATCHED) if word in beside.read_text(encoding="utf-8")] == []


def test_the_report_says_what_the_last_check_was_answered(finished: Fleet) -> None:
    verification = {entry.pop("host"): entry for entry in the_report(finished.run())["verification"]}
    assert set(verification["@fake/master1"]["answers"].values()) == {"ok"}
    assert verification["@fake/master1"]["version"] == "v1.30.14"
    assert verification["@fake/master-lb"] == {
        "version": None,
        "answers": {"balancer": "ok"},
        "backends": ["10.0.11.18:6443", "10.0.12.55:6443", "10.0.13.22:6443"],
        "holds": [],
    }


def test_the_report_says_when_phases_began_and_how_long_hosts_worked(finished: Fleet) -> None:
    report = the_report(finished.run())
    begun = [phase["begins"] for phase in report["phases"] if phase["begins"] is not None]
    assert begun == sorted(begun)
    assert begun[0] >= 0
    assert all(host["seconds"] > 0 for host in report["hosts"])


@pytest.mark.parametrize("hinders", ["a page of somebody's", "a template that is broken"])
def test_a_page_that_cannot_be_written_costs_a_warning_and_not_the_run(tmp_path: Path, hinders: str) -> None:
    deploy = tmp_path / "deploy.py"
    text = "import k8s_ha\nimport k8s_ha.reporting.run_tracker as tracker\n"
    if hinders == "a page of somebody's":
        text += "tracker.claim = lambda folder, stem, suffix: folder / 'taken.json'\n"
        (tmp_path / "reports").mkdir()
        (tmp_path / "reports" / "taken.html").write_text("mine", encoding="utf-8")
    else:
        text += "def broken(*_):\n    raise LookupError('no template')\ntracker.write_page = broken\n"
    deploy.write_text(f"{text}k8s_ha.prepare_host()\n", encoding="utf-8")
    outcome = Fleet(tmp_path, scenario()).run(deploy=deploy)
    (report,) = outcome.reports
    assert (outcome.exit_code, report["exit_state"]) == (0, "converged")
    assert "no page was written: " in outcome.sentences
    assert "make it by `python -m k8s_ha page " in outcome.sentences
    assert "As a page:" not in outcome.output


def test_the_second_run(finished: Fleet) -> None:
    outcome = finished.run()
    report = the_report(outcome)
    assert (report["exit_state"], report["changes"], report["failures"]) == ("converged", [], [])
    assert {host["plan"] for host in report["hosts"]} == {"the host is a node of the cluster", None}
    assert "All phases: nothing changed" in outcome.output
    end = outcome.output.rstrip().splitlines()[-1]
    assert re.fullmatch(r" {4}The whole report: \S+/reports/k8s-ha-\d{8}T\d{6}Z(-\d)?\.json", end)


def test_a_failed_run(tmp_path: Path) -> None:
    fails = {"success": False, "lines": [*PREFLIGHT, f"Error: sudo was given {PASSWORD}"]}
    outcome = Fleet(tmp_path, scenario(answers=[("master1", "NAME=kubeadm-init", fails)])).run()
    report = the_report(outcome)
    assert (outcome.exit_code, report["exit_state"]) == (1, "failed")
    # The load balancer alone remains for the last look, which says that there is no cluster.
    assert report["failed_hosts"] == [f"@fake/{name}" for name in ADDRESSES]
    failure = report["failures"][0]
    assert [failure[key] for key in ("host", "phase", "operation")] == [
        "@fake/master1",
        "Bring up the control plane",
        "Initialize the cluster on master1",
    ]
    assert failure["lines"][:2] == [
        "error execution phase preflight: [preflight] Some fatal errors occurred:",
        "\t[ERROR Port-6443]: Port 6443 is in use",
    ]
    assert failure["lines"][-1] == "Error: sudo was given ***"
    assert failure["explanations"][2] == {
        "cause": "/var/lib/etcd holds the data of an older etcd",
        "remedy": "save it if that cluster matters; else run `kubeadm reset` there if nothing of it is needed, then "
        "run this again",
        "source": "https://github.com/kubernetes/kubernetes/blob/v1.20.2/cmd/kubeadm/app/preflight/checks.go",
    }
    reported = "@fake/master1: known: /var/lib/etcd holds the data of an older etcd; save it if that cluster matters"
    assert outcome.sentences.count(reported) == 1
    assert "Failed: @fake/master1, @fake/master2, @fake/master3, @fake/worker1, @fake/worker2" in outcome.output


def test_the_last_host_to_fail_is_explained_too(tmp_path: Path) -> None:
    fails = {"success": False, "lines": ['[emerg] 1#1: unknown directive "stream" in /etc/nginx/nginx.conf:9']}
    answers = [(host, "hostnamectl set-hostname", fails) for host in ADDRESSES]
    outcome = Fleet(tmp_path, scenario(answers=answers)).run()
    report = the_report(outcome)
    assert (outcome.exit_code, report["exit_state"], report["reason"]) == (1, "failed", "No hosts remaining!")
    assert len(report["failures"]) == len(report["failed_hosts"]) == 6
    assert outcome.sentences.count(": known: nginx has no stream module, or the include stands before the line") == 6


def test_a_host_that_fails_while_it_is_checked_is_named_with_the_operation(tmp_path: Path) -> None:
    answers = [("worker1", "hostnamectl", {"success": False, "lines": ["no such command"]})]
    report = the_report(Fleet(tmp_path, scenario(answers=answers)).run())
    assert report["exit_state"] == "failed"
    (failure,) = [entry for entry in report["failures"] if entry["host"] == "@fake/worker1"]
    assert (failure["phase"], failure["operation"]) == ("Prepare the host", "Set the hostname")


def test_what_a_failed_command_says_of_join_secrets_is_hidden(tmp_path: Path) -> None:
    answers = [("master2", "kubeadm-join.yaml", {"success": False, "echo": True})]
    keep = [("master1", "delete --ignore-not-found", {"success": False})]
    outcome = Fleet(tmp_path, scenario(answers=answers + keep)).run()
    report = the_report(outcome)
    (token,) = outcome.world.tokens
    checked(report, token.partition(".")[2], outcome.world.certificate_key)
    (lines,) = [failure["lines"] for failure in report["failures"] if failure["host"] == "@fake/master2"]
    assert "***" in "".join(lines)


def test_no_host_answers(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, scenario(unreachable=list(ADDRESSES))).run()
    report = the_report(outcome)
    assert (outcome.exit_code, report["exit_state"], report["reason"]) == (1, "unreachable", "No hosts remaining!")
    assert report["unreachable_hosts"] == list(ADDRESSES)
    assert report["hosts"][0]["os"] is None
    assert [report[key] for key in ("phases", "changes", "failures", "failed_hosts")] == [[], [], [], []]


def test_one_host_does_not_answer(tmp_path: Path) -> None:
    report = the_report(Fleet(tmp_path, scenario(unreachable=["worker2"])).run())
    assert (report["exit_state"], report["unreachable_hosts"]) == ("failed", ["worker2"])
    assert changed(report, "Join the workers")["worker1"] == 1


def test_a_refused_run(tmp_path: Path) -> None:
    odd = {"worker1": {"os_id": "debian", "os_like": "debian"}}
    outcome = Fleet(tmp_path, scenario(survey=odd)).run()
    report = the_report(outcome)
    assert (outcome.exit_code, report["exit_state"], report["changes"]) == (1, "refused", [])
    assert report["reason"] == "nothing was changed: 1 error on @fake/worker1, listed above; fix them"
    (finding,) = [entry for entry in report["findings"] if entry["severity"] == "error"]
    assert [finding[key] for key in ("host", "check", "found")] == ["@fake/worker1", "system", "runs debian 8.10"]
    assert [host["os"] for host in report["hosts"] if host["name"] == "@fake/worker1"] == ["debian 8.10"]


@pytest.mark.parametrize("check", [True, False], ids=["before connecting", "in deploy code"])
def test_refused_settings(tmp_path: Path, check: bool) -> None:
    mistaken = {"kubernetes_baseurl": f"https://user:{MIRROR_PASSWORD}@mirror .example"}
    outcome = Fleet(tmp_path, scenario(settings={**SETTINGS, "mirror": mistaken}, check=check)).run()
    report = the_report(outcome)
    assert (outcome.exit_code, report["exit_state"], report["settings"]) == (1, "refused", None)
    assert report["reason"].startswith("the cluster's settings cannot be used:\n    mirror.kubernetes_baseurl: ")
