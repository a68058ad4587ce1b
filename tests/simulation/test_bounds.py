"""No command is waited for without an end, so that a host that hangs costs its own part and not the run."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from pyinfra.api import Host

from k8s_ha.preflight_checks.access import SESSIONS, SESSIONS_OF_A_CONTROL_PLANE
from k8s_ha.pyinfra_internals.connection import connection_tuned
from tests.support.example_cluster import six_host_cluster
from tests.support.fakes.run import PROBE, Fleet, Step
from tests.support.fakes.scenario import Scenario

# Read from other hosts too, and bounded where they are read, by SECONDS_FOR_A_FACT.
READ_EVERYWHERE = {
    "connect",
    "survey",
    "preflight",
    "node",
    "api status",
    "host status",
    "https answer",
    "kubelet health",
}


def test_every_command_of_a_run_has_a_bound(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, Scenario()).run()
    assert outcome.exit_code == 0, outcome.output
    steps = [step for step in outcome.log if step.step not in READ_EVERYWHERE]
    assert [step for step in steps if not step.seconds] == []
    # What bounds itself on its host is waited for longer than that takes.
    (init,) = outcome.steps("kubeadm-init")
    assert init.seconds == 2 * 900 + 60
    assert {step.seconds for step in outcome.steps("write", "kernel", "unit", "hostname")} == {120}


def test_a_probe_is_not_ended_by_the_bound_of_a_command(finished: Fleet) -> None:
    finished.change(Scenario(answers=[("master1", "apply -f - 2>&1", {"lines": ["made"]})]))
    outcome = finished.run(deploy=PROBE)
    assert "The network does not work as it should after 2 seconds: " in outcome.sentences
    assert "timed out" not in outcome.sentences


def sessions(log: Sequence[Step]) -> dict[str, int]:
    """How many commands a host has at once, at most; the hold of the run is one that goes on."""
    moments = sorted(
        moment
        for step in log
        if step.step not in ("connect", "lock")
        for moment in ((step.begun, 1, step.host), (step.ended, -1, step.host))
    )
    now: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for _, change, host in moments:
        now[host] += change
        most[host] = max(most[host], now[host])
    return dict(most)


def test_no_more_sessions_are_opened_than_preflight_asks_for(finished: Fleet, tmp_path_factory: Any) -> None:
    cluster = six_host_cluster()
    first = Fleet(tmp_path_factory.mktemp("first"), Scenario()).run()
    for outcome in (first, finished.run(), finished.run(deploy=PROBE)):
        most = sessions(outcome.log)
        assert set(most) == {host.name for host in cluster.hosts}
        for host in cluster.hosts:
            is_control_plane = "control_plane" in host.role
            held = 2 if is_control_plane else 0  # and a beat
            assert most[host.name] + held <= (SESSIONS_OF_A_CONTROL_PLANE if is_control_plane else SESSIONS)


def test_a_users_own_bound_stays(tmp_path: Path) -> None:
    hosts = {name: {"_timeout": 77} for name in Scenario().addresses}
    outcome = Fleet(tmp_path, Scenario(host_data=hosts)).run()
    assert {step.seconds for step in outcome.steps("write", "kernel", "unit", "hostname")} == {77}


def test_the_package_bounds_no_operation_of_its_user(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, Scenario(own_operations={"master1": 1})).run()
    assert {step.seconds for step in outcome.steps("own operation")} == {None}


def test_a_connection_to_a_host_that_is_gone_ends_by_itself() -> None:
    keepalives: list[int] = []
    with socket.socket() as connection:
        transport = SimpleNamespace(sock=connection, set_keepalive=keepalives.append, channel_timeout=3600)
        client = SimpleNamespace(get_transport=lambda: transport, exec_command=None)
        connection_tuned(cast(Host, SimpleNamespace(connector=SimpleNamespace(client=client))))
        read: Any = connection.getsockopt
        assert read(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert read(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000
    assert keepalives == [15]
    assert transport.channel_timeout == 60
