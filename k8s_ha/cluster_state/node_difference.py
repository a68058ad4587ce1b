"""The difference between each node that is wanted and the one that stands. Values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from k8s_ha.catalog.setting_changes import (
    HOST_SETTINGS,
    KUBELET_FILE,
    LAGGING,
    OWN_OF_A_KUBELET,
    PATCHES,
    SERVING_CERTIFICATE,
    STATIC_POD,
    UNREADABLE_FILE,
)
from k8s_ha.catalog.static_pods import PARTS
from k8s_ha.cluster_state.configuration import argument_map, deviations, followed, same_argument
from k8s_ha.cluster_state.difference import (
    Difference,
    certificate_names,
    cluster_differences,
    patch_difference,
    written,
)
from k8s_ha.cluster_state.node_state import Membership, NodeState, is_worker
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.observations.node import ClusterNode, NodeView
from k8s_ha.settings import Cluster, HostSettings

OF_EACH_KUBELET: Final = (("containerRuntimeEndpoint",),)
"""What kubeadm writes into each kubelet's own file from 1.34 on."""


def differences(snapshot: ClusterSnapshot, caveats: Collection[str] = ()) -> list[Difference]:
    """All that is wanted otherwise than it stands, the cluster's own first; none without a leader.

    + caveats: those that any node needs

    A host's part that differs as its cluster does is not told twice. Raises Unreadable.
    """
    of_cluster = cluster_differences(snapshot, caveats)
    told = {entry.setting.partition(" (")[0] for entry in of_cluster if not entry.is_noted}
    of_nodes = node_differences(snapshot, caveats)
    return of_cluster + [entry for entry in of_nodes if not (entry.change in LAGGING and entry.setting in told)]


def node_differences(snapshot: ClusterSnapshot, caveats: Collection[str] = ()) -> list[Difference]:
    """What is wanted otherwise than each node of the cluster stands; none without a leader.

    + caveats: those that any node needs

    What a host that could not be read holds is left out; what the leader knows of it is not.
    """
    cluster = snapshot.cluster
    kept = kept_configuration(cluster, caveats)
    found: list[Difference] = []
    for host in cluster.nodes:
        node, view = snapshot.known(host).node, snapshot.views.get(host.name)
        if node is not None:
            found += _of_node(host, node, view)
            if view is not None and snapshot.state(host) is NodeState.JOINED:
                found += _of_files(host, view, kept, cluster)
    return found


def _of_node(host: HostSettings, node: ClusterNode, view: NodeView | None) -> Iterator[Difference]:
    if node.address and node.address != host.address:
        yield _own(host, "address", node.address, host.address)
    if node.control_plane and "control_plane" not in host.role:
        yield _own(host, "role", "control_plane", "worker")
    if "control_plane" in host.role and view is not None and is_worker(view, Membership(node)):
        yield _own(host, "role", "worker", "control_plane")


def _own(host: HostSettings, setting: str, standing: str, wanted: str) -> Difference:
    return Difference(host.name, setting, written(standing), written(wanted), HOST_SETTINGS[setting])


def _of_files(
    host: HostSettings, view: NodeView, kept: Mapping[str, Mapping[str, Any]], cluster: Cluster
) -> Iterator[Difference]:
    """What the host's own files have otherwise; a file that cannot be read is told by name."""
    for part in (_of_static_pods, _of_kubelet_file, _of_kubelet_flags, _of_certificate):
        try:
            yield from part(host, view, kept, cluster)
        except ValueError as error:
            yield Difference(host.name, str(error), "", "", UNREADABLE_FILE)


Parts = Mapping[str, Mapping[str, Any]]


def _of_static_pods(host: HostSettings, view: NodeView, kept: Parts, cluster: Cluster) -> Iterator[Difference]:
    for component, place in PARTS.items():
        pod = view.standing.static_pod(component)
        part: Any = kept["ClusterConfiguration"]
        for key in place:
            part = part.get(key, {}) if isinstance(part, Mapping) else {}
        arguments = argument_map(part.get("extraArgs") or {}) if isinstance(part, Mapping) else {}
        for name, value in arguments.items() if pod else ():
            standing = pod.arguments.get(name) if pod else None
            if not same_argument(value, standing):
                path = (*place, "extraArgs", name)
                yield patch_difference(host.name, "ClusterConfiguration", path, standing, value, STATIC_POD)


def _of_kubelet_file(host: HostSettings, view: NodeView, kept: Parts, cluster: Cluster) -> Iterator[Difference]:
    if not view.standing.kubelet_config:
        return
    kind = "KubeletConfiguration"
    follows = followed(kind, kept["ClusterConfiguration"])
    for entry in deviations(kind, kept[kind], view.standing.kubelet_document, follows):
        if entry.wanted is not None:
            yield patch_difference(host.name, kind, entry.path, entry.standing, entry.wanted, KUBELET_FILE)
        elif entry.path not in OF_EACH_KUBELET:
            own = patch_difference(host.name, kind, entry.path, entry.standing, None, OWN_OF_A_KUBELET)
            yield replace(own, is_noted=True)


def _of_kubelet_flags(host: HostSettings, view: NodeView, kept: Parts, cluster: Cluster) -> Iterator[Difference]:
    """Flags that a node got when it joined; the first control plane may have got them as it was initialized."""
    wanted = {name: ("JoinConfiguration", value) for name, value in _flags(cluster, "JoinConfiguration")}
    if host == cluster.control_planes[0]:
        wanted |= {name: ("InitConfiguration", value) for name, value in _flags(cluster, "InitConfiguration")}
    standing = view.standing.kubelet_arguments if wanted and view.standing.kubelet_flags else {}
    for name, (kind, value) in wanted.items() if standing else ():
        if not same_argument(value, standing.get(name)):
            path = ("nodeRegistration", "kubeletExtraArgs", name)
            yield patch_difference(host.name, kind, path, standing.get(name), value, PATCHES[kind])


def _flags(cluster: Cluster, kind: str) -> Iterable[tuple[str, Any]]:
    registration = cluster.settings.kubeadm_patches.get(kind, {}).get("nodeRegistration")
    arguments = registration.get("kubeletExtraArgs") if isinstance(registration, Mapping) else None
    found = argument_map(arguments or {})
    return found.items() if isinstance(found, Mapping) else ()


def _of_certificate(host: HostSettings, view: NodeView, kept: Parts, cluster: Cluster) -> Iterator[Difference]:
    names = view.standing.certificate_names
    wanted = certificate_names([*cluster.settings.cert_extra_sans, cluster.endpoint_host])
    if names is not None and (missing := sorted(wanted - certificate_names(names))):
        yield Difference(host.name, "cert_extra_sans", "", written(tuple(missing)), SERVING_CERTIFICATE)
