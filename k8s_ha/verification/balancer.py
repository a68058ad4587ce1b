"""Whom a balancer that somebody else runs leads to, from what hosts met there. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from k8s_ha.findings import Finding
from k8s_ha.observations.host_status import HostStatus
from k8s_ha.settings import Cluster


def unmet_findings(statuses: Mapping[str, HostStatus], cluster: Cluster) -> Iterator[Finding]:
    """Control planes that nobody met at the endpoint, though each host asked there several times.

    They are told apart by the second in which their serving certificates end; where two share it, both were met.
    """
    if not cluster.is_external:
        return
    met = [end for status in statuses.values() for end in status.servers.get(cluster.endpoint, ())]
    if not met:
        return  # that the endpoint does not answer is told by itself
    for host in cluster.control_planes:
        address = f"{host.address}:{cluster.api_port}"
        own = statuses[host.name].servers.get(address, ()) if host.name in statuses else ()
        if own and own[0] not in met:
            yield Finding(
                host.name,
                "balancer",
                f"none of {len(met)} requests to the endpoint {cluster.endpoint} led to it",
                "the balancer passes on to every control plane",
                f"add {address} to its members, or see why its own checks leave it out",
                "warning",
            )
