"""``k8s_ha.verify`` by itself, by running pyinfra's command line on a simulated cluster."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.fakes.run import VERIFY, Fleet, Outcome
from tests.support.fakes.scenario import ADDRESSES, Scenario

WRONG = "The cluster does not work as it should"


def answering(host: str, text: str, *lines: str, success: bool = True) -> Scenario:
    """A host that answers commands with this text so."""
    return Scenario(answers=[(host, text, {"success": success, "lines": list(lines)})])


def refusals(outcome: Outcome) -> list[str]:
    return [step.host for step in outcome.steps("refusal")]


def test_it_costs_few_commands_and_changes_nothing(finished: Fleet) -> None:
    before = finished.run("--dry", deploy=VERIFY).world
    outcome = finished.run(deploy=VERIFY)
    assert outcome.exit_code == 0, outcome.output
    commands = Counter(step.host for step in outcome.log if step.step != "connect")
    assert commands == {**dict.fromkeys(ADDRESSES, 2), "master1": 3}, outcome.log
    assert outcome.world == before
    assert not any(step.changes for step in outcome.log)
    assert "etcd 3 of 3 members, led by master1" in outcome.sentences


@pytest.mark.parametrize("flags", [(), ("--serial",), ("--parallel", "1")])
def test_one_host_says_what_is_wrong(finished: Fleet, flags: tuple[str, ...]) -> None:
    finished.change(answering("worker2", "NAME_SERVERS=", "kubelet curl: (7) x", "end"))
    outcome = finished.run("-y", *flags, deploy=VERIFY)
    assert outcome.exit_code == 1
    assert refusals(outcome) == ["master1"]
    assert "@fake/worker2: its kubelet is not well: no connection" in outcome.sentences
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize(
    "answer", [answering("master2", "NAME_SERVERS=", success=False), Scenario(unreachable=["master2"])]
)
def test_a_host_that_cannot_be_checked_is_wrong(finished: Fleet, answer: Scenario) -> None:
    finished.change(answer)
    outcome = finished.run(deploy=VERIFY)
    assert outcome.exit_code == 1
    assert refusals(outcome) == ["master1"]
    assert "master2: it could not be checked" in outcome.sentences


def test_where_no_control_plane_can_be_reached_another_host_says_so(finished: Fleet) -> None:
    finished.change(Scenario(unreachable=["master1", "master2", "master3"]))
    outcome = finished.run(deploy=VERIFY)
    assert refusals(outcome) == ["worker1"]
    assert f"{WRONG} after 2 seconds: the cluster: no control plane's own API server is ready" in outcome.sentences
    assert "Traceback" not in outcome.output


def test_on_virgin_hosts_it_says_that_there_is_no_cluster(finished: Fleet) -> None:
    for name in ADDRESSES:
        finished.edit(lambda world, name=name: world.forget(name))
    outcome = finished.run(deploy=VERIFY)
    assert outcome.exit_code == 1
    assert refusals(outcome) == ["master1"]
    assert "no control plane's own API server is ready" in outcome.sentences


def test_what_a_host_tells_may_be_odd(finished: Fleet) -> None:
    finished.change(answering("worker1", "NAME_SERVERS=", "dns", "api x", "\x00", "certificate /a.crt none"))
    outcome = finished.run(deploy=VERIFY)
    assert "Traceback" not in outcome.output


def test_limited_to_one_host_the_whole_cluster_is_checked(finished: Fleet) -> None:
    outcome = finished.run("-y", "--limit", "@fake/worker1", deploy=VERIFY)
    assert outcome.exit_code == 0, outcome.output
    assert {step.host for step in outcome.steps("host status")} == set(ADDRESSES)
