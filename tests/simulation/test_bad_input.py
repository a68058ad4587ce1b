"""What cannot work is refused through the command line in one sentence, before anything is changed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fakes.run import JOINS, RUNTIME, Fleet, Outcome
from tests.support.fakes.scenario import ADDRESSES, GROUPS, SETTINGS, Scenario
from tests.support.fakes.world import World
from tests.support.finding_rows import reported
from tests.support.paths import FAKES, PROJECT


def assert_refused(outcome: Outcome, sentence: str) -> None:
    """One clean sentence, and nothing changed."""
    assert f"{sentence} " in f"{outcome.sentences} ", outcome.output
    assert "pyinfra error in" not in outcome.output
    assert_untouched(outcome)


def assert_untouched(outcome: Outcome) -> None:
    """A failed run that changed nothing."""
    assert outcome.exit_code == 1, outcome.output
    assert "Traceback" not in outcome.output
    assert [step for step in outcome.log if step.changes] == []


def with_settings(**settings: object) -> Scenario:
    return Scenario(settings=SETTINGS | settings)


def with_own_settings(host: str, own: object) -> Scenario:
    return Scenario(host_data={host: {"k8s_ha_host": own}})


SETTINGS_MISTAKES = {
    "upper-case hostname": (
        with_own_settings("master1", {"address": "10.0.11.18", "hostname": "Master1"}),
        "@fake/master1: hostname 'Master1'; a hostname is an RFC 1123 name: lower-case letters, digits and '-', labels "
        "of up to 63 characters joined by '.'; set hostname to 'master1'",
    ),
    "two hosts with one address": (
        Scenario(addresses=ADDRESSES | {"worker2": "10.0.12.16"}),
        "@fake/worker1, @fake/worker2: address '10.0.12.16'; each host has its own address; correct one of them",
    ),
    "no control plane": (
        Scenario(groups=GROUPS | {"control_plane": []}),
        "hosts: no control plane; a cluster has at least one; give a host the role control_plane",
    ),
    "pod network over the hosts' own": (
        with_settings(pod_cidr="10.0.12.0/22"),
        "pod_cidr: 10.0.12.0/22 holds the addresses of @fake/master2 (10.0.12.55), @fake/master3 (10.0.13.22), "
        "@fake/worker1 (10.0.12.16), @fake/worker2 (10.0.13.37); hosts, pods and Services have networks of their own; "
        "choose another pod_cidr",
    ),
    "endpoint that no host has": (
        with_settings(control_plane_endpoint="10.0.1.99:6443"),
        "control_plane_endpoint: '10.0.1.99:6443'; it is the address or hostname of a load balancer, or of the only "
        "control plane; write 10.0.1.157:6443",
    ),
    "version without a patch level": (
        with_settings(kubernetes_version="1.20"),
        "kubernetes_version: '1.20'; a Kubernetes version is written x.y.z; name the patch release, such as 1.20.0",
    ),
    "misspelt setting": (
        with_settings(pod_cird="10.32.0.0/12"),
        "pod_cird: unknown setting; settings are spelt as in ClusterSettings; did you mean pod_cidr?",
    ),
    "a misspelt group": (
        Scenario(groups={"masters": GROUPS["control_plane"], "wrokers": GROUPS["workers"]}),
        "hosts: no control plane; a cluster has at least one; give a host the role control_plane "
        "groups: a control_plane is a host of the group control_plane or control_planes; the inventory has also "
        "inventory, masters, wrokers; rename a group, or give groups={'control_plane': …}",
    ),
    "an address by a name": (
        Scenario(host_data={"worker1": {"k8s_ha_host": {"hostname": "w1"}, "ssh_hostname": "worker1.example"}}),
        "@fake/worker1: address 'worker1.example'; a host's address is an IPv4 address; set k8s_ha_host = {'address': "
        "…} to the one that the other nodes reach it by",
    ),
    "host settings that are no mapping": (
        with_own_settings("worker1", "10.0.12.16"),
        "@fake/worker1: k8s_ha_host is '10.0.12.16'; it must be a mapping; write {'address': …}",
    ),
    "role among the host settings": (
        with_own_settings("worker1", {"role": "worker"}),
        "@fake/worker1: k8s_ha_host sets 'role'; the inventory and its groups decide that; remove it",
    ),
}


@pytest.mark.parametrize(("scenario", "sentence"), SETTINGS_MISTAKES.values(), ids=SETTINGS_MISTAKES)
def test_mistakes_in_settings_end_the_run_before_it_connects(tmp_path: Path, scenario: Scenario, sentence: str) -> None:
    outcome = Fleet(tmp_path, scenario).run()
    assert_refused(outcome, f"the cluster's settings cannot be used: {sentence}")
    assert outcome.log == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('workers = "worker1"', "workers = 'worker1'"),
        ("workers = ('worker1', 'worker2')", "workers = ('worker1', 'worker2')"),
    ],
    ids=["a string", "a tuple"],
)
def test_a_group_that_is_no_list_is_no_cluster_without_workers(tmp_path: Path, source: str, found: str) -> None:
    inventory = tmp_path / "hosts.py"
    inventory.write_text(f"control_plane = ['@local']\n{source}\n", encoding="utf-8")
    (tmp_path / "group_data").mkdir()
    (tmp_path / "group_data" / "all.py").write_text(
        "from k8s_ha import check_settings\nk8s_ha_host = {'address': '10.0.0.1', 'hostname': 'm'}\n"
        "check_settings({})\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pyinfra", str(inventory), str(FAKES / "look.py"), "--dry"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert f"hosts.py: {found}; a group is a list of hosts; write workers = ['NAME', …]" in done.stderr
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, with_settings(kubernetes_version="1.20", pod_cird="10.32.0.0/12")).run()
    assert "\n    kubernetes_version: " in outcome.output
    assert "\n    pod_cird: " in outcome.output


def test_settings_that_nobody_checked_before_are_refused_before_a_host_is_checked(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, replace(with_settings(pod_cird="10.32.0.0/12"), check=False)).run()
    assert_refused(outcome, "did you mean pod_cidr?")
    assert {step.step for step in outcome.log} == {"connect"}


FAILS = {"success": False, "lines": ["it failed"]}
SUDO_ASKS = {"lines": ["sudo: a password is required", "k8s-ha-login failed 1"]}
NOLOGIN = {"success": False, "lines": ["This account is currently not available."]}
UNUSABLE_HOSTS = {
    "not Enterprise Linux": (
        Scenario(survey={"worker2": {"os_id": "debian", "os_like": "", "os_version": "12"}}),
        "@fake/worker2: runs debian 12; Enterprise Linux 7, 8, 9, 10 is supported; use such a host",
    ),
    "Enterprise Linux too old": (
        Scenario(survey={"worker2": {"os_version": "6.10"}}),
        "@fake/worker2: runs rocky 6.10; Enterprise Linux 7, 8, 9, 10 is supported; use such a host",
    ),
    "a podman in the way": (
        Scenario(survey={"worker2": {"conflicting": "podman 4.9.4-1.el8"}}),
        "@fake/worker2: podman 4.9.4-1.el8 is installed; containerd.io cannot stand beside it; run `yum remove podman` "
        "there, or set remove_conflicting_packages = True",
    ),
    "a host too old for the version": (
        Scenario(
            settings={"kubernetes_version": "1.31.14"},
            survey={"worker1": {"os_version": "7", "kernel": "3.10.0-1160.el7.x86_64"}},
        ),
        "@fake/worker1: Kubernetes 1.31.14 does not run on EL7, kernel 3.10, cgroup v1; the last containerd.io built "
        "for EL7, 1.6.33, carries Kubernetes up to 1.30; choose Kubernetes 1.30, or leave these hosts out",
    ),
    "login without root": (
        Scenario(survey={"worker2": {"uid": "1000"}}),
        "@fake/worker2: commands run as uid 1000; root is needed; log in as root, or set _sudo = True for the host and "
        "let its user sudo",
    ),
    "login that may not sudo": (
        Scenario(host_data={"worker1": {"_sudo": True}}, answers=[("worker1", "sudo -H -n", SUDO_ASKS)]),
        "@fake/worker1: it says 'sudo: a password is required'; root is needed; set _sudo_password, or allow NOPASSWD "
        "in sudoers",
    ),
    "a login shell that runs nothing": (
        Scenario(answers=[("worker1", "os_like", {"success": False}), ("worker1", "printenv SHELL", NOLOGIN)]),
        "@fake/worker1: it says 'This account is currently not available.'; a login shell that runs commands; give "
        "that user a shell (`usermod -s /bin/bash USER`), or log in as another",
    ),
    "a login shell that is no relative of sh": (
        Scenario(survey={"worker2": {"login_shell": "/usr/bin/tcsh"}}),
        "@fake/worker2: its login shell is /usr/bin/tcsh; that reads sh's quotes in another way; run `usermod -s "
        "/bin/bash USER` for who logs in, or log in as another",
    ),
    "host that does not tell": (
        Scenario(answers=[("worker1", "os_like", FAILS)]),
        "@fake/worker1: could not be checked as root: 'it failed'; root or sudo is needed; fix that there",
    ),
    "address of another host": (
        Scenario(survey={"worker2": {"address": "10.9.9.9"}}),
        "@fake/worker2: 10.0.13.37 is on none of its interfaces (10.9.9.9); the node address must be; set k8s_ha_host "
        "= {'address': …}",
    ),
}


@pytest.mark.parametrize(("scenario", "sentence"), UNUSABLE_HOSTS.values(), ids=UNUSABLE_HOSTS)
def test_an_unusable_host_ends_a_layer_before_the_first_change(
    tmp_path: Path, scenario: Scenario, sentence: str
) -> None:
    assert_refused(Fleet(tmp_path, scenario).run(deploy=RUNTIME), f"nothing was changed: {sentence}")


@pytest.mark.parametrize(("scenario", "sentence"), UNUSABLE_HOSTS.values(), ids=UNUSABLE_HOSTS)
def test_an_unusable_host_is_a_row_of_preflights_table(tmp_path: Path, scenario: Scenario, sentence: str) -> None:
    outcome = Fleet(tmp_path, scenario).run()
    host = sentence.partition(":")[0]
    assert_refused(outcome, f"nothing was changed: 1 error on {host}, listed above; fix them")
    assert reported(outcome.output, sentence), outcome.output


@pytest.mark.parametrize("missing", [["master2"], ["master1", "master3"]], ids=" and ".join)
def test_an_unreachable_control_plane_may_hold_a_cluster(tmp_path: Path, missing: list[str]) -> None:
    outcome = Fleet(tmp_path, Scenario(unreachable=missing)).run()
    assert_untouched(outcome)
    sentences = [
        f"{name}: cannot be reached, and no cluster was found on the other control planes; it may hold one, so nothing "
        "may begin without it; bring it back or take it out of the inventory"
        for name in missing
    ]
    assert [name for name in sentences if not reported(outcome.output, name)] == []
    alone = Fleet(tmp_path, Scenario(unreachable=missing)).run(deploy=JOINS)
    assert_refused(alone, " ".join(["nothing was changed:", *sentences]))


def test_an_unreachable_control_plane_left_out_by_limit_may_hold_one_too(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, Scenario(unreachable=["master2"]))
    fleet.edit(World.prepare)
    outcome = fleet.run("-y", "--limit", "@fake/master1", deploy=JOINS)
    assert outcome.exit_code == 1
    assert "No cluster was initialized: master2 could not be read and may hold one" in outcome.sentences
    assert outcome.steps("kubeadm-init") == []


def test_a_host_without_a_role_is_refused(tmp_path: Path) -> None:
    hosts = ADDRESSES | {"other": "10.0.9.9"}
    outcome = Fleet(tmp_path, Scenario(addresses=hosts, groups=GROUPS | {"others": ["other"]}, order=list(hosts))).run()
    assert_refused(outcome, "@fake/other is in none of the cluster's groups; add it to one, or use --limit")


@pytest.mark.parametrize("check", [True, False], ids=["before connecting", "in deploy code"])
@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ({"password_env": "hush-hush"}, "password_env: there is no such environment variable; export it"),
        ({"password_file": "hush-hush"}, "password_file: the file cannot be read (No such file or directory)"),
    ],
)
def test_a_password_that_is_not_where_the_settings_say(
    tmp_path: Path, place: dict[str, str], reason: str, check: bool
) -> None:
    credentials = {"https://pkgs.k8s.io": {"username": "ci", **place}}
    scenario = replace(with_settings(mirror={"credentials": credentials}), check=check)
    outcome = Fleet(tmp_path, scenario).run()
    assert f"mirror.credentials.https://pkgs.k8s.io.{reason}" in outcome.sentences
    assert_untouched(outcome)
    assert "hush-hush" not in outcome.output
