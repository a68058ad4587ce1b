"""Backups through the command line: the timer, one that is taken now, and what verify tells of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from k8s_ha.observations.backup import SCRIPT_FILE, SERVICE, SERVICE_FILE, TIMER, TIMER_FILE
from tests.support.fakes.backups import BYTES, FAILED, FILES, WRITTEN, files_of, hold, local
from tests.support.fakes.run import VERIFY, Fleet, Outcome
from tests.support.fakes.world import World
from tests.support.paths import PROJECT
from tests.support.whole_cluster import assert_whole

WHOLE = PROJECT / "deploy.py"
BACKUP = "k8s_ha.backup"
SCHEDULED = "k8s_ha.scheduled_backups"
CONTROL_PLANES = ("master1", "master2", "master3")
SETTINGS: dict[str, Any] = {"backup": {"keep": 2}}
FAILS: dict[str, Any] = {"success": False, "lines": []}


def timers(outcome: Outcome) -> list[str]:
    """The hosts on which the timer stands whole, now and at boot."""
    wanted = {TIMER_FILE, SERVICE_FILE, SCRIPT_FILE}
    return [
        name
        for name, machine in outcome.world.machines.items()
        if wanted <= machine.files.keys() and TIMER in machine.active and TIMER in machine.enabled
    ]


def test_the_timer_comes_to_each_control_plane_and_a_second_run_finds_it(finished: Fleet) -> None:
    outcome = finished.set(**SETTINGS).run()
    assert_whole(outcome)
    assert timers(outcome) == [*CONTROL_PLANES]
    assert {outcome.world.machines[name].modes[SCRIPT_FILE] for name in CONTROL_PLANES} == {"700"}
    assert Counter(step.host for step in outcome.log if step.changes) == dict.fromkeys(CONTROL_PLANES, 4)
    again = finished.run()
    assert_whole(again)
    assert again.changes == []


def test_what_is_as_wanted_costs_no_command(finished: Fleet) -> None:
    without = Counter(step.host for step in finished.run().log if step.step != "connect")
    finished.set(**SETTINGS).run()
    finished.edit(lambda world: hold(world.machines["master2"], "backup-master2-20220102T000000Z"))
    finished.run()
    assert Counter(step.host for step in finished.run().log if step.step != "connect") == without


def test_a_dry_run_writes_nothing_and_fetches_nothing(finished: Fleet) -> None:
    finished.edit(lambda world: hold(world.machines["master2"], "backup-master2-20220102T000000Z"))
    outcome = finished.set(**SETTINGS).run("--dry")
    assert outcome.exit_code == 0, outcome.output
    assert (outcome.changes, outcome.steps("backup piece")) == ([], [])
    assert not (finished.folder / "backups").exists()


@pytest.mark.parametrize(
    ("change", "files"),
    [
        ({"keep": 3}, [SCRIPT_FILE]),
        ({"keep": 2, "schedule": "*/6:15"}, [SCRIPT_FILE, TIMER_FILE]),
    ],
)
def test_another_setting_is_written(finished: Fleet, change: dict[str, Any], files: list[str]) -> None:
    before = finished.set(**SETTINGS).run().world.machines["master1"].files
    outcome = finished.set(backup=change).run()
    assert_whole(outcome)
    after = outcome.world.machines["master1"].files
    assert sorted(path for path in FILES if before.get(path) != after.get(path)) == sorted(files)
    assert bool(outcome.steps("backup timer started")) is (TIMER_FILE in files)


@pytest.mark.parametrize("stopped", ["active", "enabled"])
def test_a_timer_that_somebody_stopped_runs_again(finished: Fleet, stopped: str) -> None:
    finished.set(**SETTINGS).run()
    finished.edit(lambda world: getattr(world.machines["master2"], stopped).remove(TIMER))
    outcome = finished.run()
    assert timers(outcome) == [*CONTROL_PLANES]
    assert outcome.changes == ["backup timer started"]


@pytest.mark.parametrize("cut", range(4))
def test_a_run_that_is_cut_off_is_gone_on_with(finished: Fleet, cut: int) -> None:
    words = (
        "backup.sh.k8s-ha-new",
        "k8s-ha-backup.service.k8s-ha-new",
        "k8s-ha-backup.timer.k8s-ha-new",
        "daemon-reload",
    )
    scenario = finished.set(**SETTINGS).scenario
    finished.change(replace(scenario, answers=[("master2", words[cut], FAILS)]))
    assert finished.run().exit_code == 1
    finished.change(scenario)
    outcome = finished.run()
    assert_whole(outcome)
    assert timers(outcome) == [*CONTROL_PLANES]


def test_without_the_setting_the_timer_goes_and_the_backups_stay(finished: Fleet) -> None:
    finished.set(**SETTINGS).run()
    finished.edit(lambda world: hold(world.machines["master2"], "backup-master2-20220102T000000Z"))
    # Else the next timer would be blamed for it, one day.
    finished.edit(lambda world: world.machines["master1"].write(FAILED, "2022-01-02T02:30:09Z no luck"))
    dry = finished.set().run("--dry")
    assert "master2: no setting asks for backups there: its timer is taken away; the backups stay" in dry.sentences
    assert dry.changes == []
    outcome = finished.run()
    assert_whole(outcome)
    assert outcome.changes == ["backup timer removed"] * 3
    commands = {step.command for step in outcome.steps("backup timer removed")}
    # Else one that is being taken would write on, while a reset removes what it is of.
    assert all(f"systemctl stop {unit}; " in command for command in commands for unit in (TIMER, SERVICE))
    assert not any(path in machine.files for machine in outcome.world.machines.values() for path in (*FILES, FAILED))
    assert "/var/lib/k8s-ha/backups/backup-master2-20220102T000000Z.db" in outcome.world.machines["master2"].files
    assert finished.run().changes == []


def test_a_removal_that_is_cut_off_is_gone_on_with(finished: Fleet) -> None:
    finished.set(**SETTINGS).run()
    unset = finished.set().scenario
    finished.change(replace(unset, answers=[("master2", f"systemctl stop {TIMER}", FAILS)]))
    assert finished.run().exit_code == 1
    finished.change(unset)
    outcome = finished.run()
    assert_whole(outcome)
    assert outcome.changes == ["backup timer removed"]


def test_a_host_that_leaves_the_cluster_keeps_no_timer(finished: Fleet) -> None:
    finished.set(**SETTINGS).run()
    removing = finished.set(**SETTINGS, removed_nodes=["master3"]).scenario
    dry = finished.run("--dry", deploy=WHOLE)
    assert (dry.exit_code, dry.changes) == (0, [])
    finished.change(replace(removing, answers=[("master3", f"systemctl stop {TIMER}", FAILS)]))
    cut = finished.run(deploy=WHOLE)
    assert (cut.exit_code, cut.steps("kubeadm-reset")) == (1, [])
    finished.change(removing)
    outcome = finished.run(deploy=WHOLE)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.steps("backup timer removed", "kubeadm-reset")[0].step == "backup timer removed"
    assert not any(path in outcome.world.machines["master3"].files for path in (*FILES, FAILED))
    assert timers(outcome) == ["master1", "master2"]
    assert finished.run(deploy=WHOLE).changes == []


def test_a_host_that_is_no_control_plane_keeps_no_timer(finished: Fleet) -> None:
    finished.set(**SETTINGS)
    finished.edit(lambda world: world.machines["worker1"].write(TIMER_FILE, "x"))
    outcome = finished.run("-y", deploy=SCHEDULED)
    assert "worker1: no setting asks for backups there" in outcome.sentences
    assert TIMER_FILE not in outcome.world.machines["worker1"].files
    assert timers(outcome) == [*CONTROL_PLANES]


def test_one_is_taken_now_in_turn_and_comes_to_the_operator(finished: Fleet) -> None:
    names = []
    for number, host in enumerate((*CONTROL_PLANES, "master1"), 1):
        outcome = finished.set(**SETTINGS).run("-y", deploy=BACKUP)
        assert_whole(outcome)
        assert outcome.world.history == [f"{host} backup"]
        names.append(f"backup-{host}-20220102T0000{number:02}Z")
        assert local(finished.folder) == files_of(*names[-2:])  # keep is 2 here, too
    folder = finished.folder / "backups" / names[-1]
    assert (folder / f"{names[-1]}.db").read_text(encoding="utf-8") == BYTES
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_one_is_taken_without_the_setting(finished: Fleet) -> None:
    outcome = finished.run("-y", deploy=BACKUP)
    assert_whole(outcome)
    assert local(finished.folder) == files_of("backup-master1-20220102T000001Z")
    assert timers(outcome) == []


def test_one_is_taken_where_a_run_would_be_refused(finished: Fleet) -> None:
    outcome = finished.set(dns_domain="corp.local").run("-y", deploy=BACKUP)
    assert_whole(outcome)
    assert outcome.world.history == ["master1 backup"]


def test_a_dry_run_takes_none(finished: Fleet) -> None:
    outcome = finished.run("--dry", deploy=BACKUP)
    assert outcome.exit_code == 0, outcome.output
    assert (outcome.changes, local(finished.folder)) == ([], [])
    assert "@fake/master1 takes the backup" in outcome.sentences


def silent(world: World, *names: str) -> None:
    for name in names:
        world.machines[name].active.remove("kubelet.service")


def test_a_control_plane_that_is_not_well_takes_none(finished: Fleet) -> None:
    finished.edit(lambda world: silent(world, "master1"))
    outcome = finished.run("-y", deploy=BACKUP)
    assert outcome.world.history == ["master2 backup"], outcome.output


def test_one_is_taken_of_an_etcd_that_is_full(finished: Fleet) -> None:
    finished.edit(lambda world: setattr(world, "etcd_storage", {"errors": ["memberID:2 alarm:NOSPACE "]}))
    outcome = finished.run("-y", deploy=BACKUP)
    assert outcome.world.history == ["master1 backup"], outcome.output


def test_without_a_healthy_control_plane_none_is_taken(finished: Fleet) -> None:
    finished.edit(lambda world: silent(world, *CONTROL_PLANES))
    outcome = finished.run("-y", deploy=BACKUP)
    assert outcome.exit_code == 1
    assert "no control plane of this run has an etcd that is well" in outcome.sentences
    assert (outcome.changes, outcome.world.history) == ([], [])


def test_one_that_fails_is_no_backup(finished: Fleet) -> None:
    finished.change(replace(finished.scenario, answers=[("master1", "NAME=etcd-snapshot\n", FAILS)]))
    outcome = finished.run("-y", deploy=BACKUP)
    assert (outcome.exit_code, local(finished.folder)) == (1, [])


def aged(fleet: Fleet, seconds: int, newest: int = 0) -> Fleet:
    """Timers that were written so many seconds ago, and a newest backup that is so old; none with 0."""
    now = datetime.now(UTC)

    def change(world: World) -> None:
        for name in CONTROL_PLANES:
            world.machines[name].files[WRITTEN] = str(round(now.timestamp()) - seconds)
        if newest:
            moment = now - timedelta(seconds=newest)
            hold(world.machines["master3"], f"backup-master3-{moment:%Y%m%dT%H%M%SZ}")

    fleet.set(**SETTINGS).run()
    fleet.edit(change)
    return fleet


DAY = 24 * 60 * 60


@pytest.mark.parametrize(
    ("written", "newest", "sentence"),
    [
        (3 * DAY, 3 * DAY, "the last good backup is of"),
        (3 * DAY, 0, "the cluster: there is no good backup"),
        (DAY, 0, ""),
        (3 * DAY, DAY, ""),
    ],
)
def test_verify_fails_where_the_last_good_one_is_too_old(
    finished: Fleet, written: int, newest: int, sentence: str
) -> None:
    outcome = aged(finished, written, newest).run("-y", deploy=VERIFY)
    assert outcome.exit_code == bool(sentence), outcome.output
    assert sentence in outcome.sentences
    assert ("backups the last of" in outcome.sentences) is bool(newest and not sentence)


def test_verify_shows_what_failed(finished: Fleet) -> None:
    fleet = aged(finished, DAY)
    word = "2022-01-02T02:30:09Z master2: no etcd snapshot was taken: no luck"
    fleet.edit(lambda world: world.machines["master2"].write(FAILED, word))
    outcome = fleet.run("-y", deploy=VERIFY)
    assert outcome.exit_code == 1
    assert "its last backup of 2022-01-02 02:30 UTC failed: master2: no etcd snapshot was taken: no luck" in (
        outcome.sentences
    )


def test_verify_shows_what_etcd_holds(finished: Fleet) -> None:
    outcome = finished.run("-y", deploy=VERIFY)
    assert "etcd 3 of 3 members, led by master1; 20 MiB of 2.0 GiB, 75 % in use" in outcome.sentences
    alarm = {"errors": ["memberID:2 alarm:NOSPACE "]}
    finished.edit(lambda world: setattr(world, "etcd_storage", alarm))
    outcome = finished.run("-y", deploy=VERIFY)
    assert outcome.exit_code == 1
    assert "the cluster: master2 of etcd has the alarm NOSPACE" in outcome.sentences


GPG = "-----BEGIN PGP {} KEY BLOCK-----\nx\n"


@pytest.mark.parametrize(
    ("recipient", "text", "sentence"),
    [
        ("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", None, "install age there, or"),
        ("key.asc", None, "backup.recipient: the file cannot be read (No such file or directory); write into it what"),
        ("key.asc", GPG.format("PRIVATE"), "backup.recipient: the file holds a private key, which stays with you"),
        ("key.asc", "x", "backup.recipient: the file holds no armored public key of gpg"),
    ],
)
def test_a_recipient_that_cannot_be_used_is_refused(
    finished: Fleet, recipient: str, text: str | None, sentence: str
) -> None:
    if text:
        Path(finished.folder / "key.asc").write_text(text, encoding="utf-8")
    outcome = finished.set(backup={"recipient": recipient}).run()
    assert outcome.exit_code == 1
    assert sentence in outcome.sentences
    assert outcome.changes == []


def test_the_public_key_goes_to_the_hosts(finished: Fleet) -> None:
    (finished.folder / "key.asc").write_text(GPG.format("PUBLIC"), encoding="utf-8")
    outcome = finished.set(backup={"recipient": "key.asc"}).run()
    assert_whole(outcome)
    held = outcome.world.machines["master3"].files
    assert held["/var/lib/k8s-ha/backup-recipient.asc"] == GPG.format("PUBLIC")
    again = finished.set(backup={}).run()
    assert_whole(again)
    assert "/var/lib/k8s-ha/backup-recipient.asc" not in again.world.machines["master3"].files
    assert timers(again) == [*CONTROL_PLANES]
