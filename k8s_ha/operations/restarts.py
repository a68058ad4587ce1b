"""Restarts of a container runtime under a running cluster: few nodes at a time, and no further after a bad one."""

from __future__ import annotations

from collections.abc import Collection, Generator
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.node import Node
from k8s_ha.facts.system import KubeletHealth, ServiceState
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.commands import fail_host, poll_until, read_fact, read_of_hosts
from k8s_ha.operations.files import Change
from k8s_ha.operations.runtimes import RuntimePlan
from k8s_ha.restart_gate import RestartGate
from k8s_ha.run import Run, is_executing

SECONDS_TO_COME_BACK: Final = 300
"""How long a node's API server or kubelet may take after its container runtime has been restarted."""


def gate(run: Run) -> RestartGate:
    """Whose turn it is in this run."""
    return run.part(RestartGate, run.cluster.workers_at_once)


def carried_out_in_turn(
    run: Run, what: str, plan: RuntimePlan, current: ServiceState, drifted: Collection[Change]
) -> Generator[StringCommand]:
    """The plan's commands; where they restart the service, when it is this host's turn.

    + what: is restarted, for the sentences
    + current, drifted: as for ``RuntimePlan``
    """
    yield from plan.tried()
    commands = plan.carried_out(current, drifted)
    restarts = plan.change(current, drifted) == "restart"
    yield from in_turn(run, what, commands) if restarts else commands


def in_turn(run: Run, what: str, commands: Generator[StringCommand]) -> Generator[StringCommand]:
    """``commands`` when it is this host's turn: every other control plane is ready, and no restart has failed.

    On a host that is no node of a cluster there is nothing to wait for, nor on one that is out of service for a step of
    a change: its kubelet may be stopped until the step's end.

    + what: is restarted, for the sentences
    """
    if not is_executing() or not run.surveys[host.name].node or host.name in gate(run).out:
        yield from commands
        return
    with gate(run).turn(_is_control_plane(run)):
        reason = _not_now(run)
        if reason:
            yield fail_host(f"{host.name}: {what} was not restarted: {reason}")
            return
        # pyinfra runs each command before it asks for the next, and drops the generator where one fails.
        with gate(run).watched(host.name) as came_back:
            yield from commands
            if not poll_until(lambda: _is_back(run), bool, SECONDS_TO_COME_BACK):
                yield fail_host(
                    f"{host.name}: {_witness(run)} does not answer {SECONDS_TO_COME_BACK} seconds after {what} was "
                    "restarted; no other node is restarted before that is fixed."
                )
                return
            came_back()


def _not_now(run: Run) -> str | None:
    if gate(run).failed:
        return f"{gate(run).failed}, restarted before it, has not come back; fix that host, then run this again."
    # One that cannot be read may be out already, so it counts as a node.
    views = read_of_hosts(Node, [entry for entry in run.cluster.control_planes if entry.name != host.name])
    unready = sorted(name for name, view in views.items() if view is None or _should_serve(view))
    if unready:
        return (
            f"the API server of {', '.join(unready)} does not answer, and one node at a time is out; fix that host, "
            "then run this again."
        )
    return None


def _should_serve(view: NodeView) -> bool:
    """Whether it is a node whose API server is down; not one of an init that did not come to its end."""
    return view.is_silent and not view.init_unfinished


def _is_control_plane(run: Run) -> bool:
    return "control_plane" in run.cluster.host(host.name).role


def _witness(run: Run) -> str:
    return "its API server" if _is_control_plane(run) else "its kubelet"


def _is_back(run: Run) -> bool:
    if _is_control_plane(run):
        view = read_fact(host, Node, address=run.cluster.host(host.name).address)
        return view is not None and view.ready
    well: bool | None = read_fact(host, KubeletHealth)
    return well is True
