"""Routes of a host, and which of them an earlier node of the cluster has left."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import pairwise
from typing import Final

from k8s_ha.preflight_checks import limits
from k8s_ha.preflight_checks.model import HostContext

_TYPES: Final = ("unreachable", "prohibit", "blackhole", "throw", "unicast")


def target(route: str) -> IPv4Network | None:
    """Where a route, as ``ip -4 route`` prints it, leads to; None for the default route and for what cannot be read."""
    words = [word for word in route.split() if word not in _TYPES]
    try:
        return IPv4Network(words[0], strict=False) if words else None
    except ValueError:
        return None


def interface(route: str) -> str:
    """The interface of a route; empty where it names none."""
    return dict(pairwise(route.split())).get("dev", "")


def is_the_pods(context: HostContext, route: str) -> bool:
    """Whether it is one that an earlier node of this cluster has left: by its interface, or a node's through that node.

    Another pod network leads through the same nodes: its routes are known by what they lead to.
    """
    if interface(route).startswith(limits.POD_INTERFACES):
        return True
    network, pods = target(route), IPv4Network(context.cluster.settings.pod_cidr)
    is_a_nodes = network is not None and network.subnet_of(pods) and network.prefixlen == limits.NODE_MASK
    gateway = dict(pairwise(route.split())).get("via")
    return is_a_nodes and gateway in {node.address for node in context.cluster.nodes}


def is_left(context: HostContext, route: str) -> bool:
    """Whether it leads to another node's pods, and so to those of this node where it is given their addresses."""
    return " via " in route and is_the_pods(context, route)
