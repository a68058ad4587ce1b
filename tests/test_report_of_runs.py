"""Each run of the real command line leaves its report, says how far it is, and keeps its secrets."""

from __future__ import annotations

import json
import re
import signal
import stat
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from k8s_ha.deploys import preflight
from k8s_ha.report import SCHEMA_FILE
from k8s_ha.resources import read_file
from tests.fakes.run import JOINS, LOOK, RUNTIME, Fleet, Outcome
from tests.fakes.scenario import ADDRESSES, GROUPS, SETTINGS, Scenario
from tests.fakes.world import World
from tests.lab_client import until

SCHEMA = Draft202012Validator(json.loads(read_file(SCHEMA_FILE)))
PREFLIGHT = (
    (Path(__file__).parent / "recorded/errors/kubeadm-init-preflight.txt").read_text(encoding="utf-8").splitlines()
)
PASSWORD, MIRROR_PASSWORD, PATCHED = "open-sesame", "hush-hush", "oidc-whisper"
LAYERS = [
    "Prepare the host",
    "Set up the repositories",
    "Install the container runtime",
    "Set up the load balancer",
    "Install the Kubernetes packages",
    "Bring up the control plane",
    "Join the workers",
    "Set up the pod network",
    "Verify the cluster",
]
"""In the order of execution: the load balancer's chain is short, so that its layer comes early."""


def scenario(**changed: Any) -> Scenario:
    """A scenario with secrets wherever a user may put one."""
    settings = {
        **SETTINGS,
        "mirror": {
            "kubernetes_baseurl": f"https://user:{MIRROR_PASSWORD}@mirror.example/v{{minor}}/rpm/",
            "kubernetes_gpgkey": "https://mirror.example/key",
        },
        "kubeadm_patches": {"ClusterConfiguration": {"apiServer": {"extraArgs": {"oidc-client-secret": PATCHED}}}},
    }
    data = {host: {"_sudo_password": PASSWORD} for host in ADDRESSES}
    return Scenario(**{"settings": settings, "host_data": data} | changed)


def the_report(outcome: Outcome) -> dict[str, Any]:
    """The run's only report; it fits the schema and holds no secret."""
    (report,) = outcome.reports
    checked(report)
    return report


def checked(report: dict[str, Any], *secrets: str) -> None:
    assert [error.message for error in SCHEMA.iter_errors(report)] == []
    text = json.dumps(report)
    assert [word for word in (PASSWORD, MIRROR_PASSWORD, PATCHED, *secrets) if word in text] == []


def changed(report: dict[str, Any], layer: str) -> dict[str, int]:
    """How many operations changed something in a layer, by host."""
    changes = [entry for entry in report["changes"] if entry["layer"] == layer]
    return {entry["host"].removeprefix("@fake/"): len(entry["operations"]) for entry in changes}


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
    assert report["settings"]["mirror"]["kubernetes_baseurl"] == "https://***@mirror.example/v{minor}/rpm/"
    assert report["settings"]["kubeadm_patches"]["ClusterConfiguration"]["apiServer"]["extraArgs"] == {
        "oidc-client-secret": "***"
    }
    assert [layer["name"] for layer in report["layers"]] == [preflight.NAME, *LAYERS]
    times = {layer["name"]: (layer["seconds"], layer["serial_seconds"]) for layer in report["layers"]}
    assert all(0 <= serial <= seconds for seconds, serial in times.values())
    assert times["Bring up the control plane"][1] > 0  # one control plane after the other
    assert changed(report, "Join the workers") == {"master1": 1, "worker1": 1, "worker2": 1}
    (init,) = [
        entry
        for entry in report["changes"]
        if entry["host"] == "@fake/master1" and entry["layer"] == "Bring up the control plane"
    ]
    assert init["operations"] == [
        "Pull the images the host will start with",
        "Initialise the cluster on master1",
        "Give root the kubeconfig",
        "Fetch the kubeconfig to the operator",
    ]
    assert [report[key] for key in ("failures", "failed_hosts", "unreachable_hosts")] == [[], [], []]
    assert (report["hosts"][0]["name"], report["hosts"][0]["os"], report["hosts"][0]["roles"]) == (
        "@fake/master1",
        "rocky 8.10",
        ["control_plane"],
    )
    assert report["started"] <= report["ended"]


def test_the_report_is_for_its_owner_alone(finished: Fleet) -> None:
    folder = finished.folder / "reports"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*.json")}
    assert (stat.S_IMODE(folder.stat().st_mode), modes) == (0o700, {0o600})
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_the_second_run(finished: Fleet) -> None:
    outcome = finished.run()
    report = the_report(outcome)
    assert (report["exit_state"], report["changes"], report["failures"]) == ("converged", [], [])
    assert "All layers: nothing changed" in outcome.output
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
    assert [failure[key] for key in ("host", "layer", "operation")] == [
        "@fake/master1",
        "Bring up the control plane",
        "Initialise the cluster on master1",
    ]
    assert failure["lines"][:2] == [
        "error execution phase preflight: [preflight] Some fatal errors occurred:",
        "\t[ERROR Port-6443]: Port 6443 is in use",
    ]
    assert failure["lines"][-1] == "Error: sudo was given ***"
    assert failure["explanations"][2] == {
        "cause": "/var/lib/etcd holds the data of an older etcd",
        "cure": "save it if that cluster matters; else run `kubeadm reset` there if nothing of it is needed, then run "
        "this again",
        "source": "https://github.com/kubernetes/kubernetes/blob/v1.20.2/cmd/kubeadm/app/preflight/checks.go",
    }
    told = "@fake/master1: /var/lib/etcd holds the data of an older etcd; save it if that cluster matters; else run"
    assert outcome.sentences.count(told) == 1
    assert "Failed: @fake/master1, @fake/master2, @fake/master3, @fake/worker1, @fake/worker2" in outcome.output


def test_the_last_host_to_fail_is_explained_too(tmp_path: Path) -> None:
    fails = {"success": False, "lines": ['[emerg] 1#1: unknown directive "stream" in /etc/nginx/nginx.conf:9']}
    answers = [(host, "hostnamectl set-hostname", fails) for host in ADDRESSES]
    outcome = Fleet(tmp_path, scenario(answers=answers)).run()
    report = the_report(outcome)
    assert (outcome.exit_code, report["exit_state"], report["reason"]) == (1, "failed", "No hosts remaining!")
    assert len(report["failures"]) == len(report["failed_hosts"]) == 6
    assert outcome.sentences.count(": nginx has no stream module, or the include stands before the line") == 6


def test_a_host_that_fails_while_it_is_looked_at_is_named_with_the_operation(tmp_path: Path) -> None:
    answers = [("worker1", "hostnamectl", {"success": False, "lines": ["no such command"]})]
    report = the_report(Fleet(tmp_path, scenario(answers=answers)).run())
    assert report["exit_state"] == "failed"
    (failure,) = [entry for entry in report["failures"] if entry["host"] == "@fake/worker1"]
    assert (failure["layer"], failure["operation"]) == ("Prepare the host", "Set the hostname")


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
    assert [report[key] for key in ("layers", "changes", "failures", "failed_hosts")] == [[], [], [], []]


def test_one_host_does_not_answer(tmp_path: Path) -> None:
    report = the_report(Fleet(tmp_path, scenario(unreachable=["worker2"])).run())
    assert (report["exit_state"], report["unreachable_hosts"]) == ("failed", ["worker2"])
    assert changed(report, "Join the workers")["worker1"] == 1


def test_a_refused_run(tmp_path: Path) -> None:
    odd = {"worker1": {"os_id": "debian", "os_like": "debian"}}
    outcome = Fleet(tmp_path, scenario(survey=odd)).run()
    report = the_report(outcome)
    assert (outcome.exit_code, report["exit_state"], report["changes"]) == (1, "refused", [])
    assert report["reason"] == "nothing was changed: 1 error on @fake/worker1, listed above; mend them"
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
    lines = [line for line in outcome.output.splitlines() if line.startswith("--> Layer ")]
    assert lines == [f"--> Layer {number} of 9: {name}" for number, name in enumerate(LAYERS, start=1)]
    assert (
        "@fake/master1: kubeadm-init runs, for 900 s at most; its output: /var/log/k8s-ha/kubeadm-init.log on that host"
        in map(str.strip, outcome.output.splitlines())
    )
    first = outcome.output.index("Starting operation:")
    assert outcome.output.index("--> Layer 1 of 9") < first < outcome.output.index("--> Layer 2 of 9")


@pytest.mark.parametrize("flag", ["--serial", "--no-wait"])
def test_runs_without_order_leave_reports_without_layer_lines(finished: Fleet, flag: str) -> None:
    outcome = finished.run("-y", flag)
    report = the_report(outcome)
    assert (outcome.exit_code, report["exit_state"]) == (0, "converged")
    assert [layer["name"] for layer in report["layers"]] == [preflight.NAME, *LAYERS]
    assert sum(layer["seconds"] for layer in report["layers"]) > 0
    assert "--> Layer" not in outcome.output


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
    finished.change(scenario(own_operations={"master1": 2}))
    outcome = finished.run(deploy=JOINS)
    report = the_report(outcome)
    assert [layer["name"] for layer in report["layers"]] == ["Bring up the control plane", "Join the workers"]
    assert report["changes"] == []


def test_one_layer_alone(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, scenario()).run(deploy=RUNTIME)
    report = the_report(outcome)
    assert report["exit_state"] == "converged"
    assert [layer["name"] for layer in report["layers"]] == ["Install the container runtime"]
    assert sum(changed(report, "Install the container runtime").values()) == 15
    assert "--> Layer 1 of 1: Install the container runtime" in outcome.output


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
    assert "--> Layer 1 of 1: Prepare the host (10.0.11.18:6443)" in outcome.output


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
