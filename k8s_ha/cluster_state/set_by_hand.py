"""What somebody has set on a host, and a step or an upgrade would overwrite. Values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from k8s_ha.catalog.compatibility import FORMER_REGISTRY, UPSTREAM_REGISTRY
from k8s_ha.catalog.setting_changes import LOST_IN_UPGRADE, SET_BY_HAND
from k8s_ha.catalog.static_pods import PARTS
from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.configuration import deviations, followed, is_kubeadms, leaf, same_value
from k8s_ha.cluster_state.difference import Difference, patch_difference, written
from k8s_ha.cluster_state.former_endpoints import CLUSTER
from k8s_ha.cluster_state.manifest_values import Place
from k8s_ha.cluster_state.node_difference import OF_EACH_KUBELET
from k8s_ha.cluster_state.setting_steps import KUBELET, Document, joined_views, sources
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.cluster_state.static_pods import set_by_hand
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.observations.node import NodeView
from k8s_ha.redaction import redacted, without_named_secrets
from k8s_ha.settings import HostSettings


def overwritten(
    snapshot: ClusterSnapshot, steps: Sequence[ChangeStep], caveats: Collection[str] = ()
) -> list[Difference]:
    """What the steps would overwrite on their hosts, and no configuration has, as differences that end the run.

    + caveats: those that any node needs

    ValueError where a configuration cannot be read, which is refused by itself.
    """
    leader = snapshot.leader_view
    if leader is None:
        return []
    wanted = kept_configuration(snapshot.cluster, caveats)
    known = _known(leader, wanted)
    touched = {component for step in steps for component in (*step.components, *_of_edits(step))}
    found: list[Difference] = []
    for host, view in joined_views(snapshot, snapshot.cluster.nodes):
        place = Place(host.address, snapshot.cluster.api_port)
        for step in steps:
            if step.work is Work.STATIC_PODS and host.name in step.hosts:
                found += _of_static_pods(place, host.name, view, step.components, known[CLUSTER])
            if step.work is Work.KUBELET_CONFIG and host.name in step.hosts:
                found += _of_kubelet(host.name, view, wanted, known[KUBELET])
        if "control_plane" in host.role:
            found += _not_kubeadms(host.name, view, touched)
    return found


def lost_in_upgrade(
    snapshot: ClusterSnapshot, steps: Sequence[ChangeStep], caveats: Collection[str] = ()
) -> list[Difference]:
    """What kubeadm would not write again on the nodes that an upgrade leads through, as differences that end the run.

    + steps: of the upgrade; a node that an earlier run has brought to its end has none
    + caveats: those that any node needs

    ValueError where a configuration cannot be read, which is refused by itself.
    """
    leader = snapshot.leader_view
    if leader is None:
        return []
    wanted = kept_configuration(snapshot.cluster, caveats)
    known = _known(leader, wanted)
    found: list[Difference] = []
    for host, view in joined_views(snapshot, snapshot.cluster.nodes):
        if not any(_is_generated(snapshot, host, step) for step in steps):
            continue
        if "control_plane" in host.role:
            place = Place(host.address, snapshot.cluster.api_port)
            given = [component for component in PARTS if view.standing.static_pods.get(component)]
            found += _not_kubeadms(host.name, view, given)
            found += filter(_is_lost, _of_static_pods(place, host.name, view, given, known[CLUSTER]))
        if view.standing.kubelet_config:
            found += _of_kubelet(host.name, view, wanted, known[KUBELET])
    return [replace(entry, change=LOST_IN_UPGRADE) for entry in found]


def _is_generated(snapshot: ClusterSnapshot, host: HostSettings, step: ChangeStep) -> bool:
    """Whether kubeadm writes a host's files in a step: a worker's with its kubelet, unless that is there already."""
    if host.name not in step.hosts:
        return False
    if "control_plane" in host.role:
        return step.work in (Work.APPLY, Work.CONTROL_PLANE)
    node = snapshot.known(host).node
    return step.work is Work.KUBELET and node is not None and node.version != f"v{step.version}"


def _is_lost(entry: Difference) -> bool:
    """All but images of kubeadm's registry: from 1.25 on it writes its new one, and a node's turn may yet come."""
    kind, _, component = entry.setting.partition(" of ")
    own = any(entry.standing.startswith(f"'{name}/{component}:") for name in (FORMER_REGISTRY, UPSTREAM_REGISTRY))
    return not (kind == "image" and own)


def _known(leader: NodeView, wanted: Mapping[str, Document]) -> dict[str, tuple[Document, ...]]:
    """All that hosts may stand with, by kind; ValueError."""
    return {kind: (*sources(leader.standing, kind), wanted[kind]) for kind in (CLUSTER, KUBELET)}


def _of_static_pods(
    place: Place, host: str, view: NodeView, components: Sequence[str], known: Sequence[Document]
) -> Iterator[Difference]:
    for component in components:
        pod = view.standing.static_pod(component)
        for name, value in set_by_hand(component, pod, known, place) if pod else ():
            (shown,) = redacted(without_named_secrets([{name: value}]))
            yield Difference(host, f"{name} of {component}", written(shown[name]), "", SET_BY_HAND)


def _of_edits(step: ChangeStep) -> Iterator[str]:
    """The static pods that are generated by other values than before."""
    for kind, path in step.edits:
        for component, part in PARTS.items():
            is_names = path == ("apiServer", "certSANs")
            if kind == CLUSTER and (path == ("imageRepository",) or (path[: len(part)] == part and not is_names)):
                yield component


def _not_kubeadms(host: str, view: NodeView, touched: Collection[str]) -> Iterator[Difference]:
    """Manifests that a step generates, or should, and that are not as kubeadm writes them."""
    for component in sorted(touched):
        if view.standing.static_pod(component) is None:
            manifest = f"the manifest {component}.yaml"
            yield Difference(host, manifest, "not written by kubeadm", "", SET_BY_HAND)


def _of_kubelet(
    host: str, view: NodeView, wanted: Mapping[str, Document], known: Sequence[Document]
) -> Iterator[Difference]:
    follows = followed(KUBELET, wanted[CLUSTER])
    for entry in deviations(KUBELET, wanted[KUBELET], view.standing.kubelet_document, follows):
        given = any(same_value(leaf(source, entry.path), entry.standing) for source in known)
        own = entry.path in OF_EACH_KUBELET or is_kubeadms(KUBELET, entry.path, entry.standing, follows)
        if entry.standing is not None and not given and not own:
            yield patch_difference(host, KUBELET, entry.path, entry.standing, entry.wanted, SET_BY_HAND)
