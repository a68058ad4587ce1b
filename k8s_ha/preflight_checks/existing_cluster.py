"""Traces of an older cluster, and where each node stands between nothing and a member of this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from k8s_ha.cluster_state.node_state import (
    Membership,
    NodeState,
    classify,
    init_begins_anew,
    is_replaceable,
    leader,
    membership,
    owner,
)
from k8s_ha.findings import Finding
from k8s_ha.observations.node import NodeView
from k8s_ha.preflight_checks.model import Case

ETCD: Final = "/var/lib/etcd"

_ANEW: Final[Mapping[NodeState, tuple[str, str, str]]] = {
    NodeState.PARTIAL: (
        "holds {traces}, but is no node of the cluster: a join was cut off, or the node was removed",
        "a node",
        "nothing: this run resets it and joins it",
    ),
    NodeState.STALE: (
        "is blank, but the cluster still knows a host of its name",
        "a node",
        "nothing: this run has the cluster forget that one, and joins this",
    ),
}
"""Found, wanted and remedy of a host that begins anew."""

_REFUSED: Final[Mapping[NodeState, tuple[str, str, str]]] = {
    NodeState.PARTIAL: (
        "holds {traces} of a join that was cut off, but a node of its name is Ready",
        "one host under a name",
        "stop the other one, or give this one another hostname",
    ),
    NodeState.STALE: (
        "is blank, but a node of its name is Ready",
        "one host under a name",
        "if it was replaced this minute, run this again when that node is NotReady; else give it another hostname",
    ),
    NodeState.FOREIGN: (
        "holds {traces}, which {owner}",
        "such a host is not touched",
        "take it out of the inventory, or reset it yourself if nothing in it is needed",
    ),
}
_BEGUN: Final = (
    "holds {traces}, but no cluster",
    "an init or a join was cut off",
    "run `kubeadm reset` on it, then run this again",
)


def states(cases: Sequence[Case]) -> dict[str, NodeState]:
    """Where each node stands, by inventory name; without those that could not be read or that nothing tells of.

    Whether a host that holds something of this cluster is in it its API servers alone know: where none of them answers,
    nothing is said of one that carries an identity, or stands beside a control plane that does.
    """
    told, anew = _told(cases), _init_anew(cases)
    found = {}
    for case in cases:
        view = case.look.view
        if not case.host.is_node or view is None:
            continue
        state = classify(view, _known(told, case), case.host, case.cluster.endpoint)
        unclear = state is NodeState.PARTIAL and (view.has_identity or _stands_beside_a_cluster(cases, case))
        if told is not None or case.host.name == anew or not unclear:
            found[case.host.name] = state
    return found


def _told(cases: Sequence[Case]) -> NodeView | None:
    """The view of a healthy member of the cluster; None where none answers."""
    if not cases:
        return None
    views = _views(cases)
    leading = leader(views, cases[0].cluster)
    return views[leading.name] if leading else None


def _init_anew(cases: Sequence[Case]) -> str | None:
    """The inventory name of the host whose init did not come to its end and begins anew."""
    if not cases or not init_begins_anew(_views(cases), cases[0].cluster):
        return None
    return cases[0].cluster.control_planes[0].name


def _stands_beside_a_cluster(cases: Sequence[Case], own: Case) -> bool:
    """Whether another control plane may hold the cluster, also where its API server does not answer now."""
    views = (case.look.view for case in cases if case.is_plane and case is not own)
    return any(view is not None and view.has_identity for view in views)


def _views(cases: Sequence[Case]) -> dict[str, NodeView | None]:
    return {case.host.name: case.look.view for case in cases}


def _known(told: NodeView | None, case: Case) -> Membership:
    return membership(told, case.host) if told else Membership()


def older_clusters(cases: Sequence[Case]) -> Iterator[Finding]:
    """What an older cluster has left on hosts that shall be nodes."""
    found, told, anew = states(cases), _told(cases), _init_anew(cases)
    some_plane_told = any(case.is_plane and case.look.view is not None for case in cases)
    for case in cases:
        view, state = case.look.view, found.get(case.host.name)
        if not case.host.is_node:
            continue
        if view is None:
            yield _unread(case)
        elif view.busy:
            yield _still_at_work(case)
        elif case.host.name == anew:
            yield _begins_anew(case, view)
        elif state in (NodeState.PARTIAL, NodeState.STALE, NodeState.FOREIGN):
            yield _of_state(case, view, state, told)
        elif state is None and some_plane_told:
            yield _nobody_knows(case, view)
        elif state is NodeState.VIRGIN:
            yield from _leftovers(case)


def _unread(case: Case) -> Finding:
    return Finding(
        case.host.name,
        "cluster",
        "what it holds of a cluster could not be read",
        "it may be somebody's node",
        "see the error above, mend it, and run this again",
    )


def _of_state(case: Case, view: NodeView, state: NodeState, told: NodeView | None) -> Finding:
    anew = told is not None and is_replaceable(view, _known(told, case), state)
    phrases = _ANEW[state] if anew else _REFUSED[state]
    if told is None and state is NodeState.PARTIAL:
        phrases = _BEGUN
    values = {"traces": ", ".join(view.traces[:2]), "owner": owner(view, case.cluster.endpoint)}
    found, wanted, remedy = (text.format(**values) for text in phrases)
    return Finding(case.host.name, "cluster", found, wanted, remedy, "warning" if anew else "error")


def _still_at_work(case: Case) -> Finding:
    return Finding(
        case.host.name,
        "cluster",
        "kubeadm of an earlier run is still at work",
        "one at a time",
        "nothing: this run waits for it",
        "warning",
    )


def _begins_anew(case: Case, view: NodeView) -> Finding:
    return Finding(
        case.host.name,
        "cluster",
        f"holds {view.traces[0]} of an init that did not come to its end",
        "a cluster",
        "nothing: this run resets it and begins anew",
        "warning",
    )


def _nobody_knows(case: Case, view: NodeView) -> Finding:
    return Finding(
        case.host.name,
        "cluster",
        f"holds {view.traces[0]}, and no API server of the cluster answers",
        "a healthy control plane tells whether it is a node",
        "if this run does not bring one back, repair it; `kubeadm reset` only where nothing in the cluster is needed",
        "warning",
    )


def _leftovers(case: Case) -> Iterator[Finding]:
    """What `kubeadm reset` leaves, and what another installer has left."""
    if any(" dev cni0" in route for route in case.look.routes):
        yield Finding(
            case.host.name,
            "cluster",
            "the interface cni0 of older pods is there",
            "new pods get addresses of another network",
            "run `ip link delete cni0` there, or reboot it",
        )
    if case.is_plane and case.look.etcd:
        yield Finding(
            case.host.name,
            "cluster",
            f"{ETCD} holds {', '.join(case.look.etcd[:3])}",
            "kubeadm asks for an empty folder",
            "empty it, or mount it one level higher if it is lost+found",
        )
