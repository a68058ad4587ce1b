"""What a person wants to read when a cluster works. Values in, values out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from k8s_ha.observations.api_status import API_SERVICE, DNS_SERVICE, ApiStatus
from k8s_ha.observations.certificates import ends_of_kinds
from k8s_ha.observations.host_status import HostStatus
from k8s_ha.settings import Cluster
from k8s_ha.verification.backup import backup_phrase
from k8s_ha.verification.etcd import etcd_leader, healthy_members, listed_members
from k8s_ha.verification.etcd_storage import storage_phrase
from k8s_ha.verification.faults import counted
from k8s_ha.verification.hosts import host_certificates
from k8s_ha.verification.virtual_address import holders_of

NODES_SHOWN: Final = 8
"""Of those that are alike."""


def summary(api_status: ApiStatus, statuses: Mapping[str, HostStatus], cluster: Cluster, kubeconfig: str) -> list[str]:
    """The nodes, what was checked, and how to go on, line by line."""
    lines = [
        f"The cluster answers at https://{cluster.endpoint}, Kubernetes {cluster.settings.version}.",
        *_nodes(api_status, cluster),
        "What was checked, and is well:",
        *(f"  {what:<12}  {text}" for what, text in _checked(api_status, statuses, cluster).items()),
        f"Its kubeconfig: {kubeconfig}",
        f"Use it: kubectl --kubeconfig {kubeconfig} get nodes",
    ]
    if cluster.settings.pod_network == "none":
        lines.append("Nodes become Ready when you install a pod network.")
    return lines


def _nodes(api_status: ApiStatus, cluster: Cluster) -> Iterator[str]:
    """A line a node, and of many that are alike the first few and how many more."""
    alike: dict[str, list[str]] = defaultdict(list)
    for name, ready in sorted(api_status.nodes.items()):
        state = "Ready" if ready else "NotReady"
        alike[f"{_role(name, cluster):<13}  {state:<8}  {api_status.versions[name]}"].append(name)
    rows = [(name, told) for told, names in alike.items() for name in _first(names)]
    width = max((len(name) for name, _ in rows), default=0)
    yield from (f"  {name:<{width}}  {told}" for name, told in rows)


def _first(names: list[str]) -> list[str]:
    rest = len(names) - NODES_SHOWN
    return [*names[:NODES_SHOWN], *([f"and {rest} more"] if rest > 0 else [])]


def _role(hostname: str, cluster: Cluster) -> str:
    node = next((node for node in cluster.nodes if node.hostname == hostname), None)
    if node is None:
        return "unlisted"
    return "control plane" if "control_plane" in node.role else "worker"


def _checked(api_status: ApiStatus, statuses: Mapping[str, HostStatus], cluster: Cluster) -> dict[str, str]:
    nodes = [node.name for node in cluster.nodes]
    sources = f"from {counted([name for name in nodes if name in statuses], nodes)}"
    listed = listed_members(statuses, cluster)
    led = f", led by {name}" if (name := etcd_leader(statuses, cluster)) else ""
    held = storage_phrase(statuses, cluster)
    checked = {
        "etcd": f"{len(healthy_members(statuses, cluster))} of {len(listed)} members{led}{held and f'; {held}'}",
        "API": f"{len(cluster.control_planes)} servers and the endpoint, {sources}",
    }
    if api_status.dns_servers and cluster.settings.pod_network != "none":
        checked["DNS"] = f"{len(api_status.dns_servers)} servers, {sources}"
    services = [api_status.services[name] for name in (API_SERVICE, DNS_SERVICE) if api_status.services.get(name)]
    if services:
        checked["Services"] = f"{' and '.join(services)}, {sources}"
    backends = [
        f"{host.name} with {len(statuses[host.name].backends)} API servers"
        for host in cluster.load_balancers
        if host.name in statuses
    ]
    if backends:
        checked["balancers"] = ", ".join(backends)
    if holders := holders_of(statuses, cluster):
        checked["virtual address"] = f"{cluster.virtual_address} on {', '.join(holders)}"
    if backups := backup_phrase(statuses, cluster):
        checked["backups"] = backups
    certificates = host_certificates(statuses)
    if certificates:
        checked["certificates"] = ends_of_kinds(certificates)
    return checked
