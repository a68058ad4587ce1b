"""The order of init and joins across hosts, by running pyinfra's command line on a simulated cluster."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.run import PROJECT, Fleet, Outcome
from tests.fakes.scenario import GROUPS, Scenario
from tests.fakes.world import World

ALL_NODES = {"master1": True, "master2": True, "master3": True, "worker1": False, "worker2": False}
KUBEADM = ("kubeadm-init", "kubeadm-join")
NO_LEADER = "no control plane of the cluster (@fake/master1, @fake/master2, @fake/master3) is healthy"


@pytest.fixture(scope="session")
def finished_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a first run leaves behind, with the kubeconfig that it fetched."""
    fleet = Fleet(tmp_path_factory.mktemp("finished"), Scenario())
    assert fleet.run().exit_code == 0
    return fleet.folder


@pytest.fixture
def finished(finished_world: Path, tmp_path: Path) -> Fleet:
    """A cluster that stands, of its own for each test."""
    shutil.copytree(finished_world, tmp_path, dirs_exist_ok=True)
    return Fleet(tmp_path, Scenario())


def assert_safe(outcome: Outcome) -> None:
    """What no flag and no failure may break, whatever else a run comes to."""
    inits, joins = outcome.steps("kubeadm-init"), outcome.steps("kubeadm-join")
    assert len(inits) <= 1, "two clusters were initialised"
    if joins and inits:
        assert inits[0].succeeded and inits[0].ended < joins[0].begun, "a join began before init had succeeded"
    planes = [join for join in joins if join.host in GROUPS["control_plane"]]
    for earlier, later in zip(planes, planes[1:], strict=False):
        assert earlier.ended < later.begun, f"{earlier.host} and {later.host} joined at the same time"
    assert [join.host for join in planes] == sorted(join.host for join in planes), "not in declared order"
    assert not outcome.steps("unknown"), "the simulation does not know this command"
    assert "Traceback" not in outcome.output


def joined_hosts(outcome: Outcome) -> set[str]:
    """The hosts on which a join was tried."""
    return {step.host for step in outcome.steps("kubeadm-join")}


CHAINS = {
    "alike": {},
    "first control plane longest": {"master1": 15},
    "first control plane shortest": {"master2": 15, "master3": 8, "worker1": 15, "worker2": 15},
    "a worker shortest": {"master1": 15, "master2": 15, "master3": 15, "worker2": 15, "master-lb": 15},
    "load balancer longest": {"master-lb": 25},
    "last control plane shortest": {"master1": 8, "master2": 20, "worker1": 3},
}


@pytest.mark.parametrize(("seed", "chains"), enumerate(CHAINS.values()), ids=CHAINS)
def test_hosts_wait_for_each_other_however_long_their_own_way_is(
    tmp_path: Path, seed: int, chains: dict[str, int]
) -> None:
    outcome = Fleet(tmp_path, Scenario(own_operations=chains)).run(seed=seed)
    assert_safe(outcome)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.world.nodes == ALL_NODES
    assert [step.host for step in outcome.steps("kubeadm-init", "kubeadm-join")][:3] == GROUPS["control_plane"]
    assert outcome.world.secrets == []
    first_worker, second_worker = outcome.steps("kubeadm-join")[2:]
    assert second_worker.begun < first_worker.ended, "workers join at the same time"


FLAGS = {
    "--serial": (("--serial",), (0, 1)),
    # pyinfra itself prints a traceback for each host that fails under this flag, and exits with 0.
    "--no-wait": (("--no-wait",), (0, 1)),
    "--parallel 2": (("--parallel", "2"), (0,)),
    "--parallel 1": (("--parallel", "1"), (0,)),
    "--limit a worker": (("--limit", "@fake/worker1"), (1,)),
    "--limit the workers": (("--limit", "workers"), (1,)),
    "--limit a later control plane": (("--limit", "@fake/master2"), (1,)),
}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", FLAGS)
def test_flags_end_in_the_right_thing_or_in_a_refusal(tmp_path: Path, name: str, seed: int) -> None:
    flags, exit_codes = FLAGS[name]
    fleet = Fleet(tmp_path, Scenario())
    outcome = fleet.run("-y", *flags, seed=seed)
    assert_safe(outcome)
    assert outcome.exit_code in exit_codes, outcome.output
    if outcome.exit_code == 0 and not outcome.steps("refusal"):
        assert outcome.world.nodes == ALL_NODES
    else:
        unjoined = {host for host in ALL_NODES if host not in outcome.world.nodes}
        assert unjoined <= {step.host for step in outcome.log if not step.succeeded} or "--limit" in flags

    if outcome.world.nodes != ALL_NODES:
        repaired = fleet.run(seed=seed)
        assert_safe(repaired)
        assert repaired.exit_code == 0, repaired.output
        assert repaired.world.nodes == ALL_NODES
