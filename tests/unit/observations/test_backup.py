"""What hosts tell of backups, of which no word is believed that is no backup's."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from k8s_ha.observations.backup import Backup, BackupState, Part, backup_state, newest_backup, parsed_backup

NAME = "backup-master1-20261127T081500Z"
PATH = f"/var/lib/k8s-ha/backups/{NAME}"
SHA256 = "0" * 64
TOLD: dict[str, Any] = {
    "name": NAME,
    "taken": "2026-11-27T08:15:03Z",
    "caHash": "sha256:1",
    "parts": [{"file": f"{NAME}.db", "size": 7, "sha256": SHA256}],
}


def encoded(told: Any) -> str:
    return base64.b64encode(json.dumps(told).encode()).decode()


def test_a_descriptor_is_a_backup() -> None:
    assert parsed_backup(PATH, encoded(TOLD)) == Backup(
        PATH,
        datetime(2026, 11, 27, 8, 15, 3, tzinfo=UTC),
        "sha256:1",
        (Part(f"{NAME}.db", 7, SHA256),),
        json.dumps(TOLD).encode(),
    )


def part(**changes: Any) -> dict[str, Any]:
    return {"parts": [TOLD["parts"][0] | changes]}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "backup-master2-20261127T081500Z"},
        {"taken": "yesterday"},
        {"taken": None},
        {"parts": []},
        {"parts": None},
        {"parts": [None]},
        part(file="../../etc/shadow"),
        part(file=f"{NAME}.db/../x"),
        part(file=f"{NAME}.json"),
        part(file=f"{NAME}.db\n"),
        part(size=-1),
        part(size="many"),
        part(sha256="0"),
        part(sha256=f"{SHA256[:-1]}\n"),
    ],
    ids=str,
)
def test_what_is_none_is_none(changes: dict[str, Any]) -> None:
    assert parsed_backup(PATH, encoded(TOLD | changes)) is None


@pytest.mark.parametrize("text", ["", "!", encoded([]), encoded(None), base64.b64encode(b"\xff").decode()])
def test_what_is_no_json_is_none(text: str) -> None:
    assert parsed_backup(PATH, text) is None


@pytest.mark.parametrize(
    "name", ["../x", "backup-20261127T081500Z", "before-1.34.4-20261127T081500Z", "backup-a-2026Z"]
)
def test_another_name_is_none(name: str) -> None:
    assert parsed_backup(f"/a/{name}", encoded(TOLD | {"name": name})) is None


def of(name: str, day: int) -> BackupState:
    moment = datetime(2026, 11, day, tzinfo=UTC)
    return BackupState(newest=Backup(f"/a/{name}", moment, "", (), b""))


def test_the_newest_of_all_hosts() -> None:
    states = {"a": of("x", 1), "b": of("y", 3), "c": of("z", 2), "d": BackupState()}
    found = newest_backup(states)
    assert found is not None
    assert (found[0], found[1].name) == ("b", "y")
    assert newest_backup({"d": BackupState()}) is None


def test_the_newest_is_none_that_a_wrong_clock_took() -> None:
    states = {"a": of("x", 1), "b": of("y", 3)}
    for hours, name in ((0, "x"), (23, "y")):
        found = newest_backup(states, datetime(2026, 11, 2, hours, tzinfo=UTC))
        assert found is not None
        assert found[1].name == name


def test_a_failure_without_a_moment_is_one() -> None:
    failure = backup_state({"backup_failed": ["what a pity"]}).failure
    assert failure is not None
    assert (failure.moment, failure.sentence) == (None, "a pity")


def test_what_the_script_has_kept_goes_before_the_services_result() -> None:
    both = {"backup_failed": ["2026-11-27T02:30:09Z no luck"], "backup_result": ["1764210000 exit-code"]}
    failure = backup_state(both).failure
    assert failure is not None
    assert failure.sentence == "no luck"
