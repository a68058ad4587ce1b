"""What hosts hold, and what follows from it. Values in, values out: no I/O, no pyinfra."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from k8s_ha.catalog.control_plane import ADMIN_CONF, CONTROL_PLANE_MANIFEST, ETCD_MANIFEST
from k8s_ha.cluster_state.authority import Authority, Damage, Whose, damages, whose
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import ClusterNode, NodeView
from k8s_ha.settings import Cluster, HostSettings


@dataclass(frozen=True)
class Membership:
    """What a healthy member of the cluster knows of one host, and the CA of that cluster.

    + counted: whether etcd's members were told, so that no member means that there is none
    """

    node: ClusterNode | None = None
    member: Member | None = None
    authority: Authority = frozenset()
    counted: bool = False

    @property
    def any(self) -> bool:
        return self.node is not None or self.member is not None


def membership(view: NodeView, host: HostSettings, authority: Authority) -> Membership:
    """What ``view``, that of a healthy member, knows of ``host``.

    + authority: the cluster's CA
    """
    return Membership(
        node=next((node for node in view.nodes if node.name == host.hostname), None),
        member=next((member for member in view.members if _has_address_or_name(member, host)), None),
        authority=authority,
        counted=bool(view.members),
    )


def _has_address_or_name(member: Member, host: HostSettings) -> bool:
    return host.address in member.addresses or member.name == host.hostname


class NodeState(Enum):
    """Where a host stands between nothing and a member of the cluster.

    + clean: nothing there, nothing known of it; it joins
    + partial: begun by this cluster's hand and not in it; it is reset, and joins or is initialized again
    + joined: a node of the cluster
    + replaced: blank, but the cluster still knows it; that is removed there, and it joins
    + damaged: it holds files of this cluster's that are not as kubeadm wrote them; they are named and never touched
    + foreign: it holds something that is not provably this cluster's; it is reported and never touched
    """

    CLEAN = "clean"
    PARTIAL = "partial"
    JOINED = "joined"
    REPLACED = "replaced"
    DAMAGED = "damaged"
    FOREIGN = "foreign"


def classify(
    view: NodeView, known: Membership, host: HostSettings, endpoint: str, former: Collection[str] = ()
) -> NodeState:
    """The state of a host.

    + view: what the host holds
    + known: what the cluster knows of it
    + endpoint: the cluster's endpoint, ``HOST:PORT``
    + former: endpoints at which the cluster stood, as long as its hosts may name them
    """
    if not view.artifacts:
        return NodeState.REPLACED if known.any else NodeState.CLEAN
    proven = whose(view, known.authority, host, endpoint, former)
    if proven is not Whose.OURS:
        return NodeState.DAMAGED if proven is Whose.UNCLEAR else NodeState.FOREIGN
    if known.node is None or not view.has_identity or view.init_unfinished:
        return NodeState.PARTIAL
    if any(damages(view, known.authority, host, endpoint, former)):
        return NodeState.DAMAGED
    # A control plane is one when it serves: one whose label somebody took away must never be reset. One that does not
    # serve now is one when its join came to its end, which the label is, and etcd counts it; else it never will again.
    stays = known.node.control_plane and (known.member is not None or not known.counted)
    return NodeState.JOINED if "control_plane" not in host.role or view.ready or stays else NodeState.PARTIAL


JOIN_REFUSALS: Final[Mapping[NodeState, str]] = {
    NodeState.PARTIAL: (
        "holds {artifacts}, of a join that was cut off, but a node of its name is Ready: another host runs under it; "
        "give this one another hostname, or stop that one, then run this again"
    ),
    NodeState.REPLACED: (
        "is blank, but a node of its name is Ready: another host runs under it, or this one was replaced less than a "
        "minute ago; run this again when that node is NotReady, or give this host another hostname"
    ),
    NodeState.FOREIGN: (
        "holds {artifacts}, which {owner}; it was not touched; "
        "take it out of the inventory, or reset it yourself if nothing in it is needed"
    ),
}


def owner(view: NodeView, endpoint: str) -> str:
    """Whose it is what a foreign host holds: a phrase that goes on from "which"."""
    if view.api_server_url in (None, f"https://{endpoint}"):
        return "is of a cluster with another CA" if view.api_server_url else "nothing shows to be this cluster's"
    return f"belongs to another cluster ({view.api_server_url})"


def damage(
    view: NodeView, known: Membership, host: HostSettings, endpoint: str, former: Collection[str] = ()
) -> Damage | None:
    """The first file of a host that is not as kubeadm wrote it; None where all are."""
    return next(damages(view, known.authority, host, endpoint, former), None)


def join_refusal(
    view: NodeView,
    known: Membership,
    state: NodeState,
    host: HostSettings,
    endpoint: str,
    former: Collection[str] = (),
) -> str:
    """Why a host in ``state`` (partial, replaced, damaged or foreign) is not joined, and the way out."""
    found = damage(view, known, host, endpoint, former) if state is NodeState.DAMAGED else None
    if found is not None:
        return f"{host.hostname} was not touched: its {found.path} {found.found}; {found.remedy}."
    artifacts = ", ".join(view.artifacts[:2]) or "nothing"
    return f"{host.hostname} {JOIN_REFUSALS[state].format(artifacts=artifacts, owner=owner(view, endpoint))}."


def can_rejoin(view: NodeView, known: Membership, state: NodeState) -> bool:
    """Whether a partial or replaced host may rejoin, and what the cluster knows of it be removed.

    Not where somebody lives under its name: a Ready node whose identity the host does not hold is another host's.
    """
    if state not in (NodeState.PARTIAL, NodeState.REPLACED) or is_worker(view, known):
        return False
    return view.has_identity or known.node is None or not known.node.ready


def is_worker(view: NodeView, known: Membership) -> bool:
    """Whether the host joined as a worker: a control plane's join leaves its files before its node is known."""
    as_control_plane = {ADMIN_CONF, CONTROL_PLANE_MANIFEST, ETCD_MANIFEST}
    joined = known.node is not None and not known.node.control_plane and view.has_identity
    return joined and as_control_plane.isdisjoint(view.artifacts)


def can_retry_init(views: Mapping[str, NodeView | None], cluster: Cluster) -> bool:
    """Whether all that any control plane holds is an init on the first of them that did not come to its end.

    That host may be reset. Whether a cluster may be initialized then is for ``init_refusal`` to say.

    + views: as for ``init_refusal``
    """
    first, *others = (*cluster.control_planes, *cluster.former_control_planes)
    view = views.get(first.name)
    if view is None or not view.artifacts or not view.init_unfinished or view.busy:
        return False
    if whose(view, frozenset(), first, cluster.endpoint) is not Whose.OURS:
        return False
    alone = all(node.name == first.hostname for node in view.nodes) and all(
        _has_address_or_name(m, first) for m in view.members
    )
    return alone and all((other := views.get(host.name)) is not None and not other.artifacts for host in others)


def init_refusal(views: Mapping[str, NodeView | None], cluster: Cluster, endpoint_answer: str | None) -> str | None:
    """Why no cluster may be initialized, or None where certainly none exists.

    + views: by inventory name; None, or a missing name, is a control plane that could not be read
    + endpoint_answer: what the endpoint said, empty where nothing answers there, None where it could not be asked
    """
    hosts = (*cluster.control_planes, *cluster.former_control_planes)
    unread = [host.name for host in hosts if views.get(host.name) is None]
    if unread:
        return (
            f"No cluster was initialized: {_list(unread)} could not be read and may hold one; every control-plane "
            "host must answer before the first init; bring it back or take it out of the inventory."
        )
    holding = [(host, view) for host in hosts if (view := views[host.name]) and view.artifacts]
    if holding:
        # What is not an unfinished init is told first: it may be a cluster.
        return _holding_refusal(*min(holding, key=lambda held: held[1].init_unfinished), cluster.control_planes[0])
    if endpoint_answer is None:
        return (
            f"No cluster was initialized: the endpoint {cluster.endpoint} could not be asked whether a cluster answers "
            "there; see the error above, then run this again."
        )
    if endpoint_answer.startswith("unclear"):
        return (
            f"No cluster was initialized: what is at the endpoint {cluster.endpoint} does not tell whether a cluster "
            f"answers there ({endpoint_answer}); it must answer, refuse or close; see whom it passes on to."
        )
    if endpoint_answer:
        return (
            f"No cluster was initialized: the endpoint {cluster.endpoint} already answers ({endpoint_answer}), so it "
            "belongs to a cluster of other hosts; choose another endpoint or add those hosts."
        )
    return None


def _holding_refusal(host: HostSettings, view: NodeView, first: HostSettings) -> str:
    if view.init_unfinished and host != first:
        return (
            f"No cluster was initialized: {host.name} holds {view.artifacts[0]} of an init that did not come to its "
            f"end, and this one would begin on {first.name}; put {host.name} first among the control planes again, "
            "or run `kubeadm reset` on it."
        )
    return (
        f"No cluster was initialized: {host.name} holds {view.artifacts[0]}, so a cluster exists or was begun "
        "there, and none of its API servers is healthy; repair it, or run `kubeadm reset` on that host if "
        "nothing in it is needed."
    )


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
