"""Where the cluster of these hosts stands, or stood, beside the endpoint that is wanted. Values in, values out.

While an endpoint moves, hosts name either. Whose a host is, its CA tells then; which endpoints count besides the wanted
one, only the cluster's own ConfigMap tells, from a control plane that serves and is proven to be of these hosts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from k8s_ha.cluster_state.authority import Authority, authority_of, cluster_authority, knows_this_cluster
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.standing import Standing
from k8s_ha.settings import Cluster, HostSettings

CLUSTER: Final = "ClusterConfiguration"
FIELD: Final = "controlPlaneEndpoint"

_ENDPOINT: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?:[1-9]\d{0,4}", re.ASCII)
"""HOST:PORT as this package writes it; what is anything else is not carried on."""


def former_endpoints(cluster: Cluster, views: Mapping[str, NodeView | None]) -> tuple[str, ...]:
    """The endpoints that the cluster keeps, or notes as kept before, and that are not the wanted one.

    None where the control planes that serve are not of one CA: then nothing tells whose cluster would move.
    """
    serving = [
        (host, view)
        for host in cluster.control_planes
        if (view := views.get(host.name)) and view.ready and not view.init_unfinished and _is_of(host, view)
    ]
    knowing = [view for host, view in serving if knows_this_cluster(view, host, cluster.endpoint)]
    authorities = {authority_of(view) for _, view in serving}
    if not knowing and len(authorities) != 1:
        return ()
    authority: Authority = cluster_authority(knowing) if knowing else next(iter(authorities))
    found: dict[str, None] = {}
    for host, view in serving:
        stood = [*_stood(view.standing)] if authority_of(view) == authority else []
        if view.api_server_url in {f"https://{each}" for each in stood} or knows_this_cluster(
            view, host, cluster.endpoint
        ):
            found |= dict.fromkeys(stood)
    found.pop(cluster.endpoint, None)
    return tuple(found)


def _is_of(host: HostSettings, view: NodeView) -> bool:
    """Whether the host's own API server knows it, by name and address, as a control plane."""
    return any(
        node.name == host.hostname and node.address == host.address and node.control_plane for node in view.nodes
    )


def _stood(standing: Standing) -> Iterator[str]:
    try:
        kept: Mapping[str, Any] = standing.document(CLUSTER) or {}
        documents = [kept, *reversed(standing.former(CLUSTER))]
    except ValueError:
        return  # that it cannot be read ends the run by itself
    for document in documents:
        endpoint = document.get(FIELD)
        if is_endpoint(endpoint):
            yield str(endpoint)


def is_endpoint(value: object) -> bool:
    """Whether it is HOST:PORT as this package writes it, which hosts may be known by."""
    return isinstance(value, str) and bool(_ENDPOINT.fullmatch(value))
