"""What stands for an endpoint that is left, as long as hosts may name it. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from k8s_ha.settings import Cluster
from k8s_ha.settings.syntax import looks_like_address, split_endpoint

Former = Collection[str]
"""HOST:PORT of each endpoint at which the cluster stood, and that hosts may still name."""

UNTOLD: Final = "the former balancer leaves it out by its own checks"

_LISTENS: Final = re.compile(r"^ *listen (\d+);( # of the former endpoint)?\n", re.MULTILINE)


def former_ports(cluster: Cluster, former: Former) -> tuple[int, ...]:
    """Ports beside the endpoint's own that balancers go on to pass on, where they do."""
    return tuple(sorted({split_endpoint(endpoint)[1] for endpoint in former} - {cluster.endpoint_port}))


def without_new_listeners(text: str, standing: str) -> str:
    """This package's file for nginx, which goes on to listen on a former port, and does not begin to.

    + standing: what the files of this package's hold that stand
    """
    held = {found[1] for found in _LISTENS.finditer(standing)}
    return _LISTENS.sub(lambda found: "" if found[2] and found[1] not in held else found[0], text)


def names_kept(cluster: Cluster, former: Former) -> tuple[str, ...]:
    """Names of former endpoints that every host's /etc/hosts goes on to have, where it has them."""
    hosts = {split_endpoint(endpoint)[0] for endpoint in former}
    return tuple(sorted(host for host in hosts if not looks_like_address(host) and host not in cluster.names))


def may_be_virtual(cluster: Cluster, former: Former) -> bool:
    """Whether a former endpoint is at an address of no host, which one that was a balancer may have yet."""
    hosts = {split_endpoint(endpoint)[0] for endpoint in former}
    return any(looks_like_address(host) for host in hosts - {each.address for each in cluster.hosts})


def is_told(cluster: Cluster, endpoint: str) -> bool:
    """Whether this run's balancers are those of an endpoint, as far as its host tells, so that they know who is out."""
    host = split_endpoint(endpoint)[0]
    own = {name for each in cluster.load_balancers for name in (each.address, each.hostname)}
    # The name, or the virtual address, that stays.
    stays = {cluster.endpoint_host, cluster.virtual_address} if cluster.load_balancers else set()
    return host in own | stays
