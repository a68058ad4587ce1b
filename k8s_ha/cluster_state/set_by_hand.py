"""What somebody has set on a host, and a step would overwrite. Values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from k8s_ha.catalog.setting_changes import SET_BY_HAND
from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.configuration import deviations, followed, is_kubeadms, leaf, same_value
from k8s_ha.cluster_state.difference import Difference, patch_difference, written
from k8s_ha.cluster_state.node_difference import OF_EACH_KUBELET
from k8s_ha.cluster_state.setting_steps import CLUSTER, KUBELET, Document, joined_views, sources
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.cluster_state.static_pods import set_by_hand
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.observations.node import NodeView
from k8s_ha.redaction import redacted, without_named_secrets


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
    known = {kind: (*sources(leader.standing, kind), wanted[kind]) for kind in (CLUSTER, KUBELET)}
    touched = {component for step in steps for component in step.components}
    found: list[Difference] = []
    for host, view in joined_views(snapshot, snapshot.cluster.nodes):
        for step in steps:
            if step.work is Work.STATIC_PODS and host.name in step.hosts:
                found += _of_static_pods(host.name, view, step.components, known[CLUSTER])
            if step.work is Work.KUBELET_CONFIG and host.name in step.hosts:
                found += _of_kubelet(host.name, view, wanted, known[KUBELET])
        if "control_plane" in host.role:
            found += _not_kubeadms(host.name, view, touched)
    return found


def _of_static_pods(
    host: str, view: NodeView, components: Sequence[str], known: Sequence[Document]
) -> Iterator[Difference]:
    for component in components:
        pod = view.standing.static_pod(component)
        for name, value in set_by_hand(component, pod, known) if pod else ():
            (shown,) = redacted(without_named_secrets([{name: value}]))
            yield Difference(host, f"{name} of {component}", written(shown[name]), "", SET_BY_HAND)


def _not_kubeadms(host: str, view: NodeView, touched: Collection[str]) -> Iterator[Difference]:
    """Manifests that a step generates elsewhere, and that are not as kubeadm writes them here."""
    for component in sorted(touched):
        if view.standing.static_pods.get(component) and view.standing.static_pod(component) is None:
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
