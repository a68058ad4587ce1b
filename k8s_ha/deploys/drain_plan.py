"""What stands against the drains of a plan."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pyinfra import host

from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.facts.drains import Drains
from k8s_ha.findings import Finding
from k8s_ha.operations.commands import read_fact
from k8s_ha.preflight_checks.drain import drain_findings
from k8s_ha.run import Run
from k8s_ha.settings import HostSettings


def against_drains(
    run: Run, snapshot: ClusterSnapshot, drained: Collection[HostSettings], closed: Collection[str] = ()
) -> list[Finding]:
    """What keeps nodes from being drained, or is away meanwhile.

    + closed: names of nodes that are no place for the pods of others
    """
    leader = snapshot.leader
    if leader is None or not drained:
        return []
    observation = read_fact(host.inventory.get_host(leader.name), Drains, address=leader.address)
    if observation is not None:
        nodes = [replace(n, schedulable=n.schedulable and n.name not in closed) for n in observation.nodes]
        observation = replace(observation, nodes=tuple(nodes))
    return [*drain_findings(observation, drained, run.cluster.settings.accepted_risks)]
