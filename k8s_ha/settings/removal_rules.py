"""Which hosts removed_nodes names, and what must be left without them."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from k8s_ha.settings import syntax
from k8s_ha.settings.cluster import Cluster
from k8s_ha.settings.models import HostSettings
from k8s_ha.untrusted import short, some


def removed_hosts(hosts: Sequence[HostSettings], names: Collection[str]) -> tuple[HostSettings, ...]:
    """The hosts that are named, by inventory name, or by hostname where no host has that inventory name."""
    inventory = {host.name for host in hosts}
    return tuple(host for host in hosts if host.name in names or host.hostname in set(names) - inventory)


def removed_names_fit(cluster: Cluster) -> Iterator[str]:
    """Each is given once, and can be a node's name where the inventory lacks it."""
    for name, count in Counter(cluster.settings.removed_nodes).items():
        if count > 1:
            yield f"removed_nodes: {short(name)} is given {count} times; a host is named once; remove the others"
    for host in cluster.removed:
        if host.name != host.hostname and {host.name, host.hostname} <= set(cluster.settings.removed_nodes):
            yield (
                f"removed_nodes: {short(host.name)} and {short(host.hostname)} are one host; a host is named once; "
                "remove one of them"
            )
    for name in dict.fromkeys(cluster.removed_unlisted):
        if not syntax.is_dns_name(name):
            yield (
                f"removed_nodes: {short(name)}; it is the inventory name of a host, or the name of a node; write one "
                "of `kubectl get nodes`"
            )


def enough_stays(cluster: Cluster) -> Iterator[str]:
    """A control plane stays, and the endpoint with it."""
    settings = cluster.settings
    control_planes = [host.name for host in cluster.former_control_planes]
    balancers = [host for host in cluster.removed if "load_balancer" in host.role]
    if control_planes and not cluster.control_planes:
        yield (
            f"removed_nodes: {some(control_planes)}, and no other control plane; a cluster keeps one of them; leave "
            "one out of removed_nodes"
        )
        return
    if not balancers or not cluster.control_planes:
        return
    names = some([host.name for host in balancers])
    given = syntax.split_endpoint(settings.control_plane_endpoint)[0] if settings.control_plane_endpoint else None
    at_endpoint = [host.name for host in balancers if given in (host.address, host.hostname)]
    if not cluster.load_balancers and (len(cluster.control_planes) > 1 or given is None or at_endpoint):
        yield (
            f"removed_nodes: {names}, the only balancer; every node reaches the API through it; take it out of "
            "removed_nodes"
        )
    elif at_endpoint:
        yield (
            f"removed_nodes: {some(at_endpoint)}, where control_plane_endpoint {settings.control_plane_endpoint!r} is; "
            "every node reaches the API there; take it out of removed_nodes"
        )
