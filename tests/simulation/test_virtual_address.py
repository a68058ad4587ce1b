"""Balancers with an address that moves between them, through pyinfra's command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from k8s_ha.operations.keepalived import CHECK, CONFIG
from tests.support.fakes.run import VERIFY, Fleet, Outcome
from tests.support.fakes.scenario import ADDRESSES, GROUPS, SETTINGS, Scenario
from tests.support.finding_rows import rows
from tests.support.paths import PROJECT

VIRTUAL = "10.0.1.100"
WHOLE = PROJECT / "deploy.py"
TWO = ("master-lb", "lb2")
BALANCED = Scenario(
    groups=GROUPS | {"load_balancers": [*TWO]},
    addresses=ADDRESSES | {"lb2": "10.0.1.158"},
    settings=SETTINGS | {"endpoint": {"virtual_address": VIRTUAL}},
    order=(*ADDRESSES, "lb2"),
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fleet, Outcome]:
    fleet = Fleet(tmp_path_factory.mktemp("balanced"), BALANCED)
    return fleet, fleet.run("-y")


def test_a_cluster_is_built_behind_it(built: tuple[Fleet, Outcome]) -> None:
    _, outcome = built
    assert outcome.exit_code == 0, outcome.output
    kept = outcome.world.kept["ClusterConfiguration"]
    assert kept["controlPlaneEndpoint"] == f"{VIRTUAL}:6443"
    assert kept["apiServer"]["certSANs"][:5] == [VIRTUAL, "10.0.1.157", "master-lb", "10.0.1.158", "lb2"]
    for name, machine in outcome.world.machines.items():
        assert ("keepalived" in machine.packages) is (name in TWO)
        assert ("keepalived.service" in machine.active) is (name in TWO)
    texts = [outcome.world.machines[name].files[CONFIG] for name in TWO]
    assert ["priority 150" in texts[0], "priority 140" in texts[1]] == [True, True]
    assert [outcome.world.machines[name].modes[CHECK] for name in TWO] == ["755", "755"]
    assert not outcome.steps("unknown")


def test_a_second_run_changes_nothing(built: tuple[Fleet, Outcome]) -> None:
    fleet, _ = built
    for flag in ("-y", "--dry"):
        again = fleet.run(flag)
        assert (again.exit_code, again.changes) == (0, []), again.output


def test_nginx_is_configured_before_the_address_may_come(built: tuple[Fleet, Outcome]) -> None:
    _, outcome = built
    for name in TWO:
        steps = [step.step for step in outcome.log if step.host == name and step.changes]
        assert steps.index("nginx configured") < len(steps) - 1 - steps[::-1].index("service start")


def test_verify_tells_who_has_it(built: tuple[Fleet, Outcome]) -> None:
    fleet, _ = built
    outcome = fleet.run("-y", deploy=VERIFY)
    assert outcome.exit_code == 0, outcome.output
    assert f"{VIRTUAL} on @fake/master-lb" in outcome.sentences


def test_a_keepalived_that_does_not_run_is_told_and_started(built: tuple[Fleet, Outcome]) -> None:
    fleet, _ = built
    fleet.edit(lambda world: world.machines["lb2"].active.remove("keepalived.service"))
    told = fleet.run("-y", deploy=VERIFY)
    assert told.exit_code == 1
    assert "keepalived is not running" in told.sentences
    outcome = fleet.run("-y")
    assert (outcome.exit_code, outcome.changes) == (0, ["service start"]), outcome.output


def test_a_run_that_was_cut_off_before_the_reload_is_finished(built: tuple[Fleet, Outcome]) -> None:
    fleet, _ = built
    router = {"virtual_address": VIRTUAL, "virtual_router_id": 51}
    settings = SETTINGS | {"endpoint": router}
    cut = {"success": False, "lines": ["the operator has gone"]}
    fleet.change(replace(BALANCED, settings=settings, answers=[("lb2", "CHANGE=reload", cut)]))
    assert fleet.run("-y").exit_code == 1
    fleet.change(replace(BALANCED, settings=settings))
    outcome = fleet.run("-y")
    assert (outcome.exit_code, outcome.changes) == (0, ["service start"]), outcome.output
    assert "virtual_router_id 51" in outcome.world.machines["lb2"].files[CONFIG]
    fleet.change(BALANCED)
    assert fleet.run("-y").exit_code == 0


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (["virtual taken"], f"somebody answers at the virtual address {VIRTUAL}, asked from @fake/lb2"),
        (["virtual_router 10.0.1.9"], "hears 10.0.1.9 speak for virtual router 100"),
        (["virtual owned"], "its /etc/keepalived/keepalived.conf is somebody's own"),
        (["virtual_place eth0 30"], "is in 10.0.1.156/30, by eth0"),
        (["virtual_place eth0 32"], "is in 10.0.1.158/32, by eth0"),
    ],
)
def test_a_wrong_one_is_told_before_the_first_change(tmp_path: Path, told: list[str], sentence: str) -> None:
    for flag in ("--dry", "-y"):
        outcome = Fleet(tmp_path, replace(BALANCED, preflight={"lb2": told})).run(flag)
        assert outcome.exit_code == 1
        assert sentence in outcome.sentences, outcome.output
        assert outcome.changes == []


THREE = replace(
    BALANCED,
    addresses=BALANCED.addresses | {"lb3": "10.0.1.159"},
    groups=GROUPS | {"load_balancers": [*TWO, "lb3"]},
    order=(*BALANCED.order, "lb3"),
)


@pytest.mark.parametrize(
    ("groups", "removed"),
    [
        ({"load_balancers": ["master-lb", "lb3"], "workers": [*GROUPS["workers"], "lb2"]}, []),
        ({"load_balancers": [*TWO, "lb3"]}, ["lb2"]),
    ],
    ids=["another role", "removed"],
)
def test_a_balancer_that_is_none_any_more_gives_the_address_up(
    tmp_path: Path, groups: dict[str, list[str]], removed: list[str]
) -> None:
    fleet = Fleet(tmp_path, THREE)
    assert fleet.run("-y").exit_code == 0
    settings = THREE.settings | {"removed_nodes": removed}
    installed = {"lb2": {"installed": "keepalived 2.1.5-9.el8"}}
    fleet.change(replace(THREE, groups=GROUPS | groups, settings=settings, survey=installed))
    outcome = fleet.run(deploy=WHOLE)
    assert outcome.exit_code == 0, outcome.output
    (released,) = outcome.steps("address released")
    assert released.host == "lb2"
    assert "10.0.1.158" not in outcome.world.machines["master-lb"].files[CONFIG]
    assert CONFIG not in outcome.world.machines["lb2"].files
    assert "keepalived.service" not in outcome.world.machines["lb2"].active
    again = fleet.run(deploy=WHOLE)
    assert (again.exit_code, again.changes) == (0, []), again.output


def test_an_upgrade_marks_control_planes_on_both(built: tuple[Fleet, Outcome]) -> None:
    fleet, _ = built
    fleet.change(replace(BALANCED, settings=BALANCED.settings | {"kubernetes_version": "1.31.14"}))
    outcome = fleet.run("-y")
    assert outcome.exit_code == 0, outcome.output
    marks = {name: len(marks_of(outcome, name)) for name in TWO}
    assert marks["master-lb"] == marks["lb2"] >= 6, marks
    assert not rows(outcome.output) or all(row.severity != "ERROR" for row in rows(outcome.output))


def marks_of(outcome: Outcome, name: str) -> list[str]:
    return [step.command for step in outcome.steps("nginx configured") if step.host == name]
