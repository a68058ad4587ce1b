"""Container runtimes are restarted under a running cluster few nodes at a time, and no further after a bad one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import gevent
import pytest
from pyinfra.api import StringCommand

from k8s_ha.facts.node import Node
from k8s_ha.facts.system import KubeletHealth
from k8s_ha.observations.node import NodeView
from k8s_ha.operations import commands, restarts
from k8s_ha.operations.restarts import gate, in_turn
from k8s_ha.restart_gate import RestartGate
from k8s_ha.settings import load_cluster
from tests.support.cluster_stage import Stage
from tests.support.example_cluster import six_hosts
from tests.support.fakes.run import RUNTIME, Fleet, Outcome
from tests.support.fakes.scenario import Scenario
from tests.support.fakes.world import World
from tests.support.node_views import CLEAN, CONTROL_PLANES, NODES, member
from tests.support.operation_bench import Command, Step, command, refusal
from tests.support.surveys import survey

READY = member(*NODES)
DOWN = member(*NODES, ready=False)
CUT_OFF_INIT = NodeView(("/etc/kubernetes/pki/ca.crt",), None, None)
UNFINISHED_INIT = replace(DOWN, init_begun=True, init_unfinished=True)
RESTART = Command("systemctl restart docker")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Hosts that were nodes when the run began, with every control plane and kubelet well."""
    monkeypatch.setattr(commands, "SECONDS_BETWEEN_POLLS", 0)
    stage = Stage(monkeypatch).hold(dict.fromkeys(CONTROL_PLANES, READY))
    stage.run.surveys = {name: survey(node=True) for name in NODES}
    stage.facts["worker1"][KubeletHealth] = True
    return stage


def turn(stage: Stage, name: str, executing: bool = True) -> list[Step]:
    """What a host does that has to restart Docker."""
    with stage.on(name, executing):
        return [command(step) for step in in_turn(stage.run, "Docker", docker_restart())]


def is_free(stage: Stage) -> bool:
    """Whether a control plane could have its turn now."""
    with gevent.Timeout(0, False), gate(stage.run).turn(control_plane=True):
        return True
    return False


def docker_restart() -> Any:
    yield StringCommand("systemctl restart docker")


def not_now(name: str, reason: str) -> Command:
    return refusal(f"{name}: Docker was not restarted: {reason}, then run this again.")


def no_answer(*names: str) -> str:
    return f"the API server of {', '.join(names)} does not answer, and one node at a time is out; fix that host"


@pytest.mark.parametrize(("node", "executing"), [(False, True), (True, False)], ids=["no node", "preparing"])
def test_a_host_without_pods_and_a_look_ahead_wait_for_nobody(stage: Stage, node: bool, executing: bool) -> None:
    stage.hold(dict.fromkeys(CONTROL_PLANES, None)).run.surveys["master1"] = survey(node=node)
    gate(stage.run).failed = "master2"
    with gate(stage.run).turn(control_plane=True):  # as if another host were at it
        assert turn(stage, "master1", executing) == [RESTART]
    assert gate(stage.run).failed == "master2"


def test_a_node_that_is_out_for_a_step_of_a_change_waits_for_nobody(stage: Stage) -> None:
    stage.facts["worker1"][KubeletHealth] = False
    gate(stage.run).out.add("worker1")
    assert turn(stage, "worker1") == [RESTART]
    assert gate(stage.run).failed is None


VIEWS: dict[str, tuple[str, Mapping[str, NodeView | None], list[Step]]] = {
    "a control plane beside ready ones": ("master1", {}, [RESTART]),
    "a worker": ("worker1", {}, [RESTART]),
    "beside a host that is no control plane yet": ("master1", {"master3": CLEAN}, [RESTART]),
    "beside a control plane whose init was cut off": ("master1", {"master3": CUT_OFF_INIT}, [RESTART]),
    "beside one whose init did not come to its end": ("master1", {"master3": UNFINISHED_INIT}, [RESTART]),
    "beside one that is not ready": ("master1", {"master3": DOWN}, [not_now("master1", no_answer("master3"))]),
    "beside two that are not": (
        "master1",
        {"master2": None, "master3": DOWN},
        [not_now("master1", no_answer("master2", "master3"))],
    ),
    "beside one that cannot be read": ("master2", {"master1": None}, [not_now("master2", no_answer("master1"))]),
    "a worker beside a control plane that is not ready": (
        "worker1",
        {"master1": DOWN},
        [not_now("worker1", no_answer("master1"))],
    ),
}


@pytest.mark.parametrize(("name", "views", "steps"), VIEWS.values(), ids=VIEWS)
def test_every_other_control_plane_must_be_ready(
    stage: Stage, name: str, views: Mapping[str, NodeView | None], steps: list[Step]
) -> None:
    assert turn(stage.hold(views), name) == steps
    assert gate(stage.run).failed is None
    assert is_free(stage)


def test_a_control_plane_that_this_run_leaves_out_is_asked_too(stage: Stage) -> None:
    del stage.run.surveys["master3"]
    assert turn(stage.hold({"master3": DOWN}), "master1") == [not_now("master1", no_answer("master3"))]


@pytest.mark.parametrize(
    ("name", "fact", "answers"),
    [
        ("master1", Node, [DOWN, None, DOWN, READY]),
        ("master1", Node, [READY]),
        ("worker1", KubeletHealth, [None, False, True]),
    ],
)
def test_a_restart_is_over_when_the_node_is_back(stage: Stage, name: str, fact: Any, answers: list[Any]) -> None:
    looks = list(answers)
    stage.facts[name][fact] = lambda **_: looks.pop(0)
    assert turn(stage, name) == [RESTART]
    assert looks == []
    assert gate(stage.run).failed is None


@pytest.mark.parametrize(
    ("name", "fact", "witness"),
    [("master1", Node, "its API server"), ("worker1", KubeletHealth, "its kubelet")],
)
def test_after_a_node_that_does_not_come_back_no_other_is_restarted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str, fact: Any, witness: str
) -> None:
    monkeypatch.setattr(restarts, "SECONDS_TO_COME_BACK", 0)
    stage.facts[name][fact] = None
    sentence = (
        f"{name}: {witness} does not answer 0 seconds after Docker was restarted; no other node is restarted before "
        "that is fixed."
    )
    assert turn(stage, name) == [RESTART, refusal(sentence)]
    stage.facts[name][fact] = READY
    assert turn(stage, "master2") == [
        not_now("master2", f"{name}, restarted before it, has not come back; fix that host")
    ]


def test_a_restart_that_fails_lets_go_of_the_turn_and_no_other_follows(stage: Stage) -> None:
    with stage.on("master1", executing=True):
        steps = in_turn(stage.run, "Docker", docker_restart())
        next(steps)
        assert not is_free(stage)
        steps.close()  # as pyinfra does when a command has failed
    assert is_free(stage)
    assert turn(stage, "worker1") == [
        not_now("worker1", "master1, restarted before it, has not come back; fix that host")
    ]


def greatest(gate: RestartGate, turns: Sequence[bool]) -> int:
    """How many hosts were out at once at most, where each has a turn of its own; True is a control plane's."""
    out: list[int] = [0]
    most: list[int] = [0]

    def restart(control_plane: bool) -> None:
        with gate.turn(control_plane):
            out[0] += 1
            most[0] = max(most[0], out[0])
            gevent.sleep(0)
            assert not control_plane or out[0] == 1, "a control plane was out beside another host"
            out[0] -= 1

    gevent.joinall([gevent.spawn(restart, control_plane) for control_plane in turns], raise_error=True)
    return most[0]


@pytest.mark.parametrize(
    ("workers", "turns", "at_once"),
    [
        (1, [False] * 5, 1),
        (3, [False] * 9, 3),
        (3, [True] * 3, 1),
        (3, [False, False, True, False, True, False, False, True], 3),
    ],
)
def test_so_many_workers_are_out_at_once_and_beside_a_control_plane_nobody(
    workers: int, turns: Sequence[bool], at_once: int
) -> None:
    gate = RestartGate(workers)
    assert greatest(gate, turns) == at_once
    assert greatest(gate, turns) == at_once, "all places are free again"


@pytest.mark.parametrize(
    ("share", "workers", "at_once"), [("10%", 2, 1), ("10%", 19, 1), ("10%", 20, 2), ("100%", 7, 7), (3, 2, 3)]
)
def test_how_many_workers_a_share_is(share: int | str, workers: int, at_once: int) -> None:
    more = [{"name": f"w{n}", "address": f"10.1.0.{n}", "role": "worker"} for n in range(1, workers + 1)]
    others = [host for host in six_hosts() if host["role"] != "worker"]
    cluster = load_cluster({"workers_max_unavailable": share}, [*others, *more])
    assert cluster.workers_at_once == at_once


# From here on pyinfra's command line runs on simulated hosts, each of which is not ready at the first look after a
# restart.

CHANGED = ["master1", "master2", "worker1"]
FAILS = {"success": False, "lines": ["Job for containerd.service failed"]}


@pytest.fixture
def outdated(finished: Fleet) -> Fleet:
    """A cluster that stands, three nodes of which run with another configuration of containerd than theirs."""

    def outdate(world: World) -> None:
        for name in CHANGED:
            world.machines[name].write("/var/lib/k8s-ha/containerd.service.digest", "restart=0")

    finished.edit(outdate)
    return finished


def restarted(outcome: Outcome) -> list[str]:
    return [step.host for step in outcome.steps("restart")]


def assert_refused(outcome: Outcome, names: list[str], reason: str) -> None:
    assert outcome.exit_code == 1
    for name in names:
        assert f"@fake/{name}: containerd was not restarted: {reason}" in outcome.sentences
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize("flags", ["", "--parallel 2", "--parallel 1", "--no-wait", "--serial"])
def test_two_nodes_are_never_out_at_once(outdated: Fleet, flags: str) -> None:
    outcome = outdated.run("-y", *flags.split(), deploy=RUNTIME)
    assert outcome.exit_code == 0, outcome.output
    assert sorted(restarted(outcome)) == CHANGED
    for earlier, later in pairwise(outcome.steps("restart")):
        looks = [
            step
            for step in outcome.steps("node", "kubelet health")
            if step.host == earlier.host and step.begun > earlier.ended
        ]
        assert looks[1].ended < later.begun, f"{later.host} was restarted before {earlier.host} was back"
    again = outdated.run(deploy=RUNTIME)
    assert [step for step in again.log if step.changes] == []


def test_a_dry_run_restarts_nothing(outdated: Fleet) -> None:
    outcome = outdated.run("--dry", deploy=RUNTIME)
    assert outcome.exit_code == 0, outcome.output
    assert [step for step in outcome.log if step.changes] == []


@pytest.mark.parametrize("flags", ["", "--parallel 2"])
def test_after_a_restart_that_fails_no_other_is_tried(outdated: Fleet, flags: str) -> None:
    outdated.change(Scenario(answers=[(name, "systemctl restart", FAILS) for name in CHANGED]))
    outcome = outdated.run("-y", *flags.split(), deploy=RUNTIME)
    (failed,) = restarted(outcome)
    others = [name for name in CHANGED if name != failed]
    assert_refused(outcome, others, f"@fake/{failed}, restarted before it, has not come back")


def down(world: World) -> None:
    world.machines["master3"].looks_until_back = 99


@pytest.mark.parametrize(
    ("flags", "asking"),
    [("", CHANGED), ("--limit @fake/master1", ["master1"]), ("--limit workers", ["worker1"])],
)
def test_beside_a_control_plane_that_is_down_nothing_is_restarted(
    outdated: Fleet, flags: str, asking: list[str]
) -> None:
    outdated.edit(down)
    outcome = outdated.run("-y", *flags.split(), deploy=RUNTIME)
    assert restarted(outcome) == []
    assert_refused(outcome, asking, no_answer("@fake/master3"))


def test_beside_a_control_plane_that_cannot_be_reached_nothing_is_restarted(outdated: Fleet) -> None:
    outdated.change(replace(outdated.scenario, unreachable=["master3"]))
    outcome = outdated.run(deploy=RUNTIME)
    assert restarted(outcome) == []
    assert_refused(outcome, CHANGED, no_answer("master3"))
