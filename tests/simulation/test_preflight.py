"""Preflight through the command line, on simulated hosts."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from k8s_ha.catalog.check_names import CHECKS, CheckName
from k8s_ha.findings import Finding
from tests.support.fakes.run import LOOK, RUNTIME, Fleet, Outcome
from tests.support.fakes.scenario import ADDRESSES, SETTINGS, Scenario
from tests.support.finding_rows import reported, rows

TAKEN = 'listen 0 128 *:6443 *:* users:(("httpd",pid=812,fd=3))'
HTTPD = (
    "@fake/master1: httpd (pid 812) listens on port 6443; kube-apiserver listens there; end that program, or move it "
    "to another port"
)


def found(outcome: Outcome) -> list[tuple[str, str, str]]:
    return [(row.host, row.check, row.severity) for row in rows(outcome.output)]


def test_every_check_has_a_row_that_says_what_it_asks() -> None:
    assert tuple(CHECKS) == get_args(CheckName)


@pytest.mark.parametrize("flag", ["--dry", "-y"])
def test_good_hosts_are_checked_twice_and_nothing_is_prepared(tmp_path: Path, flag: str) -> None:
    outcome = Fleet(tmp_path, Scenario()).run(flag, "--json", deploy=LOOK)
    assert outcome.exit_code == 0, outcome.output
    assert f"Preflight: 6 hosts, {len(CHECKS)} checks, nothing found" in outcome.output
    assert "Plan: @fake/master1: kubeadm init" in outcome.output
    joining = ", ".join(f"@fake/{name}" for name in ("master2", "master3", "worker1", "worker2"))
    assert f"Plan: {joining}: kubeadm join" in outcome.output
    # stdout holds the JSON and nothing else; it comes first in what the run printed.
    printed, _ = json.JSONDecoder().raw_decode(outcome.output)
    assert (printed["plan"], (printed["results"] or {}).get("operations", [])) == ([], [])
    looks = Counter((step.host, step.step) for step in outcome.log if step.step != "connect")
    assert looks == Counter({(host, step): 1 for host in ADDRESSES for step in ("survey", "preflight")})


NO_VERSION = {key: value for key, value in SETTINGS.items() if key != "kubernetes_version"}
NEW_HOSTS = {
    "el-7": ({"os_version": "7", "kernel": "3.10.0-1160.el7.x86_64"}, "1.30.14", "of 1.31: the last containerd.io"),
    "el-8": ({}, "1.34.11", "of 1.35: its kubelet asks for cgroup v2"),
    "el-9": (
        {"os_version": "9.6", "kernel": "5.14.0-570.el9.x86_64", "cgroup": "cgroup2fs"},
        "1.37.2",
        "the newest that is known",
    ),
}


@pytest.mark.parametrize(("survey", "version", "reason"), NEW_HOSTS.values(), ids=NEW_HOSTS)
def test_a_version_is_chosen_where_none_is_named(
    tmp_path: Path, survey: dict[str, str], version: str, reason: str
) -> None:
    outcome = Fleet(tmp_path, Scenario(settings=NO_VERSION, survey=dict.fromkeys(ADDRESSES, survey))).run(
        "--dry", deploy=LOOK
    )
    assert f"Kubernetes {version}: " in outcome.output
    (report,) = outcome.reports
    assert report["kubernetes_version"] == version
    assert reason in report["version_reason"]


def test_the_weakest_of_mixed_hosts_decides(tmp_path: Path) -> None:
    el_9, version, _ = NEW_HOSTS["el-9"]
    survey = dict.fromkeys(ADDRESSES, el_9) | {"worker2": NEW_HOSTS["el-7"][0]}
    outcome = Fleet(tmp_path, Scenario(settings=NO_VERSION, survey=survey)).run("--dry", deploy=LOOK)
    assert version != "1.30.14"
    assert "Kubernetes 1.30.14: the newest that @fake/worker2 (EL7, kernel 3.10, cgroup v1) carries" in outcome.output


def test_a_standing_cluster_keeps_its_version(finished: Fleet) -> None:
    finished.change(replace(finished.scenario, settings=NO_VERSION))
    outcome = finished.run()
    assert outcome.exit_code == 0, outcome.output
    assert "Kubernetes 1.30.14: the cluster stands with it, by @fake/master1" in outcome.output
    assert changes(outcome) == []


def test_a_part_of_the_hosts_keeps_the_version_too(finished: Fleet) -> None:
    """A node tells by itself; where it does not, those that the run leaves out are asked."""
    finished.change(replace(finished.scenario, settings=NO_VERSION))
    for name in ("worker1", "master1"):
        outcome = finished.run("--dry", "--limit", "@fake/worker1", deploy=LOOK)
        assert outcome.exit_code == 0, outcome.output
        assert f"Kubernetes 1.30.14: the cluster stands with it, by @fake/{name}" in outcome.output
        finished.edit(lambda world: world.machines["worker1"].packages.pop("kubelet", None))


def changes(outcome: Outcome) -> list[str]:
    return [step.step for step in outcome.log if step.changes]


def test_other_settings_on_a_standing_cluster_end_the_run_before_the_first_change(finished: Fleet) -> None:
    finished.change(replace(finished.scenario, settings=SETTINGS | {"pod_cidr": "10.245.0.0/16"}))
    outcome = finished.run()
    assert (outcome.exit_code, found(outcome)) == (1, [("the cluster", "settings", "error")])
    assert changes(outcome) == []


def test_labels_of_a_standing_node_are_changed_and_noted(finished: Fleet) -> None:
    entry = {"hostname": "worker1", "address": ADDRESSES["worker1"], "labels": {"zone": "b"}}
    own = {"worker1": {"k8s_ha_host": entry}}
    for host_data, plan in ((own, "gets label zone=b"), ({}, "loses label zone")):
        finished.change(replace(finished.scenario, host_data=host_data))
        outcome = finished.run()
        assert f"Plan: @fake/worker1: {plan}" in outcome.output
        assert changes(outcome) == ["node patched"]
        assert changes(finished.run()) == []


def test_a_login_with_sudo_is_asked_no_more_than_root(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, Scenario(host_data={"worker1": {"_sudo": True}})).run("--dry", deploy=LOOK)
    assert [step.step for step in outcome.log if step.host == "worker1"] == ["connect", "survey", "preflight"]


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    scenario = Scenario(
        survey={"worker2": {"os_id": "debian", "os_like": ""}},
        preflight={"master1": [TAKEN, "cpus 1"], "worker1": ["swap /dev/dm-1"]},
    )
    outcome = Fleet(tmp_path, scenario).run()
    assert found(outcome) == [
        ("@fake/worker2", "system", "error"),
        ("@fake/master1", "cpus", "error"),
        ("@fake/master1", "ports", "error"),
        ("@fake/worker1", "swap", "warning"),
    ]
    assert reported(outcome.output, HTTPD)
    assert (
        "nothing was changed: 3 errors on @fake/worker2, @fake/master1, listed above; fix them, or waive a check with "
        "waive = ['cpus', 'ports']"
    ) in outcome.sentences
    assert outcome.exit_code == 1
    assert "Traceback" not in outcome.output
    assert {step.step for step in outcome.log} == {"connect", "survey", "preflight"}


def test_warnings_and_waived_errors_are_shown_and_stop_nothing(tmp_path: Path) -> None:
    scenario = Scenario(
        settings=SETTINGS | {"waive": ["ports"]},
        preflight={"master1": [TAKEN], "worker1": ["swap /dev/dm-1"]},
    )
    outcome = Fleet(tmp_path, scenario).run()
    assert outcome.exit_code == 0, outcome.output
    assert found(outcome) == [("@fake/master1", "ports", "waived"), ("@fake/worker1", "swap", "warning")]
    assert set(outcome.world.nodes) == {"master1", "master2", "master3", "worker1", "worker2"}


def test_a_line_past_its_end_is_told_and_lived_with(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, Scenario(day="2025-07-16")).run(deploy=LOOK)
    assert found(outcome) == [("@fake/master1", "kubernetes", "warning")]
    assert "Kubernetes 1.30 reached its end of life on 2025-07-15" in outcome.sentences
    assert outcome.exit_code == 0


@pytest.mark.parametrize("deploy", [LOOK, RUNTIME])
def test_a_new_cluster_does_not_begin_with_a_bad_patch(tmp_path: Path, deploy: Path) -> None:
    outcome = Fleet(tmp_path, Scenario(settings=SETTINGS | {"kubernetes_version": "1.30.0"})).run(deploy=deploy)
    assert outcome.exit_code == 1
    assert "Kubernetes 1.30.0 has a fault" in outcome.sentences
    assert "choose 1.30.1 or newer" in outcome.sentences
    assert [step for step in outcome.log if step.changes] == []


def test_a_layer_alone_knows_what_is_waived(tmp_path: Path) -> None:
    settings = SETTINGS | {"kubernetes_version": "1.31.14", "kube_proxy_mode": "nftables"}
    refused = Fleet(tmp_path, Scenario(settings=settings)).run(deploy=RUNTIME)
    assert "nothing was changed: @fake/master1: its kernel is 4.18.0-553.el8_10.x86_64; " in refused.sentences
    assert Fleet(tmp_path, Scenario(settings=settings | {"waive": ["kernel"]})).run(deploy=RUNTIME).exit_code == 0


def test_a_host_that_does_not_tell_the_rest_ends_the_run(tmp_path: Path) -> None:
    fails = {"success": False, "lines": ["it failed"]}
    outcome = Fleet(tmp_path, Scenario(answers=[("worker1", "FOLDERS=", fails)])).run()
    assert found(outcome) == [("@fake/worker1", "unreachable", "error")]
    assert [step for step in outcome.log if step.changes] == []


def test_a_worker_out_of_reach_is_named_and_left_out(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, Scenario(unreachable=["worker2"])).run()
    assert rows(outcome.output) == [
        Finding(
            "worker2",
            "unreachable",
            "cannot be reached",
            "it is left out of this run",
            "bring it back and run this again",
            "warning",
        )
    ]
    assert set(outcome.world.nodes) == {"master1", "master2", "master3", "worker1"}


def test_what_the_hosts_told_is_not_asked_again_while_preparing(finished: Fleet) -> None:
    deploy = finished.folder / "look_and_network.py"
    deploy.write_text("import k8s_ha\nk8s_ha.preflight()\nk8s_ha.pod_network()\n", encoding="utf-8")
    outcome = finished.run("--dry", deploy=deploy)
    assert outcome.exit_code == 0, outcome.output
    assert "nothing found" in outcome.output
    assert "Plan:" not in outcome.output
    assert outcome.steps("node") == []
    assert len(outcome.steps("survey")) == len(ADDRESSES)


def test_a_node_of_a_cluster_that_has_forgotten_it_is_told_and_is_retried(finished: Fleet) -> None:
    finished.edit(lambda world: world.nodes.pop("worker1"))
    outcome = finished.run()
    assert reported(
        outcome.output,
        "@fake/worker1: holds /etc/kubernetes/kubelet.conf, /etc/kubernetes/pki/ca.crt, but is no node of the "
        "cluster: a join was cut off, or the node was removed; a node; nothing: this run resets it and joins it",
    )
    assert [step.host for step in outcome.steps("kubeadm-reset", "kubeadm-join")] == ["worker1", "worker1"]
    assert outcome.exit_code == 0


def test_a_part_of_the_hosts_is_checked_alone(finished: Fleet) -> None:
    outcome = finished.run("--dry", "--limit", "@fake/worker1", deploy=LOOK)
    assert (outcome.exit_code, found(outcome)) == (0, [])
    # The control planes are asked what they hold of the cluster, and nothing else.
    assert {step.host for step in outcome.log if step.step not in ("connect", "node")} == {"worker1"}
    assert "Preflight: 1 host, " in outcome.output
