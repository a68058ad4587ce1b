"""etcd defragmented through pyinfra's command line: one member after the other, whoever leads last."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.support.fakes.run import Fleet
from tests.support.fakes.world import World
from tests.support.whole_cluster import assert_whole

DEFRAGMENT = "k8s_ha.defragment"
CONTROL_PLANES = ("master1", "master2", "master3")
FAILS: dict[str, Any] = {"success": False, "lines": []}


@pytest.fixture
def loose(finished: Fleet) -> Fleet:
    """Members whose files are mostly empty, led by the second."""

    def change(world: World) -> None:
        world.etcd_leader = "master2"
        for name in CONTROL_PLANES:
            world.machines[name].loose = True

    finished.edit(change)
    return finished


def test_followers_one_by_one_and_the_leader_last_when_it_leads_no_more(loose: Fleet) -> None:
    outcome = loose.run("-y", deploy=DEFRAGMENT)
    assert_whole(outcome)
    assert outcome.world.history == [
        "master1 defragmented",
        "master3 defragmented",
        "etcd led by master1",
        "master2 defragmented",
    ]
    steps = outcome.steps("defragmented")
    assert [step.host for step in steps] == ["master1", "master3", "master2"]
    assert all(before.ended < after.begun for before, after in pairwise(steps))
    assert "master1: its etcd's file has 20.0 MiB now, of 200.0 MiB before" in outcome.sentences
    again = loose.run("-y", deploy=DEFRAGMENT)
    assert_whole(again)
    assert (again.world.history, again.changes) == ([], [])


def test_a_dry_run_changes_nothing(loose: Fleet) -> None:
    outcome = loose.run("--dry", deploy=DEFRAGMENT)
    assert outcome.exit_code == 0, outcome.output
    assert (outcome.changes, outcome.world.history) == ([], [])
    assert "etcd is defragmented on @fake/master1, then @fake/master3, then @fake/master2" in outcome.sentences


@pytest.mark.parametrize("failing", ["master1", "master3"])
def test_one_that_fails_stops_all_that_follow_and_is_gone_on_with(loose: Fleet, failing: str) -> None:
    scenario = loose.scenario
    loose.change(replace(scenario, answers=[(failing, "NAME=etcd-defragment\n", FAILS)]))
    outcome = loose.run("-y", deploy=DEFRAGMENT)
    assert outcome.exit_code == 1
    assert outcome.world.history == ([] if failing == "master1" else ["master1 defragmented"])
    assert f"@fake/{failing} failed before it" in outcome.sentences
    loose.change(scenario)
    again = loose.run("-y", deploy=DEFRAGMENT)
    assert_whole(again)
    assert "master2 defragmented" in again.world.history
    assert ("master1 defragmented" in again.world.history) is (failing == "master1")


def test_a_member_that_is_not_well_is_named_before_the_first(loose: Fleet) -> None:
    loose.edit(lambda world: world.machines["master3"].active.remove("kubelet.service"))
    outcome = loose.run("-y", deploy=DEFRAGMENT)
    assert outcome.exit_code == 1
    assert "@fake/master3: its etcd is not well; all other members are well while one is silent" in outcome.sentences
    assert outcome.changes == []


@pytest.mark.parametrize(("free_kib", "is_refused"), [(276 * 1024 - 1, True), (276 * 1024, False)])
def test_a_disk_that_could_not_hold_the_new_file_is_named_before_the_first(
    loose: Fleet, free_kib: int, is_refused: bool
) -> None:
    loose.edit(lambda world: setattr(world.machines["master3"], "free_kib", free_kib))
    outcome = loose.run("-y", deploy=DEFRAGMENT)
    assert outcome.exit_code == is_refused, outcome.output
    sentence = "@fake/master3: its disk has 275 MiB free, and the new file needs 276; the old one goes afterwards"
    assert (sentence in outcome.sentences) is is_refused
    assert (outcome.world.history == []) is is_refused


def test_a_snapshot_that_is_being_saved_is_waited_for(loose: Fleet) -> None:
    outcome = loose.run("-y", deploy=DEFRAGMENT)
    assert ["LOCK=etcd-snapshot\n" in step.command for step in outcome.steps("defragmented")] == [True] * 3


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--limit", "@fake/master1"), "is left out; every member has its turn; run this without --limit"),
        (("--serial",), "--serial is given; hosts wait for each other; run it without --serial"),
        (("--no-wait",), "--no-wait is given; hosts wait for each other; run it without --no-wait"),
    ],
)
def test_what_would_take_the_order_away_is_refused(loose: Fleet, flags: tuple[str, ...], sentence: str) -> None:
    outcome = loose.run("-y", *flags, deploy=DEFRAGMENT)
    assert outcome.exit_code == 1
    assert sentence in outcome.sentences
    assert outcome.changes == []
