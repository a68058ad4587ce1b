"""What stands against the drains of nodes, as findings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from k8s_ha.cluster_state.drains import drain_obstacles
from k8s_ha.findings import Finding, Severity
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.drains import DrainObservation
from k8s_ha.settings import HostSettings


def drain_findings(
    observation: DrainObservation | None,
    nodes: Sequence[HostSettings],
    accepted: Collection[str],
    closed: Collection[str] = (),
) -> Iterator[Finding]:
    """Whether each of these nodes can be drained.

    + observation: None where it could not be read
    + nodes: that will be drained, all at once
    + accepted: the setting ``accepted_risks``
    + closed: names of other nodes that are no place for their pods
    """
    if observation is None:
        yield Finding(
            THE_CLUSTER,
            "drain",
            "its API server did not tell its pods and PodDisruptionBudgets",
            "what a drain would meet is known before it begins",
            "see that `kubectl get pods,pdb -A` answers, then run this again",
        )
        return
    for entry in drain_obstacles(observation, nodes, accepted, closed):
        severity: Severity = "error" if entry.blocks else "warning"
        yield Finding(entry.host, "drain", entry.found, entry.rule, entry.remedy, severity)
