"""The order of init and joins across hosts, by running pyinfra's command line on a simulated cluster."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.fakes.run import JOINS, WORKERS, Fleet, Outcome, Step
from tests.support.fakes.scenario import ADDRESSES, GROUPS, Scenario
from tests.support.fakes.world import World
from tests.support.paths import PROJECT

ALL_NODES = {"master1": True, "master2": True, "master3": True, "worker1": False, "worker2": False}
KUBEADM = ("kubeadm-init", "kubeadm-join")
NO_LEADER = "no control plane of the cluster (@fake/master1, @fake/master2, @fake/master3) is healthy"
FAILS = {"success": False, "lines": ["error execution phase"]}


@pytest.fixture
def balanced(tmp_path: Path) -> Fleet:
    """Clean hosts behind a load balancer that listens already, so that its absence stops none of them."""
    fleet = Fleet(tmp_path, Scenario())
    fleet.edit(World.prepare)
    return fleet


def at_kubeadm(outcome: Outcome) -> list[str]:
    """The hosts that ran kubeadm init or join, in order."""
    return [step.host for step in outcome.steps(*KUBEADM)]


def assert_safe(outcome: Outcome) -> None:
    """What no flag and no failure may break, whatever else a run comes to."""
    inits, joins = outcome.steps("kubeadm-init"), outcome.steps("kubeadm-join")
    assert len(inits) <= 1, "two clusters were initialized"
    assert all(inits[0].ended < join.begun for join in joins if inits), "a join began before init had ended"
    assert all(join.succeeded for join in joins), "a join was tried that kubeadm had to refuse"
    control_planes = [join for join in joins if join.host in GROUPS["control_plane"]]
    for earlier, later in pairwise(control_planes):
        assert earlier.ended < later.begun, f"{earlier.host} and {later.host} joined at the same time"
        assert earlier.host < later.host, "control planes joined in another than the declared order"
    assert not outcome.steps("unknown"), "the simulation does not know this command"


def assert_complete(outcome: Outcome) -> None:
    assert_safe(outcome)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.world.nodes == ALL_NODES
    assert outcome.world.secrets == []


def assert_refused(outcome: Outcome, *sentences: str) -> None:
    """A run that ends with these words before any kubeadm."""
    assert outcome.exit_code == 1
    assert at_kubeadm(outcome) == []
    for sentence in sentences:
        assert sentence in outcome.sentences
    assert "Traceback" not in outcome.output


CHAINS = {
    "alike": {},
    "first control plane longest": {"master1": 8},
    "first control plane shortest": {"master2": 8, "master3": 4, "worker1": 8, "worker2": 8},
    "a worker shortest": {"master1": 8, "master2": 8, "master3": 8, "worker2": 8, "master-lb": 8},
    "load balancer longest": {"master-lb": 20},
    "last control plane shortest": {"master1": 4, "master2": 10, "worker1": 2},
}


@pytest.mark.parametrize(("hash_seed", "chains"), list(enumerate(CHAINS.values())), ids=CHAINS)
def test_hosts_wait_for_each_other_however_long_their_own_way_is(
    tmp_path: Path, hash_seed: int, chains: dict[str, int]
) -> None:
    order = random.Random(hash_seed).sample(list(ADDRESSES), len(ADDRESSES))
    outcome = Fleet(tmp_path, Scenario(own_operations=chains, order=order)).run(hash_seed=hash_seed)
    assert_complete(outcome)
    assert at_kubeadm(outcome)[:3] == GROUPS["control_plane"]
    first_worker, second_worker = outcome.steps("kubeadm-join")[2:]
    assert second_worker.begun < first_worker.ended, "workers join at the same time"


def test_a_layer_is_over_everywhere_before_a_host_goes_on_to_operations_of_its_own(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, Scenario(own_operations={"worker1": 4})).run()
    assert_complete(outcome)

    def own(place: str) -> list[Step]:
        return [step for step in outcome.steps("own operation") if step.command.endswith(place)]

    last_control_plane = [join for join in outcome.steps("kubeadm-join") if join.host in GROUPS["control_plane"]][-1]
    assert last_control_plane.ended < own("before the workers")[0].begun
    assert own("before the last check")[-1].ended < outcome.steps("api status")[0].begun


def test_the_only_control_plane_needs_no_balancer(tmp_path: Path) -> None:
    addresses = {name: ADDRESSES[name] for name in ("master1", "worker1")}
    groups = {"control_plane": ["master1"], "workers": ["worker1"], "load_balancers": []}
    outcome = Fleet(tmp_path, Scenario(addresses=addresses, groups=groups, order=tuple(addresses))).run()
    assert outcome.exit_code == 0, outcome.output
    assert at_kubeadm(outcome) == ["master1", "worker1"]


def test_a_second_run_changes_nothing(finished: Fleet) -> None:
    dry = finished.run("--dry", deploy=PROJECT / "deploy.py")
    outcome = finished.run(deploy=PROJECT / "deploy.py")
    assert_complete(outcome)
    assert dry.exit_code == 0
    assert [step for step in (*dry.log, *outcome.log) if step.changes] == []
    assert outcome.world == dry.world


ORDERS = {
    "as declared": ("master-lb", "master1", "master2", "master3", "worker1", "worker2"),
    "workers first": ("worker1", "worker2", "master1", "master2", "master3", "master-lb"),
    "a later control plane before an earlier one": ("master1", "master3", "master2", "master-lb", "worker1", "worker2"),
    "first control plane last": ("master2", "master3", "worker1", "worker2", "master-lb", "master1"),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("flag", ["--serial", "--no-wait"])
def test_flags_that_void_barriers_end_in_refusals(balanced: Fleet, flag: str, order: tuple[str, ...]) -> None:
    balanced.change(Scenario(order=order))
    outcome = balanced.run("-y", flag, deploy=JOINS)
    assert_safe(outcome)
    refused = {step.host for step in outcome.steps("refusal")}
    assert refused >= set(ALL_NODES) - set(outcome.world.nodes), outcome.output
    if flag == "--serial":  # with --no-wait pyinfra exits 0 whatever happens, and prints a traceback of its own
        assert outcome.exit_code == (1 if refused else 0)
        assert "Traceback" not in outcome.output
    assert_complete(balanced.run(deploy=JOINS))


def test_without_barriers_two_new_control_planes_do_not_join_at_once(finished: Fleet) -> None:
    for host in ("master2", "master3"):
        finished.edit(lambda world, host=host: world.forget(host))
    finished.change(
        Scenario(
            own_operations={"master2": 1, "master3": 1},
            waits=[
                ("master2", "own-command", "master1", "kubeadm-upload-certs"),
                ("master3", "own-command", "master1", "kubeadm-upload-certs"),
                ("master1", " delete ", "master2", "kubeadm-join"),
            ],
        )
    )
    outcome = finished.run("-y", "--no-wait", deploy=JOINS)
    assert_safe(outcome)
    assert at_kubeadm(outcome) == ["master2"]
    assert "master3 was not joined: control planes join one at a time, and master2 before it" in outcome.sentences


@pytest.mark.parametrize(("size", "order"), [("1", "first control plane last"), ("2", "as declared")])
def test_few_hosts_at_a_time_are_a_whole_cluster_too(tmp_path: Path, size: str, order: str) -> None:
    assert_complete(Fleet(tmp_path, Scenario(order=ORDERS[order])).run("-y", "--parallel", size))


@pytest.mark.parametrize("limit", ["@fake/worker1", "workers", "@fake/master2"])
def test_a_part_of_a_cluster_that_is_not_there_is_refused(balanced: Fleet, limit: str) -> None:
    assert_refused(balanced.run("-y", "--limit", limit, deploy=JOINS), f"was not joined: {NO_LEADER}")


@pytest.mark.parametrize("host", ["worker1", "master3"])
def test_a_host_alone_does_not_join_a_cluster_that_made_no_token_for_it(finished: Fleet, host: str) -> None:
    finished.edit(lambda world: world.forget(host))
    refused = finished.run("-y", "--limit", f"@fake/{host}", deploy=JOINS)
    assert_refused(refused, f"{host} was not joined: @fake/master1, the leader, made no join token")

    outcome = finished.run()
    assert_complete(outcome)
    assert at_kubeadm(outcome) == [host]


def test_a_first_control_plane_that_was_replaced_joins_the_cluster_of_the_others(finished: Fleet) -> None:
    finished.edit(lambda world: world.forget("master1"))
    outcome = finished.run()
    assert_complete(outcome)
    assert outcome.steps("kubeadm-init") == []
    assert at_kubeadm(outcome) == ["master1"]


@pytest.mark.parametrize("host", ["master1", "master3", "worker2"])
@pytest.mark.parametrize(
    "change", [World.replace, World.cut_off], ids=["replaced by a blank one", "cut off in its join"]
)
def test_a_host_that_is_retried_is_forgotten_and_joins(
    finished: Fleet, host: str, change: Callable[[World, str], None]
) -> None:
    finished.edit(lambda world: change(world, host))
    dry = finished.run("--dry")
    assert [step for step in dry.log if step.changes] == []
    outcome = finished.run()
    assert_complete(outcome)
    assert outcome.steps("kubeadm-init") == []
    assert at_kubeadm(outcome) == [host]
    assert [step.host for step in outcome.steps("kubeadm-reset")] == [host] * (change is World.cut_off)
    forgotten = outcome.steps("member removed", "node deleted")
    join = outcome.steps("kubeadm-join")[0]
    assert bool(forgotten) == (change is World.replace)
    assert all(step.ended < join.begun for step in forgotten)
    again = finished.run()
    assert [step for step in again.log if step.changes] == []


def test_an_init_that_did_not_come_to_its_end_is_taken_back_and_the_cluster_is_built(balanced: Fleet) -> None:
    balanced.edit(lambda world: world.init_cut_off("master1"))
    dry = balanced.run("--dry")
    assert [step for step in dry.log if step.changes] == []
    outcome = balanced.run()
    assert_complete(outcome)
    (reset,), (init,) = outcome.steps("kubeadm-reset"), outcome.steps("kubeadm-init")
    assert (reset.host, init.host) == ("master1", "master1")
    assert reset.ended < init.begun
    again = balanced.run()
    assert [step for step in again.log if step.changes] == []


def test_the_layer_of_workers_alone_waits_for_its_token(finished: Fleet) -> None:
    finished.edit(lambda world: world.forget("worker2"))
    finished.change(Scenario(own_operations={"master1": 4}))
    outcome = finished.run(deploy=WORKERS)
    assert_complete(outcome)
    assert at_kubeadm(outcome) == ["worker2"]


def test_after_a_failed_init_no_join_is_tried(balanced: Fleet) -> None:
    balanced.change(Scenario(answers=[("master1", "NAME=kubeadm-init\n", FAILS)]))
    outcome = balanced.run(deploy=JOINS)
    assert at_kubeadm(outcome) == ["master1"]
    assert outcome.exit_code == 1
    for host in ("master2", "master3", "worker1", "worker2"):
        assert f"{host} was not joined: {NO_LEADER}" in outcome.sentences


def test_after_a_failed_join_no_later_control_plane_joins(balanced: Fleet) -> None:
    balanced.change(Scenario(answers=[("master2", "NAME=kubeadm-join\n", FAILS)]))
    outcome = balanced.run(deploy=JOINS)
    assert at_kubeadm(outcome) == ["master1", "master2", "worker1", "worker2"]
    assert outcome.exit_code == 1
    assert "master3 was not joined: control planes join one at a time, and master2 before it" in outcome.sentences
    assert outcome.world.secrets == []


def answering(host: str, text: str, **answer: Any) -> Scenario:
    """A host that gives another answer than usual to commands with this text."""
    return Scenario(answers=[(host, text, answer)])


ARTIFACT = {"lines": ["trace /etc/kubernetes/pki/ca.crt", "end"]}
NO_INIT = {
    **{
        f"{host} holds artifacts": (
            answering(host, "bootstrap-kubelet.conf", **ARTIFACT),
            f"@fake/{host} holds /etc/kubernetes/pki/ca.crt",
        )
        for host in GROUPS["control_plane"]
    },
    **{
        f"{host} unreadable": (
            answering(host, "bootstrap-kubelet.conf", success=False),
            f"@fake/{host} could not be read and may hold one",
        )
        for host in GROUPS["control_plane"]
    },
    "endpoint answers": (
        answering("master1", "curl -ksS", lines=["HTTP status 403"]),
        "the endpoint 10.0.1.157:6443 already answers (HTTP status 403)",
    ),
    "endpoint is slow": (
        answering("master1", "curl -ksS", lines=["unclear: no answer within 10 s"]),
        "the endpoint 10.0.1.157:6443 does not tell whether a cluster answers there (unclear: no answer within 10 s)",
    ),
    "endpoint could not be asked": (
        answering("master1", "curl -ksS", success=False),
        "the endpoint 10.0.1.157:6443",
    ),
}


@pytest.mark.parametrize(("scenario", "sentence"), NO_INIT.values(), ids=NO_INIT)
def test_no_cluster_is_initialized_where_one_may_be(balanced: Fleet, scenario: Scenario, sentence: str) -> None:
    balanced.change(scenario)
    assert_refused(balanced.run(deploy=JOINS), "No cluster was initialized: ", sentence)
