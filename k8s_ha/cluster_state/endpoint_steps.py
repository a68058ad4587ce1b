"""The steps by which a standing cluster's endpoint moves, in their order. Values in, values out.

Certificates have the new name before anybody asks there, and the old one all the time. What the cluster keeps comes
first, so that a run which was cut off knows of both; then each host in turn. The former endpoint is forgotten last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from k8s_ha.catalog.control_plane import api_url
from k8s_ha.cluster_state.authority import Authority
from k8s_ha.cluster_state.change_steps import IN_THE_CONTROL_PLANE, ChangeStep, Edits, Work, worker_batches
from k8s_ha.cluster_state.former_endpoints import CLUSTER
from k8s_ha.cluster_state.node_state import NodeState
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.desired.former_endpoint import UNTOLD, Former, former_ports, is_told, may_be_virtual, names_kept
from k8s_ha.observations.certificates import fingerprints
from k8s_ha.observations.node import Kubeconfig, NodeView
from k8s_ha.observations.standing import KEPT_KUBECONFIGS
from k8s_ha.settings import HostSettings

KUBE_PROXY: Final = "KubeProxyConfiguration"


_LOCAL: Final = ("kubelet.conf", "controller-manager.conf", "scheduler.conf")
"""Kubeconfigs of a control plane that may lead to its own API server, and go on to."""


def kubeconfigs_due(view: NodeView, host: HostSettings, former: Former, authority: Authority) -> tuple[Kubeconfig, ...]:
    """The clusters in a host's kubeconfigs that are this one by their CA, and are reached at a former endpoint."""
    return tuple(entry for entry in _at(view, host, former) if fingerprints(entry.authority or "") & authority)


def kubeconfigs_of_others(
    view: NodeView, host: HostSettings, former: Former, authority: Authority
) -> tuple[Kubeconfig, ...]:
    """Those at a former endpoint that no CA proves to be this cluster: they are left alone."""
    due = kubeconfigs_due(view, host, former, authority)
    return tuple(entry for entry in _at(view, host, former) if entry not in due)


def _at(view: NodeView, host: HostSettings, former: Former) -> Iterator[Kubeconfig]:
    urls = {f"https://{endpoint}" for endpoint in former}
    for entry in view.named_clusters:
        is_local = entry.server == api_url(host.address) and entry.path.rpartition("/")[2] in _LOCAL
        if entry.server in urls and not is_local:
            yield entry


def proof(snapshot: ClusterSnapshot, leader: str) -> Iterator[ChangeStep]:
    """What comes before all else where the endpoint moves."""
    if snapshot.former_endpoints:
        yield _of_leader(snapshot, leader, Work.PROVE, f"prove that {snapshot.cluster.endpoint} leads to this cluster")


def with_untold(snapshot: ClusterSnapshot, steps: Iterable[ChangeStep]) -> Iterator[ChangeStep]:
    """The steps of control planes, which say that a balancer is still used that this run does not tell of them."""
    cluster = snapshot.cluster
    untold = [each for each in snapshot.former_endpoints if not is_told(cluster, each)]
    for step in steps:
        if untold and step.work in IN_THE_CONTROL_PLANE and len(cluster.control_planes) > 1:
            yield replace(step, interrupts="; ".join(filter(None, (step.interrupts, UNTOLD))))
        else:
            yield step


def endpoint_steps(snapshot: ClusterSnapshot, leader: str, edits: Edits) -> Iterator[ChangeStep]:
    """The steps behind those that bring the certificates the new name; none where the endpoint does not move.

    + leader: inventory name of a control plane that serves
    + edits: of the endpoint that the cluster keeps; none where it keeps the wanted one
    """
    cluster, former, view = snapshot.cluster, snapshot.former_endpoints, snapshot.leader_view
    if not former or view is None:
        return
    sentence = f"kubeadm-config and cluster-info name {cluster.endpoint}"
    yield _of_leader(snapshot, leader, Work.ENDPOINT, sentence, edits)
    due = [host for host in cluster.hosts if _is_due(snapshot, host)]
    planes = [[host] for host in cluster.control_planes if host in due]
    workers = worker_batches(cluster, [host for host in cluster.workers if host in due])
    others = [host for host in due if not host.is_node]
    for batch in (*planes, *workers, *([others] if others else [])):
        sentence = f"kubeconfigs name {cluster.endpoint}{', and restarts of who reads them' * batch[0].is_node}"
        yield _of_hosts(snapshot, Work.KUBECONFIGS, batch, sentence)
    server = view.standing.kube_proxy_server
    if server in {f"https://{each}" for each in former}:
        away = "new Services of a node, for seconds"
        sentence = f"kube-proxy asks {cluster.endpoint}; restart its pods"
        yield replace(_of_leader(snapshot, leader, Work.KUBE_PROXY_SERVER, sentence), interrupts=away)
    # One that could not be read, or that the inventory lacks, may name the former endpoint, which must be there then.
    listed = {host.hostname for host in cluster.nodes}
    unread = [host for host in cluster.hosts if snapshot.views.get(host.name) is None]
    if any(snapshot.known(host).node or "admin" in host.role for host in unread) or any(
        node.name not in listed for node in view.nodes
    ):
        return
    old = ", ".join(former)
    retiring = cluster.hosts if names_kept(cluster, former) or may_be_virtual(cluster, former) else ()
    if former_ports(cluster, former):
        retiring = retiring or cluster.load_balancers
    if retiring:
        yield _of_hosts(snapshot, Work.RETIRE, retiring, f"this run's hosts leave {old}")
    step = _of_leader(snapshot, leader, Work.SETTLE, f"forget {old}; the certificates keep that name")
    yield replace(step, kind=CLUSTER)


def _is_due(snapshot: ClusterSnapshot, host: HostSettings) -> bool:
    """Whether a host names a former endpoint, or a change of that was cut off there."""
    view = snapshot.views.get(host.name)
    if view is None or (host.is_node and snapshot.state(host) is not NodeState.JOINED):
        return False
    is_over = KEPT_KUBECONFIGS not in view.standing.set_aside
    return not is_over or bool(kubeconfigs_due(view, host, snapshot.former_endpoints, snapshot.authority))


def _of_leader(
    snapshot: ClusterSnapshot, leader: str, work: Work, sentence: str, edits: Edits | None = None
) -> ChangeStep:
    version = snapshot.cluster.settings.version
    return ChangeStep(work, (leader,), (leader,), version, sentence, edits=edits or {})


def _of_hosts(snapshot: ClusterSnapshot, work: Work, hosts: Iterable[HostSettings], sentence: str) -> ChangeStep:
    names = tuple(host.name for host in hosts)
    return ChangeStep(work, names, names, snapshot.cluster.settings.version, sentence)
