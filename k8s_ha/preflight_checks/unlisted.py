"""What the inventory lacks of a cluster whose version moves: no step comes to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k8s_ha.catalog.upgrades import oldest_kubelet
from k8s_ha.cluster_state.removal_steps import leaving_nodes
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import ClusterNode
from k8s_ha.untrusted import whole_number


def unlisted_nodes(snapshot: ClusterSnapshot) -> list[ClusterNode]:
    """Nodes of the cluster that neither the inventory nor removed_nodes has."""
    cluster, view = snapshot.cluster, snapshot.leader_view
    known = {*(host.hostname for host in (*cluster.nodes, *cluster.removed)), *cluster.removed_unlisted}
    return [node for node in (view.nodes if view else ()) if node.name not in known]


def unlisted_in_an_upgrade(snapshot: ClusterSnapshot, to_minor: int) -> Iterator[Finding]:
    """Control planes, members of etcd and kubelets that an upgrade to 1.``to_minor`` would leave behind.

    What removed_nodes names is gone before it begins.
    """
    view = snapshot.leader_view
    if view is None:
        return
    for node in unlisted_nodes(snapshot):
        if node.control_plane:
            yield Finding(
                THE_CLUSTER,
                "version",
                f"{node.name} is a control plane of the cluster, and not in the inventory",
                "an upgrade moves every control plane, or it ends half way",
                f"add it, or have it removed by removed_nodes = ['{node.name}']",
            )
        elif not _is_in_skew(node, to_minor):
            yield Finding(
                THE_CLUSTER,
                "upgrade",
                f"{node.name} has kubelet {node.version}, and is not in the inventory",
                f"beside Kubernetes 1.{to_minor} a kubelet is of 1.{oldest_kubelet(to_minor)} at least",
                f"add it, or have it removed by removed_nodes = ['{node.name}']",
            )
    if not view.members:
        yield Finding(
            THE_CLUSTER,
            "version",
            "etcd's members could not be read",
            "an upgrade moves every member of etcd, or it ends half way",
            "see that etcd answers there, then run this again",
        )
    for member in _members(snapshot, view.members):
        yield Finding(
            THE_CLUSTER,
            "version",
            f"etcd has the member {_named(member)}, which is no control plane of the inventory",
            "an upgrade moves every member of etcd, or it ends half way",
            "add its host to the inventory, or remove that member",
        )


def _is_in_skew(node: ClusterNode, to_minor: int) -> bool:
    """Whether its kubelet is new enough, as far as it tells a minor of Kubernetes, which a virtual one may not."""
    found = re.match(r"v1\.([0-9]+)\.", node.version)
    minor = whole_number(found[1]) if found else None
    return minor is None or minor >= oldest_kubelet(to_minor)


def _members(snapshot: ClusterSnapshot, members: tuple[Member, ...]) -> Iterator[Member]:
    planes = snapshot.cluster.control_planes
    names, addresses = {host.hostname for host in planes}, {host.address for host in planes}
    leaving = [entry.member for entry in leaving_nodes(snapshot)]
    for member in members:
        if member.name not in names and addresses.isdisjoint(member.addresses) and member not in leaving:
            yield member


def _named(member: Member) -> str:
    return f"{member.name or 'without a name'} ({', '.join(member.addresses)})"
