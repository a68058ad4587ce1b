"""A whole cluster taken away through pyinfra's command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.observations.host_status import PROXY_CONFIG
from tests.support.fakes.run import Fleet, Outcome
from tests.support.fakes.scenario import ADDRESSES, SETTINGS
from tests.support.fakes.world import ENDPOINT, KUBERNETES, VIRGIN_FILES, World
from tests.support.paths import PROJECT

WHOLE = PROJECT / "deploy.py"
CALL = ("k8s_ha.reset", f"endpoint={ENDPOINT}")
FAILS: dict[str, Any] = {"success": False, "lines": []}


def reset(fleet: Fleet, *flags: str, endpoint: str | None = ENDPOINT) -> Outcome:
    given = [] if endpoint is None else [f"endpoint={endpoint}"]
    return fleet.run(*given, *(flags or ("-y",)), deploy="k8s_ha.reset")


def taken(outcome: Outcome) -> list[tuple[str, str]]:
    return [(step.host, step.step) for step in outcome.steps("member removed", "kubeadm-reset", "taken back")]


def assert_gone(outcome: Outcome) -> None:
    """It ended well, and the hosts hold what they held before the first run."""
    assert outcome.exit_code == 0, outcome.output
    assert not outcome.steps("unknown")
    assert "Traceback" not in outcome.output
    assert (outcome.world.members, outcome.world.nodes) == ([], {})
    for machine in outcome.world.machines.values():
        held = {path: text for path, text in machine.files.items() if not path.startswith("/run/")}
        assert held == VIRGIN_FILES, machine.name


NODES = {(name, "kubeadm-reset") for name in ("worker1", "worker2")}
CONTROL_PLANES = [
    ("master1", "member removed"),
    ("master2", "kubeadm-reset"),
    ("master1", "member removed"),
    ("master3", "kubeadm-reset"),
    ("master1", "kubeadm-reset"),
]


def test_workers_then_control_planes_the_leader_last_then_what_is_given_back(finished: Fleet) -> None:
    outcome = reset(finished)
    assert_gone(outcome)
    steps = taken(outcome)
    assert set(steps[:2]) == NODES
    assert steps[2:7] == CONTROL_PLANES
    assert {name for name, _ in steps[7:12]} == set(ADDRESSES) - {"master-lb"}
    assert steps[12:] == [("master-lb", "taken back")]
    assert "@fake/worker1: left as it is: swap: nothing tells what it was before; it is off" in outcome.sentences
    again = reset(finished)
    assert (again.exit_code, again.changes) == (0, [])
    assert "Nothing of the cluster is left on these hosts" in again.sentences


def test_the_same_hosts_are_built_again_in_one_run(finished: Fleet) -> None:
    assert_gone(reset(finished))
    outcome = finished.run(deploy=WHOLE)
    assert outcome.exit_code == 0, outcome.output
    assert set(outcome.world.nodes) == set(ADDRESSES) - {"master-lb"}
    assert finished.run(deploy=WHOLE).changes == []


def test_a_dry_run_changes_nothing_and_shows_the_steps(finished: Fleet) -> None:
    outcome = reset(finished, "--dry")
    assert (outcome.exit_code, outcome.changes) == (0, []), outcome.output
    assert "steps, one after the other:" in outcome.sentences
    assert "kubeadm reset" in outcome.sentences


@pytest.mark.parametrize(
    ("endpoint", "found"),
    [(None, "no endpoint was given"), ("10.0.1.158:6443", "the endpoint '10.0.1.158:6443' was given")],
)
def test_what_was_not_confirmed_is_refused(finished: Fleet, endpoint: str | None, found: str) -> None:
    outcome = reset(finished, endpoint=endpoint)
    assert outcome.exit_code == 1
    assert (
        f"nothing was changed: the cluster: {found}; reset is confirmed by the endpoint of the cluster that stands"
        in (outcome.sentences)
    )
    assert outcome.changes == []


def foreign(world: World) -> None:
    world.machines["worker2"].write(f"{KUBERNETES}/kubelet.conf", "    server: https://10.9.9.9:6443\n")


def unproven(world: World) -> None:
    machine = world.machines["worker2"]
    for path in [path for path in machine.files if path.startswith(KUBERNETES)]:
        machine.files.pop(path)
    machine.write(f"{KUBERNETES}/admin.conf", "")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (foreign, "belongs to another cluster (https://10.9.9.9:6443)"),
        (unproven, "which nothing shows to be this cluster's"),
    ],
)
def test_a_host_of_another_cluster_is_refused(finished: Fleet, change: Any, sentence: str) -> None:
    finished.edit(change)
    outcome = reset(finished)
    assert outcome.exit_code == 1
    assert "nothing was changed: @fake/worker2: holds " in outcome.sentences
    assert sentence in outcome.sentences
    assert outcome.changes == []


@pytest.mark.parametrize(
    ("name", "path"), [("master-lb", PROXY_CONFIG), ("master-lb", "/etc/hosts"), ("worker1", "/etc/hosts")]
)
def test_what_is_there_for_another_cluster_is_refused(finished: Fleet, name: str, path: str) -> None:
    def anothers(world: World) -> None:
        machine = world.machines[name]
        for number, address in enumerate(map(ADDRESSES.get, ("master1", "master2", "master3", "master-lb")), start=1):
            if address and address != ADDRESSES[name]:
                machine.files[path] = machine.files[path].replace(address, f"10.99.0.{number}")

    finished.edit(anothers)
    outcome = reset(finished)
    assert outcome.exit_code == 1
    assert (
        f"nothing was changed: @fake/{name}: {path} names 10.99.0.1, 10.99.0.2, and none of this cluster's; only this "
        "cluster's hosts are reset; take it out of the inventory, or reset that cluster first"
    ) in outcome.sentences
    assert outcome.changes == []


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--limit", "@fake/master1"), "is left out; a cluster is taken away as a whole; run this without --limit"),
        (("--serial",), "--serial is given; hosts wait for each other; run it without --serial"),
        (("--no-wait",), "--no-wait is given; hosts wait for each other; run it without --no-wait"),
    ],
)
def test_what_would_leave_hosts_out_is_refused(finished: Fleet, flags: Sequence[str], sentence: str) -> None:
    outcome = reset(finished, "-y", *flags)
    assert outcome.exit_code == 1
    assert sentence in outcome.sentences
    assert outcome.changes == []


def test_a_host_that_cannot_be_reached_is_refused(finished: Fleet) -> None:
    finished.change(replace(finished.scenario, unreachable=["worker2"]))
    outcome = reset(finished)
    assert outcome.exit_code == 1
    assert "nothing was changed: worker2: cannot be reached; a cluster is taken away as a whole" in outcome.sentences
    assert outcome.changes == []


def test_a_host_of_removed_nodes_that_is_not_removed_yet_is_refused(finished: Fleet) -> None:
    finished.set(removed_nodes=["worker2"])
    outcome = reset(finished)
    assert outcome.exit_code == 1
    assert "removed_nodes names it, so it has no part here; take it out of removed_nodes" in outcome.sentences
    assert outcome.changes == []


def test_a_cluster_that_has_died_goes_without_its_etcd(finished: Fleet) -> None:
    def kill(world: World) -> None:
        for name in ("master1", "master2", "master3"):
            world.machines[name].broken = True

    finished.edit(kill)
    outcome = reset(finished)
    assert outcome.exit_code == 0, outcome.output
    assert [entry for entry in taken(outcome) if entry[1] == "kubeadm-reset"][2:] == [
        ("master2", "kubeadm-reset"),
        ("master3", "kubeadm-reset"),
        ("master1", "kubeadm-reset"),
    ]
    assert not outcome.steps("member removed")
    assert not any(path.startswith(KUBERNETES) for m in outcome.world.machines.values() for path in m.files)


@pytest.mark.parametrize(
    ("host", "text", "acts"),
    [
        (host, text, acts)
        for host, text in (
            ("worker1", "NAME=kubeadm-reset\n"),
            ("master3", "NAME=kubeadm-reset\n"),
            ("master1", "NAME=kubeadm-reset\n"),
            ("worker2", "NAME=take-back\n"),
            ("master-lb", "NAME=take-back\n"),
        )
        for acts in (False, True)
    ],
)
def test_a_step_that_fails_stops_all_that_follow_and_is_gone_on_with(
    finished: Fleet, host: str, text: str, acts: bool
) -> None:
    scenario = finished.scenario
    finished.change(replace(scenario, answers=[(host, text, FAILS | ({"acts": True} if acts else {}))]))
    outcome = reset(finished)
    assert outcome.exit_code == 1
    if host == "worker1":
        assert not [entry for entry in taken(outcome) if entry[0].startswith("master")]
    finished.change(scenario)
    assert_gone(reset(finished))
    assert reset(finished).changes == []


def test_a_host_that_lost_everything_but_its_mark_is_gone_on_with(finished: Fleet) -> None:
    def cut_off(world: World) -> None:
        machine = world.machines["worker2"]
        for path in [path for path in machine.files if path.startswith(KUBERNETES)]:
            machine.files.pop(path)
        machine.write(f"{KUBERNETES}/manifests/kube-apiserver.yaml", "")
        machine.write("/var/lib/k8s-ha/reset", f"{ENDPOINT}\n")

    finished.edit(cut_off)
    outcome = reset(finished)
    assert_gone(outcome)
    assert ("worker2", "kubeadm-reset") in taken(outcome)


def test_an_admin_host_goes_last(finished: Fleet) -> None:
    groups = finished.scenario.groups | {"admins": ["admin"]}
    addresses = finished.scenario.addresses | {"admin": "10.0.1.99"}
    fleet = finished
    fleet.world_file.unlink()
    fleet.change(replace(finished.scenario, groups=groups, addresses=addresses, settings=SETTINGS, order=[*addresses]))
    assert fleet.run(deploy=WHOLE).exit_code == 0
    outcome = reset(fleet)
    assert_gone(outcome)
    assert taken(outcome)[-2:] == [("master-lb", "taken back"), ("admin", "taken back")]
