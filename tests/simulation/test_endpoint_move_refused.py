"""Where the endpoint of a standing cluster does not move, through the command line: told before the first change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.endpoint_forms import (
    BOTH,
    FORMER,
    NEW,
    NODES,
    PLANES,
    behind_an_external_one,
    servers,
    wanting,
)
from tests.support.fakes.run import LOOK, WORKERS, Fleet
from tests.support.fakes.world import World
from tests.support.finding_rows import rows


def test_an_endpoint_that_leads_nowhere_leaves_the_cluster_as_it_is(finished: Fleet) -> None:
    answer = {"lines": ["", "k8s-ha answer begins", "failed curl: (7) x", "k8s-ha answer ends 0"]}
    wanting(finished, BOTH)
    finished.change(replace(finished.scenario, answers=[("worker1", "QUESTIONS=", answer)]))
    outcome = finished.run("-y")
    assert outcome.exit_code == 1
    assert f"the endpoint {NEW} does not lead to this cluster from @fake/worker1: no connection" in outcome.sentences
    assert outcome.world.history == []
    assert servers(outcome.world) == {f"https://{FORMER}"}


def test_somebody_elses_balancer_that_leads_elsewhere_is_refused_before_the_first_change(finished: Fleet) -> None:
    answer = {"lines": ["", "k8s-ha answer begins", "failed curl: (60) x", "k8s-ha answer ends 0"]}
    fleet = behind_an_external_one(finished)
    fleet.change(replace(fleet.scenario, answers=[(name, "QUESTIONS=", answer) for name in NODES]))
    outcome = fleet.run("-y")
    assert outcome.exit_code == 1
    assert "a certificate that the cluster's CA has not signed" in outcome.sentences
    assert (outcome.changes, outcome.world.history) == ([], [])


def test_where_no_api_server_answers_it_is_refused_by_what_is_not_known(finished: Fleet) -> None:
    def silenced(world: World) -> None:
        for name in PLANES:
            world.machines[name].broken = True

    finished.edit(silenced)
    outcome = wanting(finished, BOTH).run("-y")
    assert outcome.exit_code == 1
    found = {row.host: row for row in rows(outcome.output) if row.severity == "error"}
    assert {*found} == {f"@fake/{name}" for name in NODES}
    for row in found.values():
        assert row.wanted == "no API server answers that tells whether only the endpoint is another"
        assert row.remedy.startswith("set the endpoint back until one answers")
    assert outcome.changes == []


def test_a_control_plane_that_is_silent_keeps_it_from_beginning(finished: Fleet) -> None:
    finished.edit(lambda world: setattr(world.machines["master3"], "broken", True))
    outcome = wanting(finished, BOTH).run("-y")
    assert outcome.exit_code == 1
    assert "its API server does not answer" in outcome.sentences
    assert outcome.changes == []


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"kubernetes_version": "1.31.14"}, "an upgrade"),
        ({"removed_nodes": ["worker2"]}, "the removal of a node"),
    ],
)
def test_with_another_change_it_is_refused_by_name(finished: Fleet, more: dict[str, Any], what: str) -> None:
    outcome = wanting(finished, BOTH, **more).run("-y")
    assert outcome.exit_code == 1
    found = [row.found for row in rows(outcome.output) if row.severity == "error"]
    assert f"the endpoint moves from {FORMER}, and {what} is due" in found
    assert outcome.changes == []


def test_with_a_move_to_another_runtime_it_is_refused_by_name(finished: Fleet) -> None:
    def on_docker(world: World) -> None:
        for name in NODES:
            world.machines[name].cri = "dockershim"

    finished.edit(on_docker)
    outcome = wanting(finished, BOTH).run("-y")
    assert outcome.exit_code == 1
    found = [row.found for row in rows(outcome.output) if row.severity == "error"]
    assert found == [f"the endpoint moves from {FORMER}, and the move to another runtime is due"]
    assert outcome.changes == []


def test_a_move_that_was_cut_off_is_ended_before_an_upgrade(finished: Fleet) -> None:
    fleet = wanting(finished, BOTH)
    fleet.change(replace(fleet.scenario, answers=[("worker2", "NAME=move-kubeconfigs", {"success": False})]))
    assert fleet.run("-y").exit_code == 1
    fleet.change(replace(fleet.scenario, answers=[]))
    outcome = wanting(fleet, BOTH, kubernetes_version="1.31.14").run("-y")
    assert outcome.exit_code == 1
    assert f"the endpoint moves from {FORMER}, and an upgrade is due" in outcome.sentences
    assert outcome.changes == []


@pytest.mark.parametrize("arguments", [("--serial",), ("--limit", "@fake/master1")])
def test_a_part_of_the_steps_is_not_begun(finished: Fleet, arguments: tuple[str, ...]) -> None:
    outcome = wanting(finished, BOTH).run("-y", *arguments, deploy=LOOK)
    assert outcome.exit_code == 1
    assert "they need every host, one after the other" in outcome.sentences
    assert outcome.changes == []


def test_a_phase_alone_leaves_no_half_of_it(finished: Fleet) -> None:
    outcome = wanting(finished, BOTH).run(deploy=WORKERS)
    assert outcome.exit_code == 1
    assert f"prove that {NEW} leads to this cluster is due" in outcome.sentences
    assert outcome.changes == []
