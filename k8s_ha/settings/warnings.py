"""What is allowed but probably not meant: one sentence each, for a cluster without mistakes."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from k8s_ha.settings.cluster import Cluster
from k8s_ha.settings.mirror_rules import unused_credentials
from k8s_ha.untrusted import some


def warnings(cluster: Cluster) -> Iterator[str]:
    """What is allowed but probably not meant, for a cluster without mistakes."""
    count = len(cluster.control_planes)
    if count % 2 == 0:
        yield (
            f"hosts: {count} control planes; etcd needs a majority, so {count} survive no more losses than "
            f"{count - 1} would; an odd number is better"
        )
    if not cluster.workers and all(host.taints is None for host in cluster.control_planes):
        yield (
            "hosts: no worker; control planes keep other workloads off by their taint; put hosts into the group "
            "workers, or set a control plane's taints to []"
        )
    if len(cluster.load_balancers) > 1 and not cluster.virtual_address:
        yield (
            f"hosts: {len(cluster.load_balancers)} load balancers; nodes reach the API only at {cluster.endpoint}, "
            "nothing moves that address to another one"
        )
    if cluster.is_external and cluster.settings.endpoint is None:
        yield (
            f"control_plane_endpoint: {cluster.endpoint!r} is at no host of the inventory, so it is taken for a "
            "balancer that somebody else runs; write it into endpoint.external to say so, or correct it"
        )
    yield from unused_credentials(cluster)
    for setting in ("pod_cidr", "service_cidr"):
        network = IPv4Network(getattr(cluster.settings, setting))
        if network.overlaps(IPv4Network("192.168.0.0/16")):
            yield (
                f"{setting}: {network} is in the range of many office and home networks; machines there with such "
                "an address cannot be reached from the nodes"
            )
        near = [h.name for h in cluster.hosts if IPv4Network(f"{h.address}/16", strict=False).overlaps(network)]
        if near:
            yield (
                f"{setting}: {network} begins like the addresses of {some(near)}; make sure that their network "
                "is narrower than /16"
            )
