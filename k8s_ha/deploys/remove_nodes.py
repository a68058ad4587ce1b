"""Nodes taken out of the cluster, one step after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pyinfra import host
from pyinfra.api import deploy

from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.deploys.load_balancer import proxy_of
from k8s_ha.deploys.phase import start_phase
from k8s_ha.deploys.steps import CarriedOut, take_steps
from k8s_ha.operations import removal
from k8s_ha.operations.barrier import barrier
from k8s_ha.operations.keepalived import address_released
from k8s_ha.run import Run


@deploy("Remove nodes")
def remove_nodes(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have nothing of the hosts in ``removed_nodes`` in the cluster, and nothing of the cluster on those that answer.

    A host that is removed takes part in no other phase. It keeps its packages.
    Raises PyinfraError, before anything is changed, where a removal would end the cluster or etcd's majority.
    """
    run = start_phase(settings, groups, of_removed=True)
    if host.name in {balancer.name for balancer in run.cluster.former_balancers}:
        address_released(name="Have keepalived keep no address here any more")
    take_steps(run, "remove_nodes", _CARRIED_OUT)
    if run.log.plan.removals_due:
        barrier(name="Wait for the removals")


def _balancer_left(run: Run, step: ChangeStep) -> None:
    name = f"Have nginx pass on to {step.subjects[0]} no more"
    removal.balancer_left(name=name, run=run, step=step, **proxy_of(run))


def _drained(run: Run, step: ChangeStep) -> None:
    removal.node_drained(name="Cordon and drain the node, and wait for its volumes", run=run, step=step)


def _member_removed(run: Run, step: ChangeStep) -> None:
    removal.member_removed(name="Remove its member from etcd", run=run, step=step, last=_is_last(run, step))


def _reset(run: Run, step: ChangeStep) -> None:
    removal.node_reset(name=f"Reset {host.name}", run=run, step=step, last=_is_last(run, step))


def _node_deleted(run: Run, step: ChangeStep) -> None:
    removal.node_deleted(name="Delete its node", run=run, step=step, last=_is_last(run, step))


def _is_last(run: Run, step: ChangeStep) -> bool:
    """Whether no other step of the plan is about the same host."""
    return [other for other in run.log.plan.removals_due if other.subjects == step.subjects][-1] == step


_CARRIED_OUT: Final[CarriedOut] = {
    Work.LEAVE: _balancer_left,
    Work.DRAIN: _drained,
    Work.REMOVE_MEMBER: _member_removed,
    Work.RESET: _reset,
    Work.DELETE_NODE: _node_deleted,
}
