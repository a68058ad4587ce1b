"""What a person wants to read when a cluster works. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping

from k8s_ha.observations.api_status import API_SERVICE, DNS_SERVICE, Health
from k8s_ha.observations.host_status import HostProof
from k8s_ha.settings import Cluster
from k8s_ha.verification.etcd import healthy, leader, members
from k8s_ha.verification.faults import counted
from k8s_ha.verification.hosts import certificates


def summary(health: Health, proofs: Mapping[str, HostProof], cluster: Cluster, kubeconfig: str) -> list[str]:
    """The nodes, what was looked at, and how to go on, line by line."""
    width = max(len(node.hostname) for node in cluster.nodes)
    control_planes = {node.hostname for node in cluster.control_planes}
    lines = [
        f"The cluster answers at https://{cluster.endpoint}, Kubernetes {cluster.settings.kubernetes_version}.",
        *(
            f"  {name:<{width}}  {'control plane' if name in control_planes else 'worker':<13}  "
            f"{'Ready' if ready else 'NotReady':<8}  {health.versions[name]}"
            for name, ready in sorted(health.nodes.items())
        ),
        "What was looked at, and is well:",
        *(f"  {what:<12}  {text}" for what, text in _looks(health, proofs, cluster).items()),
        f"Its kubeconfig: {kubeconfig}",
        f"Use it: kubectl --kubeconfig {kubeconfig} get nodes",
    ]
    if cluster.settings.pod_network == "none":
        lines.append("Nodes become Ready when you install a pod network.")
    return lines


def _looks(health: Health, proofs: Mapping[str, HostProof], cluster: Cluster) -> dict[str, str]:
    nodes = [node.name for node in cluster.nodes]
    sources = f"from {counted([name for name in nodes if name in proofs], nodes)}"
    listed = members(proofs, cluster)
    led = f", led by {name}" if (name := leader(proofs, cluster)) else ""
    looks = {
        "etcd": f"{len(healthy(proofs, cluster))} of {len(listed)} members{led}",
        "API": f"{len(cluster.control_planes)} servers and the endpoint, {sources}",
    }
    if health.dns_servers and cluster.settings.pod_network != "none":
        looks["DNS"] = f"{len(health.dns_servers)} servers, {sources}"
    services = [health.services[name] for name in (API_SERVICE, DNS_SERVICE) if health.services.get(name)]
    if services:
        looks["Services"] = f"{' and '.join(services)}, {sources}"
    backends = [
        f"{host.name} with {len(proofs[host.name].backends)} API servers"
        for host in cluster.load_balancers
        if host.name in proofs
    ]
    if backends:
        looks["balancers"] = ", ".join(backends)
    dated = sorted(certificates(proofs), key=lambda entry: (entry.expires, entry.host, entry.path))
    if dated:
        first = dated[0]
        looks["certificates"] = f"{len(dated)}; the first ends on {first.expires:%Y-%m-%d}: {first.host}, {first.path}"
    return looks
