"""The steps by which certificates of a standing cluster are renewed, in their order. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from k8s_ha.cluster_state.authority import Whose, cluster_authority, whose
from k8s_ha.cluster_state.change_steps import (
    OUTAGE,
    OUTAGES,
    ChangeStep,
    Work,
    out_of_the_balancers,
    release_order,
    worker_batches,
)
from k8s_ha.cluster_state.node_state import NodeState
from k8s_ha.cluster_state.renewals import RenewalRule, is_dead, is_due, is_kubelet_due, is_under_way
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.node import NodeView
from k8s_ha.settings import Cluster, HostSettings

RENEWS: Final = "new certificates and kubeconfigs; etcd and control plane restarted"
REVIVES: Final = "new certificates and kubeconfigs in the place of ended ones, etcd first"
RENEWS_KUBELET: Final = "new certificate of the kubelet, and its restart"

Versions = Mapping[str, str]
"""Which Kubernetes stands on each host, ``x.y.z``, by inventory name: its kubeadm does the work."""


def renewal_steps(
    snapshot: ClusterSnapshot, rule: RenewalRule, now: datetime, versions: Versions
) -> tuple[ChangeStep, ...]:
    """Control planes that ended certificates keep from serving first, then those that are due, one by one.

    Where none serves all of those come back at once: etcd needs most of its members. Kubelets of control planes come
    before their static pods, which they restart; those of workers last, in batches.
    """
    views = {host.name: view for host, view in _members(snapshot)}
    hosts = [host for host in snapshot.cluster.nodes if host.name in views]
    planes = [host for host in hosts if "control_plane" in host.role]
    dead = [host for host in planes if is_dead(views[host.name], rule, now, snapshot.leader is not None)]
    living = [host for host in planes if host not in dead] if snapshot.leader else []
    kubelets = [host for host in hosts if host not in dead and is_kubelet_due(views[host.name], rule, now)]
    due = [host for host in living if is_due(views[host.name], rule, now)]
    # One at which a run was cut off comes first: no other may be out beside it.
    due.sort(key=lambda host: not is_under_way(views[host.name]))
    stuck = [host for host in due if is_under_way(views[host.name]) and views[host.name].is_silent]
    made = _Steps(snapshot.cluster, versions)
    if snapshot.leader is None and not dead:
        return ()  # whatever keeps it from serving, certificates do not
    return (
        *made.revivals([[host] for host in dead] if snapshot.leader else [dead]),
        *made.renewals(stuck),
        *made.kubelets([host] for host in kubelets if host in planes),
        *made.renewals(host for host in due if host not in stuck),
        *made.kubelets(worker_batches(snapshot.cluster, [host for host in kubelets if host not in planes])),
    )


def revives(steps: Iterable[ChangeStep]) -> bool:
    """Whether control planes come back by these steps."""
    return any(step.work is Work.REVIVE for step in steps)


def _members(snapshot: ClusterSnapshot) -> Iterator[tuple[HostSettings, NodeView]]:
    """The nodes of this cluster that could be read; where nobody serves, by what their files say of whose they are."""
    cluster = snapshot.cluster
    read = [(host, view) for host in cluster.nodes if (view := snapshot.views.get(host.name)) is not None]
    if snapshot.leader is not None:
        yield from ((host, view) for host, view in read if snapshot.state(host) is NodeState.JOINED)
        return
    authority = cluster_authority(view for host, view in read if "control_plane" in host.role)
    for host, view in read:
        is_ours = whose(view, authority, host, cluster.endpoint, snapshot.former_endpoints) is Whose.OURS
        if is_ours and view.has_identity and not view.init_begun:
            yield host, view


class _Steps:
    """Makes the steps of hosts."""

    def __init__(self, cluster: Cluster, versions: Versions) -> None:
        self.cluster, self.versions = cluster, versions

    def revivals(self, batches: Iterable[Sequence[HostSettings]]) -> Iterator[ChangeStep]:
        yield from (self._step(Work.REVIVE, batch, REVIVES) for batch in batches if batch)

    def renewals(self, hosts: Iterable[HostSettings]) -> Iterator[ChangeStep]:
        away = OUTAGES.get(len(self.cluster.control_planes), OUTAGE)
        for host in hosts:
            yield from out_of_the_balancers(self.cluster, host, self._step(Work.RENEW, [host], RENEWS, away))

    def kubelets(self, batches: Iterable[Sequence[HostSettings]]) -> Iterator[ChangeStep]:
        yield from (self._step(Work.RENEW_KUBELET, batch, RENEWS_KUBELET) for batch in batches)

    def _step(self, work: Work, hosts: Sequence[HostSettings], sentence: str, away: str = "") -> ChangeStep:
        names = tuple(host.name for host in hosts)
        wanted = self.cluster.settings.version
        version = min((self.versions.get(name) or wanted for name in names), key=release_order)
        return ChangeStep(work, names, names, version, sentence, away)
