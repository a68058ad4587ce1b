"""What stands against another endpoint for a cluster that stands. Values in, values out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from k8s_ha.cluster_state.change_steps import ChangeStep
from k8s_ha.cluster_state.endpoint_steps import kubeconfigs_of_others
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.findings import Finding, Severity
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.endpoint_proof import EndpointProof
from k8s_ha.settings import Cluster
from k8s_ha.settings.syntax import split_endpoint
from k8s_ha.untrusted import some

CHECK: Final = "settings"


def not_together(
    snapshot: ClusterSnapshot, is_upgrading: bool, removals: Sequence[ChangeStep], runtime: Sequence[ChangeStep]
) -> Iterator[Finding]:
    """Other changes that wait until the endpoint has moved."""
    if not snapshot.former_endpoints:
        return
    others = {
        "an upgrade": is_upgrading,
        "the removal of a node": bool(removals),
        "the removal of a balancer": bool(snapshot.cluster.former_balancers),
        "the move to another runtime": bool(runtime),
    }
    for what, is_due in others.items():
        if is_due:
            yield Finding(
                THE_CLUSTER,
                CHECK,
                f"the endpoint moves from {', '.join(snapshot.former_endpoints)}, and {what} is due",
                "one of them after the other",
                f"set back what asks for {what}, have the endpoint moved, then set it again",
            )


def held_addresses(snapshot: ClusterSnapshot, addresses: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    """A virtual address that is to be another one: keepalived would give up the former one at once.

    + addresses: that hosts have, by inventory name
    """
    cluster = snapshot.cluster
    if cluster.virtual_address is None:
        return
    for endpoint in snapshot.former_endpoints:
        former = split_endpoint(endpoint)[0]
        for host in cluster.load_balancers:
            is_virtual = former not in (cluster.virtual_address, host.address)
            if is_virtual and former in addresses.get(host.name, ()):
                instead = f"{host.address}:{cluster.endpoint_port}"
                yield Finding(
                    host.name,
                    CHECK,
                    f"has the virtual address {former}, which hosts name, and endpoint.virtual_address is another",
                    "a balancer has one at a time",
                    f"move first to control_plane_endpoint = '{instead}', without endpoint",
                )


def left_alone(snapshot: ClusterSnapshot) -> Iterator[Finding]:
    """Kubeconfigs at a former endpoint that no CA proves to be this cluster."""
    for host in snapshot.cluster.hosts:
        view = snapshot.views.get(host.name)
        known = host, snapshot.former_endpoints, snapshot.authority
        found = kubeconfigs_of_others(view, *known) if view else ()
        for entry in {entry.path: entry for entry in found}.values():
            yield Finding(
                host.name,
                CHECK,
                f"its {entry.path} names {entry.server}, and no CA in it proves that it is this cluster's",
                "a kubeconfig of another cluster is left alone",
                "correct it yourself, or do nothing where it is another cluster's",
                "error" if entry.path.startswith("/etc/kubernetes/") else "warning",
            )


def other_proxy(snapshot: ClusterSnapshot) -> Iterator[Finding]:
    """A cluster without kubeadm's kube-proxy, whose Services somebody else serves, who may name the former endpoint."""
    view = snapshot.leader_view
    if snapshot.former_endpoints and view is not None and not view.standing.kube_proxy_server:
        former = ", ".join(snapshot.former_endpoints)
        yield Finding(
            THE_CLUSTER,
            CHECK,
            f"the cluster has no kube-proxy of kubeadm's, and what serves its Services may name {former}",
            "this run corrects kubeadm's alone",
            "correct its settings, such as Cilium's k8sServiceHost, before that endpoint goes away",
            "warning",
        )


def unproven(cluster: Cluster, proofs: Mapping[str, EndpointProof | None]) -> Iterator[Finding]:
    """Nodes that the endpoint does not lead to the cluster, and control planes that it leads nobody to.

    + proofs: of the nodes that were asked, by inventory name; None of those that did not tell
    """
    wrong: dict[str, list[str]] = defaultdict(list)
    for name, proof in proofs.items():
        words = "an answer over SSH is missing" if proof is None else next(iter(proof.failures), "")
        if words or (proof and not proof.met):
            wrong[words or "no answer"].append(name)
    remedy = (
        "see the balancer there and its members" if cluster.is_external else "see nginx there, routes and firewalls"
    )
    for words, names in wrong.items():
        found = f"the endpoint {cluster.endpoint} does not lead to this cluster from {some(names)}: {words}"
        yield Finding(THE_CLUSTER, CHECK, found, "it does before anything names it", remedy)
    if wrong:
        return
    met = {end for proof in proofs.values() if proof for end in proof.met}
    # Another's balancer may send each client to one control plane for ever.
    severity: Severity = "warning" if cluster.is_external else "error"
    for host in cluster.control_planes:
        own = proofs.get(host.name)
        if own and own.own and own.own not in met:
            found = f"the endpoint {cluster.endpoint} led nobody to it"
            yield Finding(host.name, CHECK, found, "it leads to every control plane", remedy, severity)
