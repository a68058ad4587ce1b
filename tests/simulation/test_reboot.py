"""Nodes rebooted through pyinfra's command line: in which order, what is refused, and what a cut run has left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.observations.host_status import PROXY_CONFIG
from tests.support.fakes.run import LOOK, Fleet
from tests.support.fakes.world import World
from tests.support.whole_cluster import assert_whole

REBOOT = "k8s_ha.reboot"
CONTROL_PLANES = ("master1", "master2", "master3")
WORKERS = ("worker1", "worker2")
MOVED = ("cordoned", "rebooted", "uncordoned")
WHOLE = [
    *(f"{name} {what}" for name in CONTROL_PLANES for what in ("out", *MOVED, "back")),
    *(f"{name} {what}" for name in WORKERS for what in MOVED),
]


def waiting(fleet: Fleet, *names: str) -> Fleet:
    """These hosts have got a glibc since their boot."""

    def updated(world: World) -> None:
        for name in names:
            world.machines[name].glibc = 200

    fleet.edit(updated)
    return fleet


def test_nodes_that_wait_boot_one_by_one_and_a_second_run_finds_nothing(finished: Fleet) -> None:
    fleet = waiting(finished, *CONTROL_PLANES, *WORKERS)
    outcome = fleet.run("-y", deploy=REBOOT)
    assert_whole(outcome)
    assert outcome.world.history == WHOLE, outcome.output
    assert "Plan: 11 steps, one after the other:" in outcome.output
    assert "drain, reboot for glibc, uncordon" in outcome.output
    again = fleet.run("-y", deploy=REBOOT)
    assert_whole(again)
    assert (again.world.history, again.changes) == ([], [])


def test_a_dry_run_shows_the_steps_and_changes_nothing(finished: Fleet) -> None:
    outcome = waiting(finished, "worker2").run("--dry", deploy=REBOOT)
    assert outcome.exit_code == 0, outcome.output
    assert "Plan: 1 step, one after the other:" in outcome.output
    assert (outcome.changes, outcome.world.history) == ([], [])


@pytest.mark.parametrize(("since", "names"), [("1970-01-01T00:01:41Z", WORKERS), ("1970-01-01T00:01:40+00:00", ())])
def test_those_that_have_not_booted_since_a_moment(finished: Fleet, since: str, names: tuple[str, ...]) -> None:
    finished.edit(lambda world: [setattr(world.machines[name], "booted", 500) for name in CONTROL_PLANES])
    outcome = finished.run("-y", f"since={since}", deploy=REBOOT)
    assert_whole(outcome)
    assert outcome.world.history == [f"{name} {what}" for name in names for what in MOVED]


FAILS: dict[str, Any] = {"success": False, "lines": []}


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("master1", "NAME=drain-master2\n"),
        ("master2", "systemctl reboot"),
        ("master1", "NAME=await-master2\n"),
        ("master1", "NAME=uncordon-master2\n"),
        ("worker1", "systemctl reboot"),
    ],
)
def test_a_step_that_fails_stops_all_that_follow_and_is_gone_on_with(finished: Fleet, host: str, text: str) -> None:
    fleet = waiting(finished, "master2", "worker1", "worker2")
    scenario = fleet.scenario
    fleet.change(replace(scenario, answers=[(host, text, FAILS)]))
    outcome = fleet.run("-y", deploy=REBOOT)
    assert outcome.exit_code == 1
    assert "worker2 rebooted" not in outcome.world.history
    assert "was not begun: a step before it failed" in outcome.sentences
    fleet.change(scenario)
    again = fleet.run("-y", deploy=REBOOT)
    assert_whole(again)
    booted = [entry for entry in [*outcome.world.history, *again.world.history] if entry.endswith("rebooted")]
    assert booted == ["master2 rebooted", "worker1 rebooted", "worker2 rebooted"]


def test_a_node_that_does_not_come_up_is_said(finished: Fleet) -> None:
    fleet = waiting(finished, "worker1")
    fleet.change(replace(fleet.scenario, answers=[("worker1", "systemctl reboot", {"lines": []})]))
    outcome = fleet.run("-y", deploy=FAST)
    assert outcome.exit_code == 1
    assert "@fake/worker1: it still runs as before 0 seconds after its reboot was asked for" in outcome.sentences
    assert list(outcome.world.cordoned) == ["worker1"]


FAST = str(LOOK.with_name("reboot.py"))


@pytest.mark.parametrize(
    ("settings", "flags", "sentence"),
    [
        (
            {"cert_extra_sans": ["api.example"]},
            (),
            "is due; a reboot comes alone; run the deploy first, then this again",
        ),
        ({}, ("since=tomorrow",), "since is 'tomorrow'; it must be a moment of the past such as 2026-11-27T08:00:00Z"),
        ({}, ("since=2999-01-01T00:00:00Z",), "it must be a moment of the past"),
        ({}, ("since=2026-11-27T08:00:00",), "it must be a moment of the past"),
        ({}, ("since=1764230000",), "it must be a moment of the past"),
        ({}, ("--limit", "workers"), "run this without --limit"),
        ({}, ("--serial",), "run this without --serial"),
    ],
)
def test_what_is_refused(finished: Fleet, settings: dict[str, Any], flags: tuple[str, ...], sentence: str) -> None:
    fleet = waiting(finished, *WORKERS)
    outcome = fleet.set(**settings).run("-y", *flags, deploy=REBOOT)
    assert outcome.exit_code == 1
    assert sentence in outcome.sentences
    assert (outcome.changes, outcome.world.history) == ([], [])
    assert "Traceback" not in outcome.output, outcome.output


def test_a_control_plane_that_a_cut_run_has_left_out_comes_back(finished: Fleet) -> None:
    """All was done but for the balancer: nothing on the nodes tells of it."""

    def left_out(world: World) -> None:
        config = world.machines["master-lb"].files
        line = next(line for line in config[PROXY_CONFIG].splitlines() if world.machines["master1"].address in line)
        config[PROXY_CONFIG] = config[PROXY_CONFIG].replace(line, line.replace(";", " down;"))

    finished.edit(left_out)
    outcome = finished.run("-y", deploy=REBOOT)
    assert_whole(outcome)
    assert outcome.changes == ["nginx configured"]


def test_what_is_away_meanwhile_is_shown(finished: Fleet) -> None:
    nodes = ["now 2026-11-27T08:00:00Z", *(f"node {name} True   " for name in (*CONTROL_PLANES, *WORKERS))]
    pod = "pod default web-1 worker1 Running True   ReplicaSet web 30  "
    told = {"lines": [*nodes, pod, "workload ReplicaSet default web 1"]}
    fleet = waiting(finished, "worker1")
    fleet.change(replace(fleet.scenario, answers=[("master1", "get poddisruptionbudgets,nodes,pods,", told)]))
    outcome = fleet.run("--dry", deploy=REBOOT)
    assert outcome.exit_code == 0, outcome.output
    assert "all pods of ReplicaSet default/web go at once" in outcome.sentences


def test_a_host_that_does_not_tell_is_named(finished: Fleet) -> None:
    fleet = waiting(finished, "worker1")
    fleet.change(replace(fleet.scenario, answers=[("worker2", "SINCE=", FAILS)]))
    outcome = fleet.run("-y", deploy=REBOOT)
    assert outcome.exit_code == 1
    assert "@fake/worker2: did not tell when it booted last" in outcome.sentences
    assert outcome.changes == []
