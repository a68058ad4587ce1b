"""etcd's leadership moved before its leader stops."""

from __future__ import annotations

import pytest

import k8s_ha.operations.etcd_leader
from k8s_ha.catalog.control_plane import etcd_request
from k8s_ha.facts.etcd_leader import EtcdLeader
from k8s_ha.observations.etcd import Leadership, Member
from k8s_ha.operations.etcd_leader import leadership_moved
from k8s_ha.run import Run
from tests.support.example_cluster import six_host_cluster
from tests.support.operation_bench import Bench, Command, Noop, Then

CLUSTER = six_host_cluster()
MEMBERS = {
    host.name: Member(str(number), host.hostname, (host.address,))
    for number, host in enumerate(CLUSTER.control_planes, start=1)
}
FOLLOWS = Leadership(False, tuple(MEMBERS.values()))


def leading(*successors: str) -> Leadership:
    return Leadership(True, tuple(MEMBERS[name] for name in successors))


def moved_to(number: str) -> Command:
    return Command(etcd_request("/v3/maintenance/transfer-leadership", f'{{"targetID": "{number}"}}'))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr("k8s_ha.operations.commands.SECONDS_BETWEEN_POLLS", 0.001)
    return Bench(monkeypatch)


@pytest.mark.parametrize(
    ("on", "successors", "number"),
    [
        ("master1", ("master2", "master3"), "3"),
        ("master2", ("master1", "master3"), "1"),
        ("master3", ("master1", "master2"), "2"),
        ("master3", ("master1",), "1"),
    ],
)
def test_it_goes_to_the_one_whose_turn_is_farthest(
    bench: Bench, on: str, successors: tuple[str, ...], number: str
) -> None:
    told = Then(leading(*successors), leading(*successors), FOLLOWS)
    assert bench.steps(leadership_moved, on=on, run=Run(CLUSTER), facts={EtcdLeader: told}) == [moved_to(number)]


@pytest.mark.parametrize(
    ("told", "why"),
    [(FOLLOWS, "another member leads etcd"), (leading(), "no other member of etcd could lead")],
)
def test_nothing_is_moved(bench: Bench, told: Leadership, why: str) -> None:
    assert bench.steps(leadership_moved, on="master1", run=Run(CLUSTER), facts={EtcdLeader: told}) == [Noop(why)]


def test_one_that_stays_is_said_and_keeps_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(k8s_ha.operations.etcd_leader, "SECONDS_TO_MOVE", 0)
    told = {EtcdLeader: leading("master2")}
    assert bench.steps(leadership_moved, on="master1", run=Run(CLUSTER), facts=told) == [moved_to("2")]
    assert "master1: etcd did not move its leadership to master2; requests may wait" in caplog.text


def test_while_preparing_nothing_is_asked(bench: Bench) -> None:
    assert bench.steps(leadership_moved, on="master1", run=Run(CLUSTER), executing=False) == [
        Command("etcdctl move-leader")
    ]
