"""Nodes taken out of a standing cluster, by running pyinfra's command line on a simulated one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.support.fakes.run import LOOK, WORKERS, Fleet, Outcome
from tests.support.fakes.scenario import SETTINGS
from tests.support.fakes.world import KUBERNETES
from tests.support.finding_rows import rows
from tests.support.paths import PROJECT

WHOLE = PROJECT / "deploy.py"
STEPS = ("nginx configured", "drain", "detach", "member removed", "kubeadm-reset", "unit", "node deleted")


def removing(fleet: Fleet, *names: str, **changes: Any) -> Fleet:
    fleet.change(replace(fleet.scenario, settings=SETTINGS | {"removed_nodes": list(names)}, **changes))
    return fleet


def kill(fleet: Fleet, name: str) -> None:
    """Have a host be dead, and its node NotReady."""
    fleet.edit(lambda world: world.machines[name].files.pop(f"{KUBERNETES}/kubelet.conf"))
    fleet.change(replace(fleet.scenario, unreachable=[name], order=fleet.scenario.order))


def taken(outcome: Outcome) -> list[tuple[str, str]]:
    """Who acted, and how."""
    return [(step.host, step.step) for step in outcome.steps(*STEPS)]


def changed(outcome: Outcome) -> list[str]:
    return [f"{step.host}: {step.step}" for step in outcome.log if step.changes]


def assert_out(fleet: Fleet, outcome: Outcome, *names: str, exit_code: int = 0) -> None:
    """They are gone from the cluster and from the hosts that stay, and a second run has nothing to do."""
    assert outcome.exit_code == exit_code, outcome.output
    assert not outcome.steps("unknown")
    assert not set(names) & {*outcome.world.nodes, *outcome.world.members}
    for machine in outcome.world.machines.values():
        held = machine.files["/etc/hosts"] + machine.files.get("/etc/nginx/conf.d/kube-api-server.conf", "")
        assert machine.name in names or not any(outcome.world.machines[name].address in held for name in names)
    again = fleet.run(deploy=WHOLE)
    assert changed(again) == []
    said = [row.found for row in rows(again.output) if row.check == "removal"]
    assert said == ["is out of the cluster"] * len(names)


WORKER = [
    ("master1", "drain"),
    ("master1", "detach"),
    ("worker2", "kubeadm-reset"),
    ("worker2", "unit"),
    ("master1", "node deleted"),
]


def control_plane(name: str, on: str) -> list[tuple[str, str]]:
    return [
        ("master-lb", "nginx configured"),
        (on, "drain"),
        (on, "detach"),
        (on, "member removed"),
        (name, "kubeadm-reset"),
        (name, "unit"),
        (on, "node deleted"),
    ]


ALIVE = {
    "a worker": (["worker2"], WORKER),
    "a control plane": (["master3"], control_plane("master3", "master1")),
    "the first control plane": (["master1"], control_plane("master1", "master2")),
    "both": (["worker2", "master3"], [*control_plane("master3", "master1"), *WORKER]),
}


@pytest.mark.parametrize(("names", "steps"), ALIVE.values(), ids=ALIVE)
def test_a_host_that_answers(finished: Fleet, names: list[str], steps: Sequence[tuple[str, str]]) -> None:
    dry = removing(finished, *names).run("--dry", deploy=WHOLE)
    assert (dry.exit_code, changed(dry)) == (0, [])
    assert "steps, one after the other:" in dry.output
    outcome = finished.run(deploy=WHOLE)
    assert [entry for entry in taken(outcome) if entry[1] != "nginx configured"] == [
        entry for entry in steps if entry[1] != "nginx configured"
    ]
    assert taken(outcome)[: len(steps)] == steps
    for name in names:
        assert f"@fake/{name} is out of the cluster: its name may leave the inventory" in outcome.sentences
    assert_out(finished, outcome, *names)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("worker2", [("master1", "node deleted")]),
        ("master3", [("master1", "member removed"), ("master1", "node deleted")]),
        ("master1", [("master2", "member removed"), ("master2", "node deleted")]),
    ],
)
def test_a_dead_host(finished: Fleet, name: str, steps: list[tuple[str, str]]) -> None:
    kill(finished, name)
    outcome = removing(finished, name).run(deploy=WHOLE)
    assert [entry for entry in taken(outcome) if entry[1] != "nginx configured"] == steps
    assert outcome.reports[0]["exit_state"] == "converged"
    # pyinfra's own word for a host of the inventory that it cannot connect to.
    assert_out(finished, outcome, name, exit_code=1)


@pytest.mark.parametrize("name", ["worker2", "master3"])
def test_one_that_the_inventory_lacks(finished: Fleet, name: str) -> None:
    kill(finished, name)
    groups = {group: [host for host in hosts if host != name] for group, hosts in finished.scenario.groups.items()}
    outcome = removing(finished, name, groups=groups, unreachable=[]).run(deploy=WHOLE)
    assert outcome.exit_code == 0, outcome.output
    assert name not in outcome.world.nodes
    assert name not in outcome.world.members
    again = finished.run(deploy=WHOLE)
    assert changed(again) == []
    assert "neither the inventory nor the cluster knows it" in again.sentences


def test_where_nobody_is_removed_the_phase_does_not_show(finished: Fleet) -> None:
    outcome = finished.run(deploy=WHOLE)
    assert "Remove nodes" not in outcome.stdout + "".join(phase["name"] for phase in outcome.reports[0]["phases"])


def test_what_is_out_of_the_list_joins_anew(finished: Fleet) -> None:
    assert removing(finished, "worker2", "master3").run(deploy=WHOLE).exit_code == 0
    outcome = removing(finished).run(deploy=WHOLE)
    assert outcome.exit_code == 0, outcome.output
    assert [step.host for step in outcome.steps("kubeadm-join")] == ["master3", "worker2"]
    assert passed_on(outcome) == ["master1", "master2", "master3"]
    order = [step.host for step in outcome.steps("nginx configured", "kubeadm-join")]
    assert order == ["master-lb", "master3", "master-lb", "worker2"]
    assert changed(finished.run(deploy=WHOLE)) == []


def passed_on(outcome: Outcome) -> list[str]:
    """Whom the balancer passes on to."""
    text = outcome.world.machines["master-lb"].files["/etc/nginx/conf.d/tcp.d/kube-api-server.conf"]
    return [line.split()[-1] for line in text.splitlines() if " max_fails=" in line]


def test_nothing_is_passed_on_to_one_that_has_not_joined(finished: Fleet) -> None:
    """Its API server answers before it knows the rights of those who ask."""
    assert removing(finished, "master3").run(deploy=WHOLE).exit_code == 0
    outcome = removing(finished, answers=[("master3", "NAME=kubeadm-join", FAILS)]).run(deploy=WHOLE)
    assert outcome.exit_code == 1
    assert passed_on(outcome) == ["master1", "master2"]
    again = removing(finished, answers=[]).run(deploy=WHOLE)
    assert again.exit_code == 0, again.output
    assert passed_on(again) == ["master1", "master2", "master3"]


FAILS = {"success": False, "lines": ["no"]}


@pytest.mark.parametrize(
    ("host", "text", "left"),
    [
        ("master1", "NAME=drain-master3\n", []),
        ("master1", "/v3/cluster/member/remove", ["drain", "detach"]),
        ("master3", "NAME=kubeadm-reset\n", ["drain", "detach", "member removed"]),
        ("master1", " delete node ", ["drain", "detach", "member removed", "kubeadm-reset", "unit"]),
    ],
)
def test_a_step_that_fails_stops_all_that_follow_and_is_gone_on_with(
    finished: Fleet, host: str, text: str, left: list[str]
) -> None:
    removing(finished, "master3", "worker2", answers=[(host, text, FAILS)])
    outcome = finished.run(deploy=WHOLE)
    assert outcome.exit_code == 1
    assert "Traceback" not in outcome.output
    succeeded = [step.step for step in outcome.steps(*STEPS) if step.succeeded and step.step != "nginx configured"]
    assert succeeded == left
    assert "worker2" in outcome.world.nodes
    again = removing(finished, "master3", "worker2", answers=[]).run(deploy=WHOLE)
    assert_out(finished, again, "master3", "worker2")


@pytest.mark.parametrize("flags", [("-y", "--limit", "@fake/worker2"), ("-y", "--serial"), ("-y", "--no-wait")])
@pytest.mark.parametrize("deploy", [WHOLE, LOOK, WORKERS])
def test_a_removal_needs_the_whole_cluster(finished: Fleet, flags: tuple[str, ...], deploy: Any) -> None:
    outcome = removing(finished, "worker2").run(*flags, deploy=deploy)
    assert changed(outcome) == []
    if deploy != WORKERS or "--limit" not in flags:  # there the only host has no part in that phase
        assert "drain worker2 is due, and 2 more steps" in outcome.sentences


def test_a_deploy_without_the_phase_is_refused(finished: Fleet) -> None:
    outcome = removing(finished, "worker2").run()
    assert outcome.exit_code == 1
    assert "the deploy does not call remove_nodes(); call it behind preflight()" in outcome.sentences
    assert changed(outcome) == []


REFUSED = {
    "a Ready node that cannot be reached": (
        {"unreachable": ["worker2"]},
        ["worker2"],
        "worker2 cannot be reached, and its node worker2 is Ready",
    ),
    "the only balancer": ({}, ["master-lb"], "@fake/master-lb, the only balancer"),
    "the last control plane": ({}, ["master1", "master2", "master3"], "a cluster keeps one of them"),
}


@pytest.mark.parametrize(("changes", "names", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_changes_nothing(
    finished: Fleet, changes: dict[str, Any], names: list[str], sentence: str
) -> None:
    outcome = removing(finished, *names, **changes).run(deploy=WHOLE)
    assert outcome.exit_code == 1
    found = [f"{row.host} {row.found}" for row in rows(outcome.output) if row.severity == "error"]
    assert any(sentence in text for text in (*found, outcome.sentences))
    assert changed(outcome) == []


TAINT = '[{"key":"node-role.kubernetes.io/control-plane","effect":"NoSchedule"}]'
PLACES = [f"node {name} True   {TAINT * name.startswith('m')}" for name in ("master1", "master2", "worker1", "worker2")]
WEB = "pod default web-1 worker2 Running True   ReplicaSet web-5d 30  "


@pytest.mark.parametrize(("names", "told"), [(["worker2"], []), (["worker1", "worker2"], ["worker2"])])
def test_nodes_that_go_are_no_place_for_each_others_pods(finished: Fleet, names: list[str], told: list[str]) -> None:
    answer = {"lines": ["now 2026-11-27T08:00:00Z", *PLACES, WEB]}
    removing(finished, *names, answers=[("master1", "get poddisruptionbudgets,nodes,pods,", answer)])
    outcome = finished.run("--dry", deploy=WHOLE)
    found = [row for row in rows(outcome.output) if row.check == "drain"]
    assert [row.host.removeprefix("@fake/") for row in found] == told
    assert all(row.found.startswith("no other node takes its pods") for row in found)


def test_the_last_control_plane_that_holds_the_cluster_is_not_left_for_a_new_one(finished: Fleet) -> None:
    for name in ("master2", "master3"):
        finished.edit(lambda world, name=name: world.forget(name))
    outcome = removing(finished, "master1").run(deploy=WHOLE)
    assert outcome.exit_code == 1
    assert changed(outcome) == []
    assert outcome.steps("kubeadm-init") == []
    found = [row.found for row in rows(outcome.output) if row.check == "removal"]
    assert found == ["holds the cluster, and none that stays does"]
