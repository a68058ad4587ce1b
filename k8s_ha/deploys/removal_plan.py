"""The steps that take nodes out of a standing cluster, planned before the first change."""

from __future__ import annotations

from dataclasses import replace

from pyinfra import host, state

from k8s_ha.cluster_state.removal_steps import removals
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.deploys.drain_plan import against_drains
from k8s_ha.facts.node import Node
from k8s_ha.findings import Finding
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.commands import read_of_hosts
from k8s_ha.preflight_checks.removal import removal_findings
from k8s_ha.pyinfra_internals.state import was_reached
from k8s_ha.run import Run


def removed_views(run: Run) -> dict[str, NodeView | None]:
    """What hosts hold that removed_nodes names; None of those that cannot be read, as dead ones."""
    return read_of_hosts(Node, run.cluster.removed)


def removals_planned(run: Run, snapshot: ClusterSnapshot) -> list[Finding]:
    """Why nodes cannot be taken away; where they can, the run's plan has the steps.

    + snapshot: also of the hosts that are removed
    """
    cluster = run.cluster
    if not cluster.settings.removed_nodes:
        return []
    entries = (*cluster.hosts, *cluster.removed)
    reached = {entry.name for entry in entries if was_reached(state, host.inventory.get_host(entry.name))}
    found = removals(snapshot, reached)
    run.log.plan = replace(run.log.plan, removals_due=found.steps)
    # Those that go are no place for the pods of each other.
    closed = {entry.hostname for entry in cluster.removed}
    return [
        *removal_findings(found.obstacles),
        *against_drains(run, snapshot, [[entry] for entry in found.drained], closed),
    ]
