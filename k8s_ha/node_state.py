"""What the hosts told, and what follows from it. Values in, values out: no I/O, no pyinfra."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from k8s_ha import compat
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
    """Version-release by name of those of the road's own packages that are there already."""

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
    def platform(self) -> compat.Platform:
        """What decides which Kubernetes the host runs; only for Enterprise Linux."""
        return compat.Platform(self.major, self.kernel_version, self.cgroup)


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

    @property
    def has_identity(self) -> bool:
        """Whether the host carries a kubelet's identity."""
        return "/etc/kubernetes/kubelet.conf" in self.traces


class NodeState(Enum):
    """Where a host stands between nothing and a member of the cluster."""

    VIRGIN = "virgin"
    PARTIAL = "partial"
    JOINED = "joined"
    STALE = "stale"
    FOREIGN = "foreign"


def classify(view: NodeView, known: bool, endpoint: str) -> NodeState:
    """The state of a host.

    + view: what the host holds
    + known: whether the cluster has a Node of the host's name
    + endpoint: the cluster's endpoint, ``HOST:PORT``
    """
    if not view.traces:
        return NodeState.STALE if known else NodeState.VIRGIN
    if view.server is not None and view.server != f"https://{endpoint}":
        return NodeState.FOREIGN
    return NodeState.JOINED if known and view.has_identity else NodeState.PARTIAL


JOIN_REFUSALS: Final[Mapping[NodeState, str]] = {
    NodeState.PARTIAL: (
        "holds {traces}, but the cluster has no such node: a join was cut off or the node was removed; "
        "run `kubeadm reset` on it, then run this again"
    ),
    NodeState.STALE: (
        "is blank, but the cluster still has a node of its name; "
        "run `kubectl delete node {hostname}`, remove its etcd member if it was a control plane, then run this again"
    ),
    NodeState.FOREIGN: (
        "belongs to another cluster ({server}); it was not touched; "
        "take it out of the inventory, or reset it yourself if that cluster is gone"
    ),
}


def join_refusal(view: NodeView, state: NodeState, hostname: str) -> str:
    """Why a host in ``state`` (partial, stale or foreign) is not joined, and the way out."""
    reason = JOIN_REFUSALS[state].format(
        traces=", ".join(view.traces[:2]) or "nothing", server=view.server, hostname=hostname
    )
    return f"{hostname} {reason}."


def leader(views: Mapping[str, NodeView | None], cluster: Cluster) -> HostSettings | None:
    """The first control plane, in the inventory's order, that is a healthy member of *this* cluster."""
    for host in cluster.control_planes:
        view = views.get(host.name)
        if view and view.ready and classify(view, _knows(view, host), cluster.endpoint) is NodeState.JOINED:
            return host
    return None


def _knows(view: NodeView, host: HostSettings) -> bool:
    return any(node.name == host.hostname for node in view.nodes)


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
    for host in cluster.control_planes:
        view = views[host.name]
        if view and view.traces:
            return (
                f"No cluster was initialised: {host.name} holds {view.traces[0]}, so a cluster exists or was begun "
                "there, and none of its API servers is healthy; repair it, or run `kubeadm reset` on that host if "
                "nothing in it is needed."
            )
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


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
