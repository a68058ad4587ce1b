"""A restore through the command line: its order, its refusals, and a run that was cut off."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.observations.restoring import MARK
from tests.support.fakes.restores import lose_all, snapshot_of
from tests.support.fakes.run import Fleet, Outcome
from tests.support.fakes.world import World
from tests.support.local_backup import NAME, archived_files, describe, make_backup
from tests.support.paths import PROJECT
from tests.support.whole_cluster import assert_whole

WHOLE = PROJECT / "deploy.py"
ENDPOINT = "10.0.1.157:6443"
SERVERS = ("master1", "master2", "master3")
FAILS: dict[str, Any] = {"success": False, "lines": []}
STAGES = ("begun", "tried", "silent", "stopped", "replaced", "member", "serving", "managed")


@pytest.fixture
def backed_up(finished: Fleet) -> Fleet:
    """A cluster that stands, and a backup of it on the operator's machine."""
    world = World.load(finished.world_file, finished.scenario)
    make_backup(finished.folder / "backups", snapshot_of(world))
    return finished


def arguments(endpoint: str = ENDPOINT, backup: str = f"backups/{NAME}", **more: str) -> list[str]:
    given = {"backup": backup, "endpoint": endpoint, **more}
    return [f"{name}={value}" for name, value in given.items() if value]


def restore(fleet: Fleet, *flags: str, **given: str) -> Outcome:
    return fleet.run(*arguments(**given), *(flags or ("-y",)), deploy="k8s_ha.restore")


def stages(outcome: Outcome) -> list[str]:
    """What the control planes came to, in its order, each once."""
    return list(dict.fromkeys(entry.split()[1] for entry in outcome.world.history if entry.split()[1] in STAGES))


def test_all_control_planes_come_through_each_stage_before_the_next(backed_up: Fleet) -> None:
    outcome = restore(backed_up)
    assert_whole(outcome)
    history = outcome.world.history
    assert stages(outcome) == [*STAGES]
    for number, stage in enumerate(STAGES):
        at = 3 * number
        assert sorted(history[at : at + 3]) == [f"{name} {stage}" for name in SERVERS]
    assert sorted(history[24:29]) == sorted(f"{name} kubelet" for name in (*SERVERS, "worker1", "worker2"))
    assert history[29:32] == ["deleted k8s-app=kube-proxy", "deleted app=flannel", "deleted k8s-app=kube-dns"]
    assert sorted(history[32:]) == [f"{name} ended" for name in SERVERS]
    assert not any(MARK in machine.files for machine in outcome.world.machines.values())
    assert backed_up.run(deploy=WHOLE).changes == []


def test_a_dry_run_shows_the_steps_and_changes_nothing(backed_up: Fleet) -> None:
    outcome = restore(backed_up, "--dry")
    assert (outcome.exit_code, outcome.changes, outcome.world.history) == (0, [], [])
    assert (
        "Plan: step 3 of 8, all control planes: API server, controller manager and scheduler stop" in outcome.sentences
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"endpoint": ""}, "no endpoint was given; restore is confirmed by the endpoint"),
        ({"endpoint": "10.0.1.158:6443"}, "the endpoint '10.0.1.158:6443' was given"),
        ({"backup": ""}, "no backup was named"),
        ({"backup": "backups/backup-master1-20210101T000000Z"}, "20210101T000000Z.json is missing"),
    ],
)
def test_what_is_not_named_is_not_touched(backed_up: Fleet, given: dict[str, str], said: str) -> None:
    refused(restore(backed_up, **given), said)


def refused(outcome: Outcome, said: str) -> None:
    assert outcome.exit_code == 1
    assert "nothing was changed" in outcome.sentences
    assert said in outcome.sentences, outcome.sentences
    assert (outcome.changes, outcome.world.history) == ([], [])


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"etcdVersion": "3.6.16"}, "its etcd is 3.5.15, the backup is of 3.6.16; one minor does not read the data"),
        ({"endpoint": "10.9.9.9:6443"}, "is of a cluster at 10.9.9.9:6443, this one stands at 10.0.1.157:6443"),
        ({"kubernetesVersion": "1.31.9"}, "its API server is 1.30.14, the backup is of 1.31.9; an older one may not"),
        ({"caHash": f"sha256:{'0' * 64}"}, "a backup of another cluster is never restored"),
        ({"kubernetesVersion": "1.30.14; rm -rf /"}, "is no descriptor of that backup"),
        ({"endpoint": "$(reboot):6443"}, "is no descriptor of that backup"),
        ({"parts": [{"file": "../../etc/passwd", "size": 1, "sha256": "0" * 64}]}, "is no descriptor of that backup"),
        ({"size": 10**12}, "the restore needs"),
    ],
)
def test_a_backup_that_does_not_fit_is_refused(finished: Fleet, told: dict[str, Any], said: str) -> None:
    make_backup(finished.folder / "backups", **told)
    refused(restore(finished), said)


@pytest.mark.parametrize("end", [".db", ".tar.gz"])
@pytest.mark.parametrize(
    ("damage", "said"),
    [(lambda text: text[:-1], "bytes; its descriptor says"), (lambda text: b"x" + text[1:], "is damaged")],
)
def test_a_damaged_backup_is_refused(backed_up: Fleet, end: str, damage: Any, said: str) -> None:
    path = backed_up.folder / "backups" / NAME / f"{NAME}{end}"
    path.write_bytes(damage(path.read_bytes()))
    refused(restore(backed_up), said)


def test_one_that_does_not_decrypt_is_refused(backed_up: Fleet) -> None:
    folder = backed_up.folder / "backups" / NAME
    for end in (".db", ".tar.gz"):
        (folder / f"{NAME}{end}").rename(folder / f"{NAME}{end}.age")
    describe(folder, "age")
    refused(restore(backed_up), "is encrypted by age; a key is needed; give identity=key.txt")


def test_another_archive_than_the_descriptor_says_is_refused(finished: Fleet) -> None:
    files = {**archived_files(), "etc/kubernetes/pki/ca.crt": b"none"}
    make_backup(finished.folder / "backups", files=files)
    refused(restore(finished), "holds another CA than its descriptor says")


@pytest.mark.parametrize("flag", ["--serial", "--no-wait"])
def test_hosts_that_do_not_wait_restore_nothing(backed_up: Fleet, flag: str) -> None:
    refused(restore(backed_up, "-y", flag), f"{flag} was given")


def test_control_planes_that_wait_for_each_other_are_all_at_it_at_once(backed_up: Fleet) -> None:
    refused(restore(backed_up, "-y", "--parallel", "2"), "--parallel 2 was given")


def test_a_run_for_some_hosts_restores_nothing(backed_up: Fleet) -> None:
    refused(restore(backed_up, "-y", "--limit", "@fake/master1"), "--limit was given")


def test_a_control_plane_that_is_clean_beside_others_is_named(backed_up: Fleet) -> None:
    backed_up.edit(lambda world: world.replace("master3"))
    refused(restore(backed_up), "master3: is clean, and others hold a control plane")


def test_a_member_that_the_inventory_lacks_is_named(backed_up: Fleet) -> None:
    def add(world: World) -> None:
        world.machines["stranger"] = replace(world.machines["worker2"], name="stranger", hostname="stranger")
        world.members.append("stranger")

    backed_up.edit(add)
    refused(restore(backed_up), "its etcd counts a member stranger")


def test_a_dead_cluster_is_restored(backed_up: Fleet) -> None:
    def kill(world: World) -> None:
        for name in SERVERS:
            world.machines[name].broken = True

    backed_up.edit(kill)
    outcome = restore(backed_up)
    assert_whole(outcome)
    assert stages(outcome) == [*STAGES]


CUTS = [
    *(f"NAME=restore-{stage}\n" for stage in STAGES),
    "NAME=restore-kubelet",
    "delete pods -l app=flannel",
    "NAME=restore-end",
]


@pytest.mark.parametrize("acts", [False, True])
@pytest.mark.parametrize("cut", CUTS)
def test_a_restore_that_is_cut_off_is_gone_on_with(backed_up: Fleet, cut: str, acts: bool) -> None:
    scenario = backed_up.scenario
    host = "master1" if "delete" in cut else "master2"
    backed_up.change(replace(scenario, answers=[(host, cut, {**FAILS, "acts": acts})]))
    first = restore(backed_up)
    assert first.exit_code == 1
    begun = {machine.files[MARK].split()[1] for machine in first.world.machines.values() if MARK in machine.files}
    backed_up.change(scenario)
    if begun:
        told = backed_up.run(deploy=WHOLE)
        assert (told.exit_code, told.changes) == (1, [])
        found = {finding["found"] for finding in told.reports[-1]["findings"] if finding["check"] == "restore"}
        assert found == {f"a restore of {NAME} has not ended there"}
    outcome = restore(backed_up)
    assert_whole(outcome)
    done = [entry for entry in outcome.world.history if entry.split()[1] in STAGES]
    assert len(done) == len(set(done)), "no stage is gone through twice"
    assert backed_up.run(deploy=WHOLE).changes == []


def test_a_mark_that_cannot_be_read_is_named(backed_up: Fleet) -> None:
    backed_up.edit(lambda world: world.machines["master2"].write(MARK, "\0\0"))
    refused(restore(backed_up), "/var/lib/k8s-ha/restore/mark cannot be read")


def lost(fleet: Fleet) -> Fleet:
    fleet.edit(lose_all)
    return fleet


def test_all_hosts_that_are_lost_come_back(backed_up: Fleet) -> None:
    before = json.loads((backed_up.folder / "backups" / NAME / f"{NAME}.db").read_text(encoding="utf-8"))
    outcome = restore(lost(backed_up))
    assert_whole(outcome)
    assert stages(outcome) == [*STAGES]
    assert {name: outcome.world.nodes[name] for name in before["nodes"]} == before["nodes"]
    assert "kubeadm-init" not in outcome.changes
    again = backed_up.run(deploy=WHOLE)
    assert (again.exit_code, again.changes) == (0, [])


@pytest.mark.parametrize(
    ("settings", "told", "said"),
    [
        ({"kubernetes_version": "1.31.9"}, {}, "is of Kubernetes 1.30.14, and the settings say 1.31.9"),
        ({}, {"endpoint": "10.9.9.9:6443"}, "is of a cluster at 10.9.9.9:6443, and the settings say 10.0.1.157:6443"),
    ],
)
def test_clean_hosts_get_the_backups_version_and_endpoint(
    backed_up: Fleet, settings: dict[str, Any], told: dict[str, Any], said: str
) -> None:
    describe(backed_up.folder / "backups" / NAME, **told)
    backed_up.set(**settings)
    refused(restore(lost(backed_up)), said)


def test_without_a_version_in_the_settings_clean_hosts_get_the_backups(backed_up: Fleet) -> None:
    backed_up.set(kubernetes_version=None)
    outcome = restore(lost(backed_up))
    assert_whole(outcome)
    assert {outcome.world.machines[name].version_of("kubelet") for name in SERVERS} == {"1.30.14"}


@pytest.mark.parametrize(
    "cut", [*CUTS[:8], "NAME=restore-files", "NAME=install-", "NAME=kubeadm-join", "NAME=restore-end"]
)
def test_a_restore_of_lost_hosts_that_is_cut_off_is_gone_on_with(backed_up: Fleet, cut: str) -> None:
    scenario = lost(backed_up).scenario
    host = "worker1" if "join" in cut else "master2"
    backed_up.change(replace(scenario, answers=[(host, cut, FAILS)]))
    assert restore(backed_up).exit_code == 1
    backed_up.change(scenario)
    told = backed_up.run(deploy=WHOLE)
    assert "kubeadm-init" not in told.changes
    outcome = restore(backed_up)
    assert_whole(outcome)
    assert backed_up.run(deploy=WHOLE).changes == []


@pytest.mark.parametrize("phase", ["control_plane", "workers", "renew_certificates"])
def test_a_phase_alone_changes_nothing_meanwhile(backed_up: Fleet, phase: str) -> None:
    backed_up.edit(lambda world: world.machines["master2"].write(MARK, f"{NAME} 20220101T081500Z standing silent"))
    refused(backed_up.run("-y", deploy=f"k8s_ha.{phase}"), f"a restore of {NAME} has not ended there")
