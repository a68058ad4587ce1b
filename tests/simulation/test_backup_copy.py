"""The newest backup on the operator's machine: brought once, whole or not at all, and shown to nobody."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.fakes.backups import BYTES, LAST, files_of, hold, local
from tests.support.fakes.run import VERIFY, Fleet
from tests.support.whole_cluster import assert_whole

SCHEDULED = "k8s_ha.scheduled_backups"
FAILS: dict[str, Any] = {"success": False, "lines": []}


@pytest.fixture
def held(finished: Fleet) -> Fleet:
    """A cluster with its timer, and a backup of that on the second control plane."""
    finished.set(backup={"keep": 2}).run()
    finished.edit(lambda world: hold(world.machines["master1"], "backup-master1-20220101T000000Z"))
    finished.edit(lambda world: hold(world.machines["master2"], "backup-master2-20220102T000000Z"))
    return finished


NEWEST = "backup-master2-20220102T000000Z"


def test_a_run_brings_the_newest_and_the_next_one_has_it(held: Fleet) -> None:
    outcome = held.run("-y", deploy=SCHEDULED)
    assert_whole(outcome)
    assert {step.host for step in outcome.steps("backup piece")} == {"master2"}
    assert local(held.folder) == files_of(NEWEST)
    assert outcome.changes == []
    again = held.run("-y", deploy=SCHEDULED)
    assert again.steps("backup piece") == []


@pytest.mark.parametrize("damage", ["gone", "changed", "descriptor"])
def test_one_that_is_damaged_here_is_brought_again(held: Fleet, damage: str) -> None:
    held.run("-y", deploy=SCHEDULED)
    folder = held.folder / "backups" / NEWEST
    path = folder / f"{NEWEST}.{'json' if damage == 'descriptor' else 'db'}"
    path.unlink() if damage == "gone" else path.write_text("what etcd helb", encoding="utf-8")
    assert_whole(held.run("-y", deploy=SCHEDULED))
    assert (folder / f"{NEWEST}.db").read_text(encoding="utf-8") == BYTES
    assert local(held.folder) == files_of(NEWEST)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (FAILS, f"{NEWEST}.db could not be read there; see that it is there, then run this again"),
        ({"lines": ["eHh4"]}, f"{NEWEST}.db is not what was proved there; check that disk, then run this again"),
    ],
)
def test_one_that_does_not_come_whole_is_none(held: Fleet, answer: dict[str, Any], sentence: str) -> None:
    held.change(replace(held.scenario, answers=[("master2", f"dd if=/var/lib/k8s-ha/backups/{NEWEST}.db", answer)]))
    outcome = held.run("-y", deploy=SCHEDULED)
    assert outcome.exit_code == 1
    assert sentence in outcome.sentences
    assert local(held.folder) == [".gitignore"]
    assert [path.name for path in (held.folder / "backups").iterdir()] == [".gitignore"]


def test_another_clusters_copy_of_one_name_is_not_touched(held: Fleet) -> None:
    """Each has a master2, and the timer of each takes one at the same second."""
    held.run("-y", deploy=SCHEDULED)
    path = held.folder / "backups" / NEWEST / f"{NEWEST}.json"
    path.write_text(path.read_text(encoding="utf-8").replace("sha256:0", "sha256:1"), encoding="utf-8")
    before = path.read_bytes()
    outcome = held.run("-y", deploy=SCHEDULED)
    assert outcome.exit_code == 1
    assert f"backups/{NEWEST} is another cluster's; set backup.local_dir to another folder" in outcome.sentences
    assert path.read_bytes() == before
    assert local(held.folder) == files_of(NEWEST)


def test_what_a_killed_run_has_left_goes_when_it_can_be_at_work_no_more(held: Fleet) -> None:
    left, new = (held.folder / "backups" / f".{NEWEST}.{digit * 16}" for digit in "ab")
    for folder in (left, new):
        folder.mkdir(parents=True)
        (folder / f"{NEWEST}.db").write_text("secret", encoding="utf-8")
    os.utime(left, (0, 0))
    assert_whole(held.run("-y", deploy=SCHEDULED))
    assert (left.exists(), new.exists()) == (False, True)


@pytest.mark.parametrize(
    ("age", "severity"), [(timedelta(days=1), ""), (timedelta(days=3), "error"), (None, "warning")], ids=str
)
def test_verify_tells_how_old_the_copy_is(held: Fleet, age: timedelta | None, severity: str) -> None:
    now = datetime.now(UTC)
    if age is not None:
        old = now - age
        held.edit(lambda world: hold(world.machines["master1"], f"backup-master1-{old:%Y%m%dT%H%M%SZ}"))
        held.edit(lambda world: world.machines["master2"].files.pop(LAST))
        assert_whole(held.run("-y", deploy=SCHEDULED))
    held.edit(lambda world: hold(world.machines["master2"], f"backup-master2-{now:%Y%m%dT%H%M%SZ}"))
    outcome = held.run("-y", deploy=VERIFY)
    found = [entry for entry in outcome.reports[0]["findings"] if "machine" in entry["found"]]
    assert [entry["severity"] for entry in found] == [severity] * bool(severity)
    assert outcome.exit_code == (severity == "error")


def test_what_else_lies_there_stays(held: Fleet) -> None:
    folder = held.folder / "backups"
    folder.mkdir()
    (folder / "mine").write_text("x", encoding="utf-8")
    other = folder / "backup-master1-20211231T000000Z"
    other.mkdir()
    (other / "mine").write_text("x", encoding="utf-8")
    outcome = held.run("-y", deploy=SCHEDULED)
    assert "holds files of others and got no .gitignore" in outcome.sentences
    assert (folder / "mine").exists()
    assert (other / "mine").exists()


def test_no_secret_is_in_argv_output_or_report(held: Fleet) -> None:
    outcome = held.run("-y", "-vvv", deploy=SCHEDULED)
    assert BYTES not in outcome.output + str(outcome.reports)
    assert "d2hhdCBldGNk" not in outcome.output  # its first bytes in base64
