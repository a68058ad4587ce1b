"""What an existing cluster has left, and where each node stands between nothing and a member of this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from k8s_ha.cluster_state.authority import damages
from k8s_ha.cluster_state.node_state import NodeState, can_rejoin, is_worker, owner
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.findings import Finding, Severity
from k8s_ha.observations.node import NodeView
from k8s_ha.preflight_checks.model import HostContext
from k8s_ha.preflight_checks.pod_routes import is_left

_REJOINS: Final[Mapping[NodeState, tuple[str, str, str]]] = {
    NodeState.PARTIAL: (
        "holds {artifacts}, but is no node of the cluster: a join was cut off, or the node was removed",
        "a node",
        "nothing: this run resets it and joins it",
    ),
    NodeState.REPLACED: (
        "is blank, but the cluster still knows a host of its name",
        "a node",
        "nothing: this run removes its stale member and node, and joins it",
    ),
}
"""Found, wanted and remedy of a host that rejoins."""

_REFUSED: Final[Mapping[NodeState, tuple[str, str, str]]] = {
    NodeState.PARTIAL: (
        "holds {artifacts} of a join that was cut off, but a node of its name is Ready",
        "one host under a name",
        "stop the other one, or give this one another hostname",
    ),
    NodeState.REPLACED: (
        "is blank, but a node of its name is Ready",
        "one host under a name",
        "if it was replaced this minute, run this again when that node is NotReady; else give it another hostname",
    ),
    NodeState.FOREIGN: (
        "holds {artifacts}, which {owner}",
        "such a host is not touched",
        "take it out of the inventory, or reset it yourself if nothing in it is needed",
    ),
}
_UNTOLD: Final = (
    "holds {artifacts}, which {owner}",
    "no API server answers that tells whether only the endpoint is another",
    "set the endpoint back until one answers; take a host of another cluster out of the inventory",
)
"""Of a host that names another endpoint, while no control plane serves."""
_BEGUN: Final = (
    "holds {artifacts}, but no cluster",
    "an init or a join was cut off",
    "run `kubeadm reset` on it, then run this again",
)


def states_before(contexts: Sequence[HostContext]) -> dict[str, NodeState]:
    """Where each node stands, by inventory name; without those that could not be read or that nothing tells of.

    Whether a host that holds something of this cluster is in it its API servers alone know: where none of them answers,
    nothing is said of one that carries an identity, or stands beside a control plane that does.
    """
    if not contexts:
        return {}
    snapshot = snapshot_of(contexts)
    found = {}
    for context in contexts:
        view, state = context.preflight.view, snapshot.state(context.host)
        if not context.host.is_node or view is None or state is None:
            continue
        unclear = state is NodeState.PARTIAL and (view.has_identity or _stands_beside_a_cluster(contexts, context))
        if snapshot.leader or _retries_init(snapshot, context) or not unclear:
            found[context.host.name] = state
    return found


def snapshot_of(contexts: Sequence[HostContext]) -> ClusterSnapshot:
    """What the hosts of ``contexts``, of which there is one, hold of the cluster."""
    # Whether anything answers at the endpoint is asked just before an init.
    views = {context.host.name: context.preflight.view for context in contexts}
    return ClusterSnapshot(contexts[0].cluster, views, endpoint_answer="")


def _retries_init(snapshot: ClusterSnapshot, context: HostContext) -> bool:
    """Whether the host's init did not come to its end and is retried."""
    return snapshot.can_retry_init and context.host == context.cluster.control_planes[0]


def _stands_beside_a_cluster(contexts: Sequence[HostContext], own: HostContext) -> bool:
    """Whether another control plane may hold the cluster, also where its API server does not answer now."""
    views = (context.preflight.view for context in contexts if context.is_control_plane and context is not own)
    return any(view is not None and view.has_identity for view in views)


def existing_clusters(contexts: Sequence[HostContext]) -> Iterator[Finding]:
    """What an older cluster has left on hosts that shall be nodes."""
    if not contexts:
        return
    found, snapshot = states_before(contexts), snapshot_of(contexts)
    a_control_plane_answered = any(
        context.is_control_plane and context.preflight.view is not None for context in contexts
    )
    for context in contexts:
        view, state = context.preflight.view, found.get(context.host.name)
        if not context.host.is_node:
            continue
        if view is None:
            yield _unread(context)
        elif view.busy:
            yield _still_at_work(context)
        elif _retries_init(snapshot, context):
            yield _unfinished_init(context, view)
        elif state is NodeState.PARTIAL and is_worker(view, snapshot.known(context.host)):
            continue  # nothing but its role is another, which is told of its settings
        elif state is NodeState.DAMAGED:
            yield from _damaged(context, view, snapshot, "error")
        elif state in (NodeState.PARTIAL, NodeState.REPLACED, NodeState.FOREIGN):
            yield _of_state(context, view, state, snapshot)
            if state is NodeState.REPLACED:
                yield from _leftovers(context)
        elif state is None and a_control_plane_answered:
            yield _nobody_knows(context, view)
            # It may be what a join that was cut off has left.
            yield from _damaged(context, view, snapshot, "warning")
        elif state is NodeState.CLEAN:
            yield from _leftovers(context)


def _finding(context: HostContext, found: str, wanted: str, remedy: str, severity: Severity = "error") -> Finding:
    return Finding(context.host.name, "cluster", found, wanted, remedy, severity)


def _unread(context: HostContext) -> Finding:
    return _finding(
        context,
        "what it holds of a cluster could not be read",
        "it may be somebody's node",
        "see the error above, fix it, and run this again",
    )


def _of_state(context: HostContext, view: NodeView, state: NodeState, snapshot: ClusterSnapshot) -> Finding:
    has_leader = snapshot.leader is not None
    rejoins = has_leader and can_rejoin(view, snapshot.known(context.host), state)
    phrases = _REJOINS[state] if rejoins else _REFUSED[state]
    if not has_leader and state is NodeState.PARTIAL:
        phrases = _BEGUN
    if state is NodeState.FOREIGN and view.api_server_url and snapshot.may_come_up and not snapshot.serves:
        phrases = _UNTOLD
    values = {"artifacts": ", ".join(view.artifacts[:2]), "owner": owner(view, context.cluster.endpoint)}
    found, wanted, remedy = (text.format(**values) for text in phrases)
    return _finding(context, found, wanted, remedy, "warning" if rejoins else "error")


def _damaged(context: HostContext, view: NodeView, snapshot: ClusterSnapshot, severity: Severity) -> Iterator[Finding]:
    known = snapshot.known(context.host)
    where = context.host, context.cluster.endpoint, snapshot.former_endpoints
    for damage in damages(view, known.authority, *where):
        yield _finding(context, f"its {damage.path} {damage.found}", "as kubeadm wrote it", damage.remedy, severity)


def _still_at_work(context: HostContext) -> Finding:
    return _finding(
        context,
        "kubeadm of an earlier run is still at work",
        "one at a time",
        "nothing: this run waits for it",
        "warning",
    )


def _unfinished_init(context: HostContext, view: NodeView) -> Finding:
    return _finding(
        context,
        f"holds {view.artifacts[0]} of an init that did not come to its end",
        "a cluster",
        "nothing: this run resets it and retries the init",
        "warning",
    )


def _nobody_knows(context: HostContext, view: NodeView) -> Finding:
    return _finding(
        context,
        f"holds {view.artifacts[0]}, and no API server of the cluster answers",
        "a healthy control plane tells whether it is a node",
        "if this run does not bring one back, repair it; `kubeadm reset` only where nothing in the cluster is needed",
        "warning",
    )


def _leftovers(context: HostContext) -> Iterator[Finding]:
    """What `kubeadm reset` leaves, and what another installer has left."""
    if any(" dev cni0" in route for route in context.preflight.routes):
        yield _finding(
            context,
            "the interface cni0 of older pods is there",
            "new pods get addresses of another network",
            "run `ip link delete cni0` there, or reboot it",
        )
    left = [route for route in context.preflight.routes if is_left(context, route)]
    if left:
        yield _finding(
            context,
            f"routes to pods of an earlier node are there, such as {left[0]}",
            "such a route comes before that to the node's own pods",
            "reboot it, or remove each by `ip route delete`",
        )
    if context.is_control_plane and context.preflight.etcd:
        yield _finding(
            context,
            f"{context.cluster.etcd_folder} holds {', '.join(context.preflight.etcd[:3])}",
            "kubeadm asks for an empty folder",
            "empty it, or mount it one level higher if it is lost+found",
        )
