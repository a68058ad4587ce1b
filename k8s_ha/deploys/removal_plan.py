"""The steps that take nodes out of a standing cluster, planned before the first change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pyinfra import host, state

from k8s_ha.cluster_state.removal_steps import removals
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.facts.drains import Drains
from k8s_ha.facts.node import Node
from k8s_ha.findings import Finding
from k8s_ha.observations.drains import DrainObservation
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.commands import read_everywhere, read_fact
from k8s_ha.preflight_checks.drain import drain_findings
from k8s_ha.preflight_checks.removal import removal_findings
from k8s_ha.pyinfra_internals.state import was_reached
from k8s_ha.run import Run
from k8s_ha.settings import HostSettings


def removed_views(run: Run) -> dict[str, NodeView | None]:
    """What hosts hold that removed_nodes names; None of those that cannot be read, as dead ones."""
    asked = {host.inventory.get_host(entry.name): {"address": entry.address} for entry in run.cluster.removed}
    return read_everywhere(Node, asked) if asked else {}


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
    return [*removal_findings(found.obstacles), *_against_drains(run, snapshot, found.drained)]


def _against_drains(run: Run, snapshot: ClusterSnapshot, drained: Sequence[HostSettings]) -> list[Finding]:
    """What keeps nodes from being drained; those that go are no place for the pods of each other."""
    if snapshot.leader is None or not drained:
        return []
    observation = read_fact(host.inventory.get_host(snapshot.leader.name), Drains, address=snapshot.leader.address)
    if observation is not None:
        observation = _without_places(observation, {entry.hostname for entry in run.cluster.removed})
    return [*drain_findings(observation, drained, run.cluster.settings.accepted_risks)]


def _without_places(observation: DrainObservation, names: set[str]) -> DrainObservation:
    nodes = [replace(node, schedulable=node.schedulable and node.name not in names) for node in observation.nodes]
    return replace(observation, nodes=tuple(nodes))
