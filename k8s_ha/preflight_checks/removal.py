"""What stands against taking nodes out of the cluster, or is to be said of those that are out, as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from k8s_ha.cluster_state.drains import Obstacle
from k8s_ha.findings import Finding, Severity


def removal_findings(obstacles: Iterable[Obstacle]) -> Iterator[Finding]:
    """What ``removals`` found."""
    for entry in obstacles:
        severity: Severity = "error" if entry.blocks else "warning"
        yield Finding(entry.host, "removal", entry.found, entry.rule, entry.remedy, severity)
