"""Layer 4.10: proof that the cluster works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra import host
from pyinfra.api import deploy

from k8s_ha.deploys.begin import begin
from k8s_ha.operations.barrier import barrier
from k8s_ha.operations.verify import cluster_verified


@deploy("Verify the cluster")
def verify(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have every node Ready, every pod of the road running and the endpoint answering; changes nothing."""
    run = begin(settings, groups)
    barrier(name="Wait for every host before the last look")
    if host.name in {entry.name for entry in run.cluster.control_planes}:
        cluster_verified(name="Look at nodes, pods and endpoint", run=run)
