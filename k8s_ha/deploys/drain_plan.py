"""What stands against the drains of a plan."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pyinfra import host

from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.facts.drains import Drains
from k8s_ha.findings import Finding
from k8s_ha.operations.commands import read_fact
from k8s_ha.preflight_checks.drain import drain_findings
from k8s_ha.run import Run
from k8s_ha.settings import HostSettings


def against_drains(
    run: Run, snapshot: ClusterSnapshot, batches: Sequence[Sequence[HostSettings]], closed: Collection[str] = ()
) -> list[Finding]:
    """What keeps nodes from being drained, or is away meanwhile.

    + batches: those that are drained at once
    + closed: names of nodes that are no place for the pods of others
    """
    leader = snapshot.leader
    batches = [batch for batch in batches if batch]
    if leader is None or not batches:
        return []
    observation = read_fact(host.inventory.get_host(leader.name), Drains, address=leader.address)
    accepted = run.cluster.settings.accepted_risks
    if observation is None:
        return [*drain_findings(None, batches[0], accepted)]
    return [found for batch in batches for found in drain_findings(observation, batch, accepted, closed)]
