"""Whether the cluster works, seen from every host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8s_ha.deploys.phase import phase, start_phase
from k8s_ha.operations.barrier import barrier
from k8s_ha.operations.probe import SECONDS_BEYOND_ALL, pods_probed
from k8s_ha.operations.verify import cluster_verified


@phase("Verify the cluster")
def verify(
    settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None, probe: bool = False
) -> None:
    """Have the cluster work, as seen from every host; changes nothing, but for the probe.

    Nodes, pods, etcd, API servers, DNS and Services are asked from every host, certificates and load balancers
    checked. Where the cluster does not work within ``verify_timeout_seconds``, a table says what is wrong, and the run
    fails.

    + probe: whether pods of our own, one a node, shall reach each other and each other's Services, within as long
      again; they are taken away
    """
    run = start_phase(settings, groups, changes=False)
    barrier(name="Wait for every host before the last check")
    cluster_verified(name="Check the cluster from every host", run=run)
    if probe:
        pods_probed(
            name="Probe the network with pods of our own, and take them away",
            run=run,
            # The phase's bound is for a command; pyinfra ends a function by it, and the probe is one.
            _timeout=run.cluster.settings.verify_timeout_seconds + SECONDS_BEYOND_ALL,
        )
