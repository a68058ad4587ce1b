"""Traces of an older cluster, and where each node stands between nothing and a member of this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from k8s_ha.checks import limits
from k8s_ha.checks.look import Case
from k8s_ha.findings import Finding
from k8s_ha.node_state import NodeState, NodeView, classify, leader

ETCD: Final = "/var/lib/etcd"

_OF_STATE: Final[Mapping[NodeState, tuple[str, str, str]]] = {
    NodeState.PARTIAL: (
        "holds {traces}, but is no node of the cluster",
        "a join or an init was cut off, or the node was removed",
        "run `kubeadm reset` on it, then run this again",
    ),
    NodeState.STALE: (
        "is blank, but the cluster still has a node of its name",
        "a node is joined once",
        "run `kubectl delete node {hostname}`, remove its etcd member if it was a control plane, then run this again",
    ),
    NodeState.FOREIGN: (
        "belongs to another cluster ({server})",
        "such a host is not touched",
        "take it out of the inventory, or reset it yourself if that cluster is gone",
    ),
}
"""Found, wanted and remedy of a node that is neither virgin nor joined."""


def states(cases: Sequence[Case]) -> dict[str, NodeState]:
    """Where each node stands, by inventory name; without those that could not be read or that nothing tells of.

    A host that carries an identity of this cluster is joined or not, which its API servers alone know: where none of
    them answers, nothing is said.
    """
    known = _known(cases)
    found = {}
    for case in cases:
        view = case.look.view
        if not case.host.is_node or view is None:
            continue
        state = classify(view, case.host.hostname in (known or ()), case.cluster.endpoint)
        if known is not None or state is not NodeState.PARTIAL or not view.has_identity:
            found[case.host.name] = state
    return found


def _known(cases: Sequence[Case]) -> set[str] | None:
    """Names of the cluster's nodes, from a healthy member; None where none answers."""
    if not cases:
        return None
    views: dict[str, NodeView | None] = {case.host.name: case.look.view for case in cases}
    leading = leader(views, cases[0].cluster)
    view = views[leading.name] if leading else None
    return {node.name for node in view.nodes} if view else None


def older_clusters(cases: Sequence[Case]) -> Iterator[Finding]:
    """What an older cluster has left on hosts that shall be nodes."""
    found = states(cases)
    some_plane_told = any(case.is_plane and case.look.view is not None for case in cases)
    for case in cases:
        view, state = case.look.view, found.get(case.host.name)
        if not case.host.is_node:
            continue
        if view is None:
            yield _unread(case)
        elif case.look.kubeadm_works:
            yield _still_at_work(case)
        elif state and state in _OF_STATE:
            yield _of_state(case, view, state)
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


def _of_state(case: Case, view: NodeView, state: NodeState) -> Finding:
    values = {"traces": ", ".join(view.traces[:2]), "server": view.server, "hostname": case.host.hostname}
    found, wanted, remedy = (text.format(**values) for text in _OF_STATE[state])
    return Finding(case.host.name, "cluster", found, wanted, remedy)


def _still_at_work(case: Case) -> Finding:
    return Finding(
        case.host.name,
        "cluster",
        "kubeadm of an earlier run is still at work",
        "one at a time",
        "nothing: this run waits for it",
        "warning",
    )


def _nobody_knows(case: Case, view: NodeView) -> Finding:
    return Finding(
        case.host.name,
        "cluster",
        f"holds {view.traces[0]}, and no API server of the cluster answers",
        "a healthy control plane tells whether it is a node",
        "if this run does not bring one back, repair it, or run `kubeadm reset` if nothing in the cluster is needed",
        "warning",
    )


def _leftovers(case: Case) -> Iterator[Finding]:
    """What `kubeadm reset` leaves, and what another installer has left."""
    networks = [name for name in case.look.cni if name not in limits.CNI_FILES]
    if networks:
        yield Finding(
            case.host.name,
            "cluster",
            f"/etc/cni/net.d holds {', '.join(networks)}",
            "pods would get that network instead of this cluster's",
            "remove it if nothing needs it",
        )
    if case.is_plane and case.look.etcd:
        yield Finding(
            case.host.name,
            "cluster",
            f"{ETCD} holds {', '.join(case.look.etcd[:3])}",
            "kubeadm asks for an empty folder",
            "empty it, or mount it one level higher if it is lost+found",
        )
