"""What the hosts told, and what follows from it. Values in, values out: no I/O, no pyinfra."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from k8s_ha.catalog import compatibility
from k8s_ha.observations.etcd import Member
from k8s_ha.settings import Cluster, HostSettings


@dataclass(frozen=True)
class HostSurvey:
    """A host as it was before the first change."""

    uid: int
    os_id: str
    os_like: tuple[str, ...]
    os_version: str
    architecture: str
    hostname: str
    addresses: tuple[str, ...]
    network_manager: bool
    node: bool
    """Whether the host carries a kubelet's identity, so that its name must stay."""
    cri: str | None
    """What the kubelet was told to speak to: containerd, dockershim or cri-dockerd; None where nothing tells."""
    kernel: str
    """Its release, such as ``4.18.0-553.el8_10.x86_64``."""
    cgroup: int
    """1 or 2."""
    conflicting: Mapping[str, str]
    """Version-release by name of installed packages that some container runtime conflicts with."""
    extras: bool
    """Whether a repository of the name "extras" is enabled, which has container-selinux on EL7."""
    installed: Mapping[str, str] = field(default_factory=dict)
    """Version-release by name of those of the road's own packages that are there already, and whole."""
    rpm_error: str = ""
    """Why rpm cannot read its database; empty where it can."""
    login_shell: str = ""
    """The path of the shell that commands are handed to; empty where nothing tells."""
    nginx_streams: bool = False
    """Whether an nginx is there that has the stream module built in."""

    @property
    def el_major(self) -> int | None:
        """The EL major, or None where the host is no Enterprise Linux."""
        if not {"rhel", "centos", "ol"} & {self.os_id, *self.os_like}:
            return None
        major = self.os_version.partition(".")[0]
        return int(major) if major.isdigit() else None

    @property
    def kernel_version(self) -> tuple[int, int]:
        """The kernel's first two numbers; (0, 0) where its release has none."""
        match = re.match(r"(\d+)\.(\d+)", self.kernel)
        return (int(match[1]), int(match[2])) if match else (0, 0)

    @property
    def major(self) -> int:
        """The EL major; only for Enterprise Linux, which the check ``system`` makes sure of."""
        assert self.el_major is not None
        return self.el_major

    @property
    def platform(self) -> compatibility.Platform:
        """What decides which Kubernetes the host runs; only for Enterprise Linux."""
        return compatibility.Platform(self.major, self.kernel_version, self.cgroup)


@dataclass(frozen=True)
class ClusterNode:
    """A Node object, as the API server tells it."""

    name: str
    ready: bool
    version: str
    control_plane: bool


@dataclass(frozen=True)
class NodeView:
    """What a host holds of a cluster, and what its own API server, if it has one, answers."""

    traces: tuple[str, ...]
    """Paths that kubeadm, kubelet or etcd left; empty on a virgin host."""
    server: str | None
    """The API endpoint in the kubelet's or root's kubeconfig, ``https://HOST:PORT``."""
    authority: str | None
    """The cluster's CA certificate, PEM."""
    ready: bool = False
    """Whether the host's own API server says ok at /readyz."""
    nodes: tuple[ClusterNode, ...] = ()
    join_secrets: tuple[str, ...] = ()
    """Names of bootstrap tokens and uploaded certificates that this package minted and that are still there."""
    members: tuple[Member, ...] = ()
    """What its own etcd counts; empty where it has none or that did not answer."""
    etcd_healthy: bool | None = None
    """Whether its own etcd says that it is well, which includes that it has a quorum; None where it says nothing."""
    busy: bool = False
    """Whether a kubeadm that this package started is at work on the host."""
    init_begun: bool = False
    """Whether an init of this package began there and has not told that it ended well."""
    init_unfinished: bool = False
    """Whether that init is proven not to have come to its end, with nothing but its own there."""

    @property
    def has_identity(self) -> bool:
        """Whether the host carries a kubelet's identity."""
        return "/etc/kubernetes/kubelet.conf" in self.traces

    @property
    def tells_of_etcd(self) -> bool:
        """Whether its own etcd runs, well or not."""
        return bool(self.members) or self.etcd_healthy is not None

    @property
    def may_come_up(self) -> bool:
        """Whether the host is to run an API server, which tells of no node now."""
        to_run = "/etc/kubernetes/manifests/kube-apiserver.yaml" in self.traces
        return to_run and not (self.ready and self.nodes) and not self.init_unfinished


@dataclass(frozen=True)
class Membership:
    """What a healthy member of the cluster knows of one host, and the CA of that cluster (PEM).

    + counted: whether etcd's members were told, so that no member means that there is none
    """

    node: ClusterNode | None = None
    member: Member | None = None
    authority: str | None = None
    counted: bool = False

    @property
    def any(self) -> bool:
        return self.node is not None or self.member is not None


def membership(told: NodeView, host: HostSettings) -> Membership:
    """What ``told``, the view of a healthy member, knows of ``host``."""
    return Membership(
        node=next((node for node in told.nodes if node.name == host.hostname), None),
        member=next((member for member in told.members if _is_of(member, host)), None),
        authority=told.authority,
        counted=bool(told.members),
    )


def _is_of(member: Member, host: HostSettings) -> bool:
    return host.address in member.addresses or member.name == host.hostname


class NodeState(Enum):
    """Where a host stands between nothing and a member of the cluster.

    + virgin: nothing there, nothing known of it; it joins
    + partial: begun by this cluster's hand and not in it; it is reset, and joins or is initialised anew
    + joined: a node of the cluster
    + stale: blank, but the cluster still knows it; that is removed there, and it joins
    + foreign: it holds something that is not provably this cluster's; it is reported and never touched
    """

    VIRGIN = "virgin"
    PARTIAL = "partial"
    JOINED = "joined"
    STALE = "stale"
    FOREIGN = "foreign"


def classify(view: NodeView, known: Membership, host: HostSettings, endpoint: str) -> NodeState:
    """The state of a host.

    + view: what the host holds
    + known: what the cluster knows of it
    + endpoint: the cluster's endpoint, ``HOST:PORT``
    """
    if not view.traces:
        return NodeState.STALE if known.any else NodeState.VIRGIN
    if not _is_ours(view, known.authority, host, endpoint):
        return NodeState.FOREIGN
    if known.node is None or not view.has_identity or view.init_unfinished:
        return NodeState.PARTIAL
    # A control plane is one when it serves: one whose label somebody took away must never be reset. One that does not
    # serve now is one when its join came to its end, which the label is, and etcd counts it; else it never will again.
    stays = known.node.control_plane and (known.member is not None or not known.counted)
    return NodeState.JOINED if "control_plane" not in host.role or view.ready or stays else NodeState.PARTIAL


def _is_ours(view: NodeView, authority: str | None, host: HostSettings, endpoint: str) -> bool:
    """Whether what a host holds is provably this cluster's: by the API server it was told, or else by the CA."""
    # From 1.33 on a control plane's kubelet asks its own API server, not the endpoint.
    if view.server not in (None, f"https://{endpoint}", f"https://{host.address}:6443"):
        return False
    if view.authority and authority:
        return view.authority.split() == authority.split()
    return view.server is not None or view.init_unfinished


JOIN_REFUSALS: Final[Mapping[NodeState, str]] = {
    NodeState.PARTIAL: (
        "holds {traces}, of a join that was cut off, but a node of its name is Ready: another host runs under it; give "
        "this one another hostname, or stop that one, then run this again"
    ),
    NodeState.STALE: (
        "is blank, but a node of its name is Ready: another host runs under it, or this one was replaced less than a "
        "minute ago; run this again when that node is NotReady, or give this host another hostname"
    ),
    NodeState.FOREIGN: (
        "holds {traces}, which {owner}; it was not touched; "
        "take it out of the inventory, or reset it yourself if nothing in it is needed"
    ),
}


def owner(view: NodeView, endpoint: str) -> str:
    """Whose it is what a foreign host holds: a phrase that goes on from "which"."""
    if view.server in (None, f"https://{endpoint}"):
        return "is of a cluster with another CA" if view.server else "nothing shows to be this cluster's"
    return f"belongs to another cluster ({view.server})"


def join_refusal(view: NodeView, state: NodeState, host: HostSettings, endpoint: str) -> str:
    """Why a host in ``state`` (partial, stale or foreign) is not joined, and the way out."""
    traces = ", ".join(view.traces[:2]) or "nothing"
    return f"{host.hostname} {JOIN_REFUSALS[state].format(traces=traces, owner=owner(view, endpoint))}."


def is_replaceable(view: NodeView, known: Membership, state: NodeState) -> bool:
    """Whether a partial or stale host may begin anew, and the cluster forget what it knows of it.

    Not where somebody lives under its name: a Ready node whose identity the host does not hold is another host's.
    """
    if state not in (NodeState.PARTIAL, NodeState.STALE):
        return False
    return view.has_identity or known.node is None or not known.node.ready


def leader(views: Mapping[str, NodeView | None], cluster: Cluster) -> HostSettings | None:
    """The first control plane, in the inventory's order, that is a healthy member of *this* cluster."""
    for host in cluster.control_planes:
        view = views.get(host.name)
        if view and view.ready and classify(view, membership(view, host), host, cluster.endpoint) is NodeState.JOINED:
            return host
    return None


def init_begins_anew(views: Mapping[str, NodeView | None], cluster: Cluster) -> bool:
    """Whether all that any control plane holds is an init on the first of them that did not come to its end.

    That host may be reset. Whether a cluster may be initialised then is for ``init_refusal`` to say.

    + views: as for ``init_refusal``
    """
    first, *others = cluster.control_planes
    view = views.get(first.name)
    if view is None or not view.traces or not view.init_unfinished or view.busy:
        return False
    if not _is_ours(view, None, first, cluster.endpoint):
        return False
    alone = all(node.name == first.hostname for node in view.nodes) and all(_is_of(m, first) for m in view.members)
    return alone and all((other := views.get(host.name)) is not None and not other.traces for host in others)


def init_refusal(views: Mapping[str, NodeView | None], cluster: Cluster, endpoint_answer: str | None) -> str | None:
    """Why no cluster may be initialised, or None where certainly none exists.

    + views: by inventory name; None, or a missing name, is a control plane that could not be read
    + endpoint_answer: what the endpoint said, empty where nothing answers there, None where it could not be asked
    """
    unread = [host.name for host in cluster.control_planes if views.get(host.name) is None]
    if unread:
        return (
            f"No cluster was initialised: {_list(unread)} could not be read and may hold one; every control-plane "
            "host must answer before the first init; bring it back or take it out of the inventory."
        )
    holding = [(host, view) for host in cluster.control_planes if (view := views[host.name]) and view.traces]
    if holding:
        # What is not an unfinished init is told first: it may be a cluster.
        return _holding_refusal(*min(holding, key=lambda held: held[1].init_unfinished), cluster.control_planes[0])
    if endpoint_answer is None:
        return (
            f"No cluster was initialised: the endpoint {cluster.endpoint} could not be asked whether a cluster answers "
            "there; see the error above, then run this again."
        )
    if endpoint_answer:
        return (
            f"No cluster was initialised: the endpoint {cluster.endpoint} already answers ({endpoint_answer}), so it "
            "belongs to a cluster of other hosts; choose another control_plane_endpoint or add those hosts."
        )
    return None


def _holding_refusal(host: HostSettings, view: NodeView, first: HostSettings) -> str:
    if view.init_unfinished and host != first:
        return (
            f"No cluster was initialised: {host.name} holds {view.traces[0]} of an init that did not come to its "
            f"end, and this one would begin on {first.name}; put {host.name} first among the control planes again, "
            "or run `kubeadm reset` on it."
        )
    return (
        f"No cluster was initialised: {host.name} holds {view.traces[0]}, so a cluster exists or was begun "
        "there, and none of its API servers is healthy; repair it, or run `kubeadm reset` on that host if "
        "nothing in it is needed."
    )


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
