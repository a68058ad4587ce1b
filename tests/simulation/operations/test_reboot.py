"""What the steps of a reboot do on their hosts, and a host that goes away and comes back."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from paramiko import SSHException
from pyinfra.api import Host
from pyinfra.api.exceptions import ConnectError

import k8s_ha.operations.reboot
from k8s_ha.facts.last_boot import LastBootFact
from k8s_ha.observations.last_boot import LastBoot
from k8s_ha.operations.reboot import emptied, rebooted
from k8s_ha.pyinfra_internals.connection import reconnected
from k8s_ha.run import Run
from tests.support.example_cluster import six_host_cluster
from tests.support.operation_bench import Bench, Command, Noop, Then, refusal

WAITS, FINE = LastBoot("a", 100, 900, "m", {"glibc": 200}), LastBoot("b", 300, 900, "m", {"glibc": 200})
BEHIND = replace(FINE, booted=50)  # its clock was set back while it was away
REBOOT = Command("( sleep 1 && systemctl reboot ) </dev/null >/dev/null 2>&1 &")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def answers(monkeypatch: pytest.MonkeyPatch, *replies: bool) -> None:
    """Whether the host answers, each time that it is tried."""
    read = Then(*replies).reading()
    monkeypatch.setattr(k8s_ha.operations.reboot, "reconnected", lambda _: read())
    monkeypatch.setattr("k8s_ha.operations.commands.SECONDS_BETWEEN_POLLS", 0.001)


@pytest.mark.parametrize(
    ("boots", "replies"),
    [
        ([WAITS, FINE], [True]),
        ([WAITS, FINE], [False, False, True]),  # it is away for a while
        ([WAITS, WAITS, FINE], [True]),  # it has not gone yet
        ([WAITS, BEHIND], [True]),
    ],
)
def test_a_host_boots_and_is_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, boots: list[LastBoot], replies: list[bool]
) -> None:
    answers(monkeypatch, *replies)
    assert bench.steps(rebooted, run=Run(six_host_cluster()), facts={LastBootFact: Then(*boots)}, since=None) == [
        REBOOT
    ]


@pytest.mark.parametrize(
    ("answers_it", "said"),
    [
        (False, "it did not answer 0 seconds after its reboot was asked for; see its console"),
        (True, "it still runs as before 0 seconds after its reboot was asked for; see `systemctl list-jobs` there"),
    ],
)
def test_one_that_does_not_come_back_is_said(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, answers_it: bool, said: str
) -> None:
    answers(monkeypatch, answers_it)
    monkeypatch.setattr(k8s_ha.operations.reboot, "SECONDS_FOR_A_BOOT", 0)
    assert bench.steps(rebooted, run=Run(six_host_cluster()), facts={LastBootFact: WAITS}, since=None) == [
        REBOOT,
        refusal(f"worker1: {said}, then run this again."),
    ]


@pytest.mark.parametrize(("refused", "steps"), [("", []), ("another run is at work", ["another run is at work"])])
def test_a_control_plane_is_locked_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, refused: str, steps: list[str]
) -> None:
    answers(monkeypatch, True)
    locked: list[str] = []

    def locked_again(target: Host) -> str:
        locked.append(target.name)
        return refused

    monkeypatch.setattr(k8s_ha.operations.reboot, "locked_again", locked_again)
    given = bench.steps(
        rebooted, on="master2", run=Run(six_host_cluster()), facts={LastBootFact: Then(WAITS, FINE)}, since=None
    )
    assert given == [REBOOT, *(refusal(f"master2: {reason}") for reason in steps)]
    assert locked == ["master2"]


def test_one_that_has_booted_is_left_alone(bench: Bench) -> None:
    for operation in (rebooted, emptied):
        given = bench.steps(operation, facts={LastBootFact: FINE}, since=None, run=Run(six_host_cluster()))
        assert given == [Noop("it has booted")]


def test_while_preparing_nothing_is_asked(bench: Bench) -> None:
    (planned,) = bench.steps(rebooted, run=Run(six_host_cluster()), executing=False, since=None)
    assert planned == Command("systemctl reboot")


class Connector:
    """One whose host is away for some tries."""

    def __init__(self, host: Any, away: int) -> None:
        self.host, self.away, self.calls = host, away, []  # type: ignore[var-annotated]
        self.client = SimpleNamespace(exec_command=None, get_transport=lambda: None)

    def connect(self) -> None:
        self.calls.append("connect")
        self.away -= 1
        if self.away >= 0:
            raise ConnectError("no route")

    def disconnect(self) -> None:
        self.calls.append("disconnect")
        raise OSError("the connection has ended")


def test_a_connection_is_given_up_and_made_anew(bench: Bench) -> None:
    with bench.on("worker1", executing=True) as host:
        host.connector, host.connected = Connector(host, away=2), True  # type: ignore[assignment]
        assert [reconnected(host) for _ in range(2)] == [False, False]
        with pytest.raises(SSHException, match="it is not connected"):
            host.connector.client.exec_command("true")  # type: ignore[attr-defined]
        assert [reconnected(host) for _ in range(2)] == [True, True]
        calls = ["disconnect", "connect", "connect", "connect", "disconnect", "connect"]
        assert host.connector.calls == calls  # type: ignore[attr-defined]
        assert isinstance(host, Host)
