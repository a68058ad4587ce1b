"""Which backups verify is content with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from k8s_ha.observations.backup import Backup, BackupState, Failure
from k8s_ha.verification.backup import backup_findings, backup_phrase
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
        ({"master3": replace(WELL, scheduled=NOW - HOUR)}, []),
        ({"master2": replace(FRESH, runs=False)}, ["error master2: its timer of backups does not run"]),
        ({"master1": replace(WELL, damage="it is gone"), "master2": FRESH}, ["error master1: it is gone"]),
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
    assert found(six_host_cluster(), master1=BackupState(damage="it is gone")) == []


def test_of_a_host_that_could_not_be_read_nothing_is_concluded() -> None:
    assert found(missing="master3") == []


def test_where_the_last_good_one_is() -> None:
    statuses = {
        name: replace(status, backup=FRESH if name == "master2" else WELL)
        for name, status in complete_statuses(CLUSTER).items()
    }
    assert backup_phrase(statuses, CLUSTER) == "the last of 2026-11-24 19:00 UTC, on master2"
    assert backup_phrase(complete_statuses(CLUSTER), CLUSTER) == ""
