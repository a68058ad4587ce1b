"""What hosts hold of a cluster at one moment, and what follows from it for all of them. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from k8s_ha.cluster_state.authority import Authority, cluster_authority, knows_this_cluster
from k8s_ha.cluster_state.former_endpoints import former_endpoints
from k8s_ha.cluster_state.node_state import Membership, NodeState, can_retry_init, classify, membership
from k8s_ha.cluster_state.quorum import LostQuorum, lost_quorum
from k8s_ha.observations.node import NodeView
from k8s_ha.settings import Cluster, HostSettings


@dataclass(frozen=True)
class ClusterSnapshot:
    """All that was observed of one cluster.

    + views: what hosts hold, by inventory name; None, or a missing name, is one that could not be read
    + failed: inventory names of hosts that have failed in this run, so that none of them is the leader
    + endpoint_answer: what the endpoint said, empty where nothing answers there; None where it could not be asked, or
      was not, because that decides nothing
    + former: endpoints at which the cluster stood as an earlier look found; None where the views tell
    """

    cluster: Cluster
    views: Mapping[str, NodeView | None]
    failed: frozenset[str] = frozenset()
    endpoint_answer: str | None = None
    former: tuple[str, ...] | None = None

    @cached_property
    def former_endpoints(self) -> tuple[str, ...]:
        """Endpoints other than the wanted one at which the cluster stands or stood, as long as hosts may name them."""
        return former_endpoints(self.cluster, self.views) if self.former is None else self.former

    @cached_property
    def leader(self) -> HostSettings | None:
        """The first control plane, in the inventory's order, that is a healthy member of *this* cluster."""
        for host in self.cluster.control_planes:
            view = None if host.name in self.failed else self.views.get(host.name)
            if not view or not view.ready:
                continue
            if self._state(view, membership(view, host, self.authority), host) is NodeState.JOINED:
                return host
        return None

    @cached_property
    def authority(self) -> Authority:
        """The cluster's CA, as most of the control planes that serve it have it; empty where none serves."""
        endpoint, former = self.cluster.endpoint, self.former_endpoints
        views = [(host, self.views.get(host.name)) for host in self.cluster.control_planes]
        return cluster_authority(
            view
            for host, view in views
            if view and view.ready and not view.init_unfinished and knows_this_cluster(view, host, endpoint, former)
        )

    @property
    def leader_view(self) -> NodeView | None:
        """What the leader tells; None where there is no leader."""
        return self.views[self.leader.name] if self.leader else None

    @cached_property
    def lost_quorum(self) -> LostQuorum | None:
        """What is left of an etcd without a majority; None where one has it, and where none of them runs."""
        return lost_quorum(self.views, self.cluster)

    @property
    def can_retry_init(self) -> bool:
        """Whether all that the control planes hold is an init on the first of them that did not come to its end."""
        return self.leader is None and can_retry_init(self.views, self.cluster)

    @property
    def is_busy(self) -> bool:
        """Whether a kubeadm that this package started is at work on a host."""
        return any(view and view.busy for view in self.views.values())

    @property
    def may_come_up(self) -> bool:
        """Whether a host is to run an API server, which tells of no node now."""
        return any(view and view.may_come_up for view in self.views.values())

    @property
    def serves(self) -> bool:
        """Whether any control plane's own API server answers, whosever it is."""
        return any((view := self.views.get(host.name)) and view.ready for host in self.cluster.control_planes)

    def known(self, host: HostSettings) -> Membership:
        """What the leader knows of a host; nothing where there is no leader."""
        view = self.leader_view
        return membership(view, host, self.authority) if view else Membership()

    def state(self, host: HostSettings) -> NodeState | None:
        """Where a host stands, by what it holds and what the leader knows of it; None where it could not be read."""
        view = self.views.get(host.name)
        return None if view is None else self._state(view, self.known(host), host)

    def _state(self, view: NodeView, known: Membership, host: HostSettings) -> NodeState:
        return classify(view, known, host, self.cluster.endpoint, self.former_endpoints)
