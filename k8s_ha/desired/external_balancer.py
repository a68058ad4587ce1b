"""What somebody else's balancer needs to know of the cluster. Values in, values out."""

from __future__ import annotations

from k8s_ha.settings import Cluster


def members(cluster: Cluster) -> list[str]:
    """What the balancer passes TCP on to, as lines of a table with its head."""
    rows = [("member", "control plane", "is well where"), *_members(cluster)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _members(cluster: Cluster) -> list[tuple[str, str, str]]:
    return [
        (f"{host.address}:{cluster.api_port}", host.hostname, "HTTPS /readyz gives 200")
        for host in cluster.control_planes
    ]
