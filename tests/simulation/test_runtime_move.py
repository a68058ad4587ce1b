"""From Docker to containerd through pyinfra's command line: in which order, and what a cut run has left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fakes.run import RUNTIME, Fleet
from tests.support.fakes.scenario import ADDRESSES, GROUPS, Scenario
from tests.support.fakes.upgrades import MOMENT
from tests.support.fakes.world import KUBELET, World
from tests.support.finding_rows import rows
from tests.support.whole_cluster import assert_whole

CONTROL_PLANES = ("master1", "master2", "master3")
WORKERS = ("worker1", "worker2")
MOVED = ("cordoned", "left", "images", "entered", "uncordoned")


def on_docker(fleet: Fleet, *names: str) -> Fleet:
    def changed(world: World) -> None:
        for name in names:
            world.machines[name].cri = "dockershim"

    fleet.edit(changed)
    return fleet


def test_node_by_node_and_a_second_run_finds_nothing(finished: Fleet) -> None:
    fleet = on_docker(finished, *CONTROL_PLANES, *WORKERS)
    outcome = fleet.run("-y")
    assert_whole(outcome)
    assert outcome.world.history == [
        *(f"{name} {what}" for name in CONTROL_PLANES for what in ("out", *MOVED, "back")),
        *(f"{name} {what}" for name in WORKERS for what in MOVED),
    ]
    assert "Plan: 11 steps, one after the other:" in outcome.output
    assert "drain, from Docker to containerd, uncordon" in outcome.output
    again = fleet.run("-y")
    assert_whole(again)
    assert (again.world.history, again.changes) == ([], [])


def test_a_dry_run_shows_the_steps_and_changes_nothing(finished: Fleet) -> None:
    outcome = on_docker(finished, "worker2").run("--dry")
    assert outcome.exit_code == 0, outcome.output
    assert "Plan: 1 step, one after the other:" in outcome.output
    assert (outcome.changes, outcome.world.history) == ([], [])


@pytest.mark.parametrize(
    ("cri", "is_running", "done"),
    [
        ("dockershim", True, ["left", "images", "entered", "uncordoned"]),
        ("dockershim", False, ["left", "images", "entered", "uncordoned"]),
        ("containerd", False, ["images", "entered", "uncordoned"]),
        ("containerd", True, ["images", "uncordoned"]),
    ],
    ids=["drained", "its kubelet stopped", "moved, and not started", "moved, and not taken back"],
)
def test_a_run_that_was_cut_off_is_gone_on_with(finished: Fleet, cri: str, is_running: bool, done: list[str]) -> None:
    fleet = on_docker(finished, "worker2")

    def cut(world: World) -> None:
        machine = world.machines["worker1"]
        machine.cri = cri
        world.cordoned["worker1"] = MOMENT
        if not is_running:
            machine.active.remove(KUBELET)

    fleet.edit(cut)
    outcome = fleet.run("-y")
    assert_whole(outcome)
    assert outcome.world.history == [*(f"worker1 {what}" for what in done), *(f"worker2 {what}" for what in MOVED)]


def test_one_that_was_cut_off_is_gone_on_with_beside_another_setting(finished: Fleet) -> None:
    fleet = on_docker(finished, "worker2")
    fleet.edit(lambda world: world.cordoned.update(worker1=MOMENT))
    outcome = fleet.set(kubeadm_patches={"KubeletConfiguration": {"maxPods": 50}}).run("--dry")
    assert outcome.exit_code == 0, outcome.output
    assert "an upgrade is due" not in outcome.output
    assert "worker1  drain, from Docker to containerd, uncordon" in outcome.output


@pytest.mark.parametrize(
    ("preflight", "survey", "sentence"),
    [
        (["docker_container registry"], {}, "its Docker has registry, which no pod has"),
        (["docker_silent yes"], {}, "its Docker does not tell its containers"),
        ([], {"kubelet_flags": "odd"}, "its /var/lib/kubelet/kubeadm-flags.env has no line"),
    ],
)
def test_what_would_be_lost_is_refused_before_the_first_change(
    finished: Fleet, preflight: list[str], survey: dict[str, str], sentence: str
) -> None:
    fleet = on_docker(finished, *CONTROL_PLANES, *WORKERS)
    fleet.change(replace(fleet.scenario, preflight={"worker1": preflight}, survey={"worker1": survey}))
    outcome = fleet.run("-y")
    assert outcome.exit_code == 1
    (row,) = [row for row in rows(outcome.output) if row.severity == "error"]
    assert (row.host, row.check) == ("@fake/worker1", "runtime")
    assert row.found.startswith(sentence)
    assert (outcome.changes, outcome.world.history) == ([], [])


def test_with_fewer_than_three_control_planes_it_is_refused(tmp_path: Path) -> None:
    groups = {**GROUPS, "control_plane": ["master1"]}
    addresses = {name: ADDRESSES[name] for name in ("master1", "worker1", "worker2", "master-lb")}
    fleet = Fleet(tmp_path, Scenario(groups=groups, addresses=addresses, order=tuple(addresses)))
    assert fleet.run("-y").exit_code == 0
    outcome = on_docker(fleet, "master1", "worker1").run("-y")
    assert outcome.exit_code == 1
    (row,) = [row for row in rows(outcome.output) if row.severity == "error"]
    assert row.found == "has 1 control plane, and one has no API server while its runtime is moved"
    assert (outcome.changes, outcome.world.history) == ([], [])


def test_no_phase_touches_a_node_before_its_step(finished: Fleet) -> None:
    outcome = on_docker(finished, "worker2").run("-y", deploy=RUNTIME)
    assert outcome.changes == []
    assert "Left to do: 1 step of the plan; the whole deploy takes them" in outcome.output


def test_it_waits_for_an_upgrade(finished: Fleet) -> None:
    outcome = on_docker(finished, "worker2").set(kubernetes_version="1.31.14").run("-y")
    assert outcome.exit_code == 1
    assert "container_runtime stands as 'docker'" in outcome.output, outcome.output
    assert "set kubernetes_version back, move the runtime, then upgrade" in outcome.output
    assert (outcome.changes, outcome.world.history) == ([], [])
