"""Which backups verify is content with."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from k8s_ha.observations.backup import Backup, BackupState, Failure
from k8s_ha.verification.backup import backup_findings, backup_phrase, copy_findings
from tests.support.cluster_health import NOW, complete_statuses
from tests.support.example_cluster import six_host_cluster

CLUSTER = six_host_cluster(backup={"schedule": "*/6:00"})
HOUR = timedelta(hours=1)
WELL = BackupState(scheduled=NOW - 100 * HOUR, runs=True)


def of(age: timedelta, name: str = "backup-x-20260101T000000Z") -> Backup:
    return Backup(f"/b/{name}", NOW - age, "", (), b"")


def found(cluster: Any = CLUSTER, missing: str = "", **states: BackupState) -> list[str]:
    statuses = {
        name: replace(status, backup=states.get(name, WELL))
        for name, status in complete_statuses(cluster).items()
        if name != missing
    }
    return [f"{entry.severity} {entry.host}: {entry.found}" for entry in backup_findings(statuses, cluster, NOW)]


FRESH = replace(WELL, newest=of(5 * HOUR))
OLD = "error the cluster: the last good backup is of"
NONE = "error the cluster: there is no good backup"


@pytest.mark.parametrize(
    ("states", "sentences"),
    [
        ({"master2": FRESH}, []),
        ({"master2": replace(WELL, newest=of(12 * HOUR))}, []),
        ({"master2": replace(WELL, newest=of(12 * HOUR + timedelta(seconds=1)))}, [f"{OLD} 2026-11-24 11:59 UTC"]),
        ({"master1": replace(WELL, newest=of(40 * HOUR)), "master2": FRESH}, []),
        ({}, [NONE]),
        ({"master3": replace(WELL, scheduled=NOW - HOUR)}, [NONE]),
        (dict.fromkeys(("master1", "master2", "master3"), replace(WELL, scheduled=NOW - HOUR)), []),
        ({"master2": replace(FRESH, runs=False)}, ["error master2: its timer of backups does not run"]),
        (
            {"master1": replace(WELL, broken_file="/a.db"), "master2": FRESH},
            ["error master1: /a.db is gone or damaged"],
        ),
        (
            {"master1": replace(WELL, failure=Failure(NOW - HOUR, "no luck")), "master2": FRESH},
            ["error master1: its last backup of 2026-11-24 23:00 UTC failed: no luck"],
        ),
        (
            {"master1": replace(WELL, failure=Failure(NOW - 6 * HOUR, "no luck")), "master2": FRESH},
            ["warning master1: its last backup of 2026-11-24 18:00 UTC failed: no luck"],
        ),
        (
            {"master1": replace(WELL, failure=Failure(None, "no luck")), "master2": FRESH},
            ["error master1: its last backup failed: no luck"],
        ),
    ],
)
def test_what_is_found(states: dict[str, BackupState], sentences: list[str]) -> None:
    assert found(**states) == sentences


def test_without_the_setting_nothing_is() -> None:
    assert found(six_host_cluster(), master1=BackupState(broken_file="/a.db")) == []


@pytest.mark.parametrize(
    ("states", "sentences"),
    [
        ({"master2": FRESH}, []),
        ({}, ["warning the cluster: there is no good backup, as far as master1, master2 tell"]),
        (
            {"master2": replace(WELL, newest=of(40 * HOUR))},
            ["warning the cluster: the last good backup is of 2026-11-23 08:00 UTC, as far as master1, master2 tell"],
        ),
    ],
)
def test_where_one_could_not_be_read_it_is_said_who_told(states: dict[str, BackupState], sentences: list[str]) -> None:
    assert found(missing="master3", **states) == sentences


def test_where_none_could_be_read_nothing_is_concluded() -> None:
    assert [*backup_findings({}, CLUSTER, NOW)] == []


def test_a_clock_that_was_wrong_makes_none_young() -> None:
    ahead = of(-30 * HOUR)
    said = "error master1: its last backup says 2026-11-26 06:00 UTC, which is still to come"
    assert found(master1=replace(WELL, newest=ahead)) == [said, NONE]
    assert found(master1=replace(WELL, newest=ahead), master2=FRESH) == [said]
    ahead_too = replace(WELL, scheduled=NOW + 30 * HOUR)
    assert found(master1=ahead_too, master2=ahead_too, master3=ahead_too) == [NONE]
    assert found(master1=replace(WELL, newest=of(-HOUR))) == []


@pytest.mark.parametrize(
    ("copied", "newest", "sentences"),
    [
        (NOW - 5 * HOUR, of(HOUR), []),
        (NOW - 12 * HOUR, of(HOUR), []),
        (NOW - 13 * HOUR, of(HOUR), ["error the newest copy on this machine is of 2026-11-24 11:00 UTC"]),
        (None, of(HOUR), ["warning this machine has no backup of the cluster in backups"]),
        (NOW - 13 * HOUR, of(13 * HOUR), []),
        (None, None, []),
    ],
)
def test_what_this_machine_lacks(copied: datetime | None, newest: Backup | None, sentences: list[str]) -> None:
    statuses = {
        name: replace(status, backup=replace(WELL, newest=newest))
        for name, status in complete_statuses(CLUSTER).items()
    }
    entries = copy_findings(copied, statuses, CLUSTER, NOW)
    assert [f"{entry.severity} {entry.found}" for entry in entries] == sentences


def test_where_the_last_good_one_is() -> None:
    statuses = {
        name: replace(status, backup=FRESH if name == "master2" else WELL)
        for name, status in complete_statuses(CLUSTER).items()
    }
    assert backup_phrase(statuses, CLUSTER) == "the last of 2026-11-24 19:00 UTC, on master2"
    assert backup_phrase(complete_statuses(CLUSTER), CLUSTER) == ""
