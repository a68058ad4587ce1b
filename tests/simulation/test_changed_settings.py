"""Other settings for a standing cluster, through the command line: the plan, and what stands against it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from tests.support.fakes.run import LOOK, WORKERS, Fleet
from tests.support.fakes.world import World
from tests.support.finding_rows import rows, squeezed

AUDIT = {"kubeadm_patches": {"ClusterConfiguration": {"apiServer": {"extraArgs": {"audit-log-path": "/a"}}}}}
IMAGES = {"image_repository": "r.example/k8s"}


def test_a_dry_run_shows_the_steps(finished: Fleet) -> None:
    outcome = finished.set(**AUDIT).run("--dry", deploy=LOOK)
    assert outcome.exit_code == 0, outcome.output
    table = outcome.output.partition("steps, one after the other:\n")[2].replace("@fake/", "")
    plan = [re.split(r"  +", line.strip())[1:4] for line in table.splitlines() if re.match(r" +\d+  ", line)]
    assert plan == [
        ["master1", "change kubeadm-config: apiServer.extraArgs.audit-log-path", "nothing"],
        *(
            line
            for name in ("master1", "master2", "master3")
            for line in (
                ["master-lb", f"{name} out of the balancer", "nothing"],
                [name, "new manifests of kube-apiserver", "its API server"],
                ["master-lb", f"{name} back into the balancer", "nothing"],
            )
        ),
        ["master1", "forget what kubeadm-config held before", "nothing"],
    ]
    assert outcome.changes == []


def test_what_a_step_would_overwrite_is_refused_by_name(finished: Fleet) -> None:
    finished.edit(lambda world: world.own_flags.update({"kube-apiserver": ["--profiling=false"]}))
    outcome = finished.set(**AUDIT).run("-y", deploy=LOOK)
    found = [row for row in rows(outcome.output) if row.severity == "error"]
    assert {row.host for row in found} == {"@fake/master1", "@fake/master2", "@fake/master3"}
    assert {row.found for row in found} == {"--profiling of kube-apiserver stands as 'false'"}
    assert outcome.changes == []


@pytest.mark.parametrize(
    ("arguments", "way"),
    [(("--serial",), "--serial"), (("--no-wait",), "--no-wait"), (("--limit", "@fake/master1"), "--limit")],
)
def test_a_part_of_the_steps_is_not_begun(finished: Fleet, arguments: tuple[str, ...], way: str) -> None:
    outcome = finished.set(**AUDIT).run("-y", *arguments, deploy=LOOK)
    assert outcome.exit_code == 1
    assert f"run this without {way}" in outcome.sentences
    assert outcome.changes == []


def test_a_phase_alone_leaves_no_half_of_it(finished: Fleet) -> None:
    outcome = finished.set(**AUDIT).run(deploy=WORKERS)
    assert outcome.exit_code == 1
    assert "change kubeadm-config: apiServer.extraArgs.audit-log-path is due" in outcome.sentences
    assert outcome.changes == []


def test_with_an_upgrade_it_is_refused_by_name(finished: Fleet) -> None:
    outcome = finished.set(kubernetes_version="1.30.15", **AUDIT).run("--dry", deploy=LOOK)
    found = [row for row in rows(outcome.output) if row.check == "settings" and row.severity == "error"]
    (finding,) = found
    assert squeezed("audit-log-path is not set there") in squeezed(finding.found)
    assert finding.remedy == "set it back to what it was, upgrade, then change it in another run"


def test_where_no_server_answers_what_one_was_cut_off_at_is_put_back_first(finished: Fleet) -> None:
    def cut_off(world: World) -> None:
        for machine in world.machines.values():
            machine.broken = True
        world.machines["master1"].set_aside = ["kube-apiserver"]

    finished.edit(cut_off)
    outcome = finished.set(**AUDIT).run("--dry", deploy=LOOK)
    assert outcome.exit_code == 0, outcome.output
    assert "Plan: 1 step, one after the other:" in outcome.output
    (line,) = [line for line in outcome.output.splitlines() if "put back what stood before a change" in line]
    assert line.split()[:2] == ["1", "@fake/master1"]
    assert outcome.changes == []


def addon(*managers: str) -> dict[str, Any]:
    fields = [{"manager": name} for name in managers]
    text = json.dumps({"metadata": {"managedFields": fields}})
    return {
        "success": True,
        "lines": ["", "k8s-ha answer begins", f"object deployments/coredns {text}", "k8s-ha answer ends 0"],
    }


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (addon("kubeadm", "kube-controller-manager"), ""),
        (addon("kubeadm", "kubectl-edit"), "deployments/coredns in kube-system was changed by kubectl-edit"),
        ({"success": False, "lines": []}, "who changed the objects of CoreDNS and kube-proxy could not be read"),
    ],
)
def test_add_ons_that_somebody_has_changed_are_named(finished: Fleet, answer: dict[str, Any], sentence: str) -> None:
    finished.change(replace(finished.scenario, answers=[("master1", "deployments/coredns", answer)]))
    outcome = finished.set(**IMAGES).run("--dry", deploy=LOOK)
    assert outcome.exit_code == bool(sentence), outcome.output
    assert [row.found for row in rows(outcome.output) if row.severity == "error"] == [sentence] * bool(sentence)
