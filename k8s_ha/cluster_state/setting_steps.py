"""The steps by which a standing cluster gets other settings, in their order. Values in, values out.

kubeadm's own way (kubernetes.io: Reconfiguring a kubeadm cluster): what the cluster keeps first, then each node in
turn. Each step is planned by what the cluster and its hosts tell, so that a run that was cut off is gone on with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from k8s_ha.catalog.setting_changes import KUBELET_FILE, OWN_OF_A_KUBELET, SERVING_CERTIFICATE, Effect
from k8s_ha.catalog.static_pods import REGENERATED
from k8s_ha.cluster_state.change_steps import (
    OUTAGE,
    OUTAGES,
    ChangeStep,
    Edits,
    Path,
    Work,
    out_of_the_balancers,
    worker_batches,
)
from k8s_ha.cluster_state.configuration import deviations, followed, leaf, same_value
from k8s_ha.cluster_state.difference import Difference, certificate_names
from k8s_ha.cluster_state.endpoint_steps import KUBE_PROXY, endpoint_steps, proof, with_untold
from k8s_ha.cluster_state.former_endpoints import CLUSTER, FIELD
from k8s_ha.cluster_state.node_difference import OF_EACH_KUBELET
from k8s_ha.cluster_state.node_state import NodeState
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.cluster_state.static_pods import is_as_wanted
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.standing import KEPT_CERTIFICATE, KEPT_KUBELET_CONFIG, OF_RENEWALS, Standing
from k8s_ha.settings import HostSettings
from k8s_ha.untrusted import printable

Document = Mapping[str, Any]

KUBELET: Final = "KubeletConfiguration"

_OF_IMAGES: Final = (("imageRepository",), ("dns", "imageRepository"))
"""Where ClusterConfiguration says where the add-ons' images come from."""


def setting_steps(
    snapshot: ClusterSnapshot, found: Sequence[Difference], leader: str, caveats: Collection[str] = ()
) -> tuple[ChangeStep, ...]:
    """The steps that carry out what differs and may be carried out; none where nothing does.

    + found: all that differs, as ``node_difference.differences`` tells it
    + leader: inventory name of a control plane that serves
    + caveats: those that any node needs

    ValueError where a host's or the cluster's configuration cannot be read, which is refused by itself.
    """
    view = snapshot.leader_view
    if view is None:
        return ()
    plan = _Plan(snapshot, view.standing, leader, kept_configuration(snapshot.cluster, caveats))
    edits = {kind: _edits(kind, found) for kind in (CLUSTER, KUBELET, KUBE_PROXY)}
    lagging = {entry.host for entry in found if entry.change is SERVING_CERTIFICATE and entry.host}
    is_lagging = any(entry.change in (KUBELET_FILE, OWN_OF_A_KUBELET) for entry in found)
    moves = {key: value for key, value in edits[CLUSTER].items() if key[1] == (FIELD,)}
    others = {key: value for key, value in edits[CLUSTER].items() if key not in moves}
    planes = (*with_untold(snapshot, plan.of_control_planes(others, lagging)),)
    kubelets = (*plan.of_kubelets(edits[KUBELET], is_lagging),)
    # A control plane whose kubelet does not come up comes first: no other may be out beside it.
    first, then = (kubelets, planes) if plan.has_silent_kubelet else (planes, kubelets)
    settings = (*first, *then, *plan.of_kube_proxy(edits[KUBE_PROXY]))
    return (*proof(snapshot, leader), *settings, *endpoint_steps(snapshot, leader, moves))


def _edits(kind: str, found: Sequence[Difference]) -> Edits:
    """What is changed of the configuration that the cluster keeps, by kind and path."""
    carried = [entry for entry in found if entry.change.effect is Effect.ROLLED_OUT and not entry.is_noted]
    entries = [entry.deviation for entry in carried if entry.deviation is not None]
    return {(kind, entry.path): entry.wanted for entry in entries if entry.kind == kind}


def steps_without_leader(snapshot: ClusterSnapshot) -> tuple[ChangeStep, ...]:
    """Where no API server answers, by which all else is planned: what one was cut off at is taken back."""
    names = tuple(
        host.name
        for host in snapshot.cluster.control_planes
        if (view := snapshot.views.get(host.name)) and view.is_silent and {*view.standing.set_aside} - OF_RENEWALS
    )
    sentence = "put back what stood before a change that was cut off; the next run goes on with it"
    version = snapshot.cluster.settings.version
    return (ChangeStep(Work.PUT_BACK, names, names, version, sentence),) if names else ()


def joined_views(snapshot: ClusterSnapshot, hosts: Sequence[HostSettings]) -> Iterator[tuple[HostSettings, NodeView]]:
    """Those of ``hosts`` that are nodes of the cluster and could be read."""
    for host in hosts:
        view = snapshot.views.get(host.name)
        if view is not None and snapshot.state(host) is NodeState.JOINED:
            yield host, view


def sources(standing: Standing, kind: str) -> tuple[Document, ...]:
    """What the cluster keeps, and what it kept before as long as hosts may stand with that; ValueError."""
    kept = standing.document(kind)
    return (*standing.former(kind), *([kept] if kept is not None else []))


def components_due(view: NodeView, wanted: Document, known: Sequence[Document]) -> tuple[str, ...]:
    """The static pods of a control plane that are not generated from the wanted ClusterConfiguration; ValueError.

    One whose manifest of before is still kept did not come to its end, whatever its manifest says.
    """
    found = []
    for component in REGENERATED:
        pod = view.standing.static_pod(component)
        is_over = component not in view.standing.set_aside
        if pod is not None and not (is_over and is_as_wanted(component, pod, wanted, known)):
            found.append(component)
    return tuple(found)


def is_kubelet_due(view: NodeView, wanted: Mapping[str, Document], known: Sequence[Document]) -> bool:
    """Whether a kubelet's own file lacks what is wanted, or has what the cluster keeps or kept before; ValueError.

    One whose file of before is still kept was not seen to come up with the one that it has.

    + wanted: what the cluster is to keep, by kind
    """
    if KEPT_KUBELET_CONFIG in view.standing.set_aside:
        return True
    if not view.standing.kubelet_config:
        return False
    document = view.standing.kubelet_document
    for entry in deviations(KUBELET, wanted[KUBELET], document, followed(KUBELET, wanted[CLUSTER])):
        if entry.wanted is not None:
            return True
        is_left = any(same_value(leaf(source, entry.path), entry.standing) for source in known)
        if is_left and entry.path not in OF_EACH_KUBELET:
            return True
    return False


class _Plan:
    """What the steps are planned from."""

    def __init__(
        self, snapshot: ClusterSnapshot, standing: Standing, leader: str, wanted: Mapping[str, Document]
    ) -> None:
        self.snapshot, self.standing, self.leader, self.wanted = snapshot, standing, leader, wanted
        self.cluster, self.version = snapshot.cluster, snapshot.cluster.settings.version

    def _of_leader(
        self, work: Work, kind: str, sentence: str, edits: Edits | None = None, away: str = ""
    ) -> ChangeStep:
        leader = (self.leader,)
        return ChangeStep(work, leader, leader, self.version, sentence, away, edits=edits or {}, kind=kind)

    def of_control_planes(self, edits: Edits, lagging: Collection[str]) -> Iterator[ChangeStep]:
        known, under_way = sources(self.standing, CLUSTER), bool(self.standing.former_texts(CLUSTER))
        joined = [*joined_views(self.snapshot, self.cluster.control_planes)]
        # One at which a change was cut off comes first: no other may be out beside it.
        cut = [host.name for host, view in joined if view.is_silent and view.standing.set_aside]
        if edits:
            step = self._of_leader(Work.RECONFIGURE, CLUSTER, f"change kubeadm-config: {_fields(edits)}", edits)
            yield replace(step, subjects=(*step.subjects, *cut))
        names = certificate_names(edits.get((CLUSTER, ("apiServer", "certSANs"))))
        for host, view in sorted(joined, key=lambda entry: entry[0].name not in cut):
            held = view.standing.certificate_names
            has_all = held is not None and names <= certificate_names(held)
            is_over = KEPT_CERTIFICATE not in view.standing.set_aside
            certificate = host.name in lagging or not is_over or bool(names and not has_all)
            due = components_due(view, self.wanted[CLUSTER], known)
            yield from self._of_control_plane(host, certificate, due)
        moved = [path for path in _OF_IMAGES if self._is_moved(path, known)]
        if any((CLUSTER, path) in edits for path in _OF_IMAGES) or (under_way and moved):
            repository = self.cluster.image_repository
            yield self._of_leader(Work.ADDONS, CLUSTER, f"kubeadm init phase addon, images of {repository}")
        # What was kept before tells hosts at a former endpoint from other clusters' ones: it is forgotten last.
        if (edits or under_way) and not self.snapshot.former_endpoints:
            yield self._of_leader(Work.SETTLE, CLUSTER, "forget what kubeadm-config held before")

    def _is_moved(self, path: Path, known: Sequence[Document]) -> bool:
        return any(not same_value(leaf(source, path), leaf(self.wanted[CLUSTER], path)) for source in known)

    def _of_control_plane(
        self, host: HostSettings, certificate: bool, components: Sequence[str]
    ) -> Iterator[ChangeStep]:
        """One control plane's steps, all of them while no balancer passes anything on to it."""
        name, count = (host.name,), len(self.cluster.control_planes)
        acts = []
        if certificate:
            sentence = "new certificate of the API server, and its restart"
            away = "the API, for a minute or two" if count == 1 else "its API server"
            acts.append(ChangeStep(Work.CERTIFICATE, name, name, self.version, sentence, away))
        if components:
            away = OUTAGES.get(count, OUTAGE)
            if "etcd" not in components and count > 1:
                away = "its API server" if "kube-apiserver" in components else ""
            sentence = f"new manifests of {', '.join(components)}"
            acts.append(
                ChangeStep(Work.STATIC_PODS, name, name, self.version, sentence, away, components=tuple(components))
            )
        is_out = certificate or not {"etcd", "kube-apiserver"}.isdisjoint(components)
        if acts:
            yield from out_of_the_balancers(self.cluster, host, *acts) if is_out else acts

    @property
    def has_silent_kubelet(self) -> bool:
        """Whether a control plane is silent at whose kubelet a change was cut off."""
        views = (view for _, view in joined_views(self.snapshot, self.cluster.control_planes))
        return any(self._is_cut_kubelet(view) for view in views)

    @staticmethod
    def _is_cut_kubelet(view: NodeView) -> bool:
        is_control_plane = bool(view.standing.static_pods)
        return is_control_plane and view.is_silent and KEPT_KUBELET_CONFIG in view.standing.set_aside

    def of_kubelets(self, edits: Edits, is_lagging: bool) -> Iterator[ChangeStep]:
        known, under_way = sources(self.standing, KUBELET), bool(self.standing.former_texts(KUBELET))
        joined = [*joined_views(self.snapshot, self.cluster.nodes)]
        is_cut = any(KEPT_KUBELET_CONFIG in view.standing.set_aside for _, view in joined)
        if not (edits or is_lagging or under_way or is_cut):
            return
        silent = [host.name for host, view in joined if self._is_cut_kubelet(view)]
        if edits:
            step = self._of_leader(Work.RECONFIGURE, KUBELET, f"change kubelet-config: {_fields(edits)}", edits)
            yield replace(step, subjects=(*step.subjects, *silent))
        due = [host for host, view in joined if is_kubelet_due(view, self.wanted, known)]
        planes = [host for host in self.cluster.control_planes if host in due]
        planes.sort(key=lambda host: host.name not in silent)
        workers = [host for host in due if host not in planes]
        for batch in (*([host] for host in planes), *worker_batches(self.cluster, workers)):
            names = tuple(host.name for host in batch)
            sentence = "new configuration of the kubelet, and its restart"
            yield ChangeStep(Work.KUBELET_CONFIG, names, names, self.version, sentence)
        away = [host for host in self.cluster.nodes if self.snapshot.known(host).node] != [host for host, _ in joined]
        # One that is away may come back with what was kept before, which must be known then.
        if (edits or under_way) and not away:
            yield self._of_leader(Work.SETTLE, KUBELET, "forget what kubelet-config held before")

    def of_kube_proxy(self, edits: Edits) -> Iterator[ChangeStep]:
        elsewhere = self._asked_elsewhere()
        if edits or elsewhere or self.standing.former_texts(KUBE_PROXY):
            changed = f"change kube-proxy: {_fields(edits)}; " if edits else ""
            changed += f"kube-proxy asks {elsewhere}; " if elsewhere else ""
            sentence = f"{changed}restart its pods"
            # It takes the rules of its former mode away before it has written those of the new one.
            services = "Services" if (KUBE_PROXY, ("mode",)) in edits else "new Services"
            away = f"{services} of a node, for seconds"
            yield self._of_leader(Work.KUBE_PROXY, KUBE_PROXY, sentence, edits, away)

    def _asked_elsewhere(self) -> str:
        """A name at which kube-proxy asks, where pods have it at an address that was the name's before; or nothing."""
        names = self.cluster.names
        for _, view in joined_views(self.snapshot, self.cluster.nodes):
            for name, address in view.standing.kube_proxy_hosts:
                if names.get(name, address) != address:
                    return f"{name}, which is {names[name]} and was {printable(address)}"
        return ""


def _fields(edits: Edits) -> str:
    """The first fields that are changed, and how many more."""
    names = [".".join(path) for _, path in edits]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
