"""What the cluster needs of a firewall, host by host.

The cluster's hosts trust each other: etcd, kubelets, flannel's packets and pods need no ports and stay closed
to everybody else. Open to everybody is what users and clients reach from outside: the API's endpoint and NodePorts.
Masquerading is flannel's and kube-proxy's own.
"""

from __future__ import annotations

from typing import Final

from k8s_ha.settings import Cluster, HostSettings

NODE_PORTS: Final = ("30000-32767/tcp", "30000-32767/udp")
"""kube-apiserver's default --service-node-port-range."""


def trusted_sources(cluster: Cluster, host: HostSettings) -> tuple[str, ...]:
    """Addresses and networks that ``host`` takes everything from; somebody's admin host is not among them."""
    others = tuple(other.address for other in cluster.hosts if other.name != host.name and other.role != ("admin",))
    return (*others, cluster.settings.pod_cidr) if host.is_node else others


def open_ports(cluster: Cluster, host: HostSettings) -> tuple[str, ...]:
    """Ports of ``host``, as firewalld writes them, that are open to everybody."""
    ports: tuple[str, ...] = ()
    if "load_balancer" in host.role:
        ports += (f"{cluster.endpoint_port}/tcp",)
    elif "control_plane" in host.role and not cluster.load_balancers:
        ports += (f"{cluster.api_port}/tcp",)
    return ports + (NODE_PORTS if host.is_node else ())
