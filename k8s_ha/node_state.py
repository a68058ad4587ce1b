"""What the hosts told, and what follows from it. Values in, values out: no I/O, no pyinfra."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from k8s_ha import compat
from k8s_ha.etcd import Member
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
        """The EL major; only for Enterprise Linux, which ``survey_refusals`` makes sure of."""
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
    members: tuple[Member, ...] = ()
    """What its own etcd counts; empty where it has none or that did not answer."""
    etcd_healthy: bool = False
    """Whether its own etcd says that it is well, which includes that it has a quorum."""
    busy: bool = False
    """Whether a kubeadm that this package started is at work on the host."""

    @property
    def has_identity(self) -> bool:
        """Whether the host carries a kubelet's identity."""
        return "/etc/kubernetes/kubelet.conf" in self.traces


@dataclass(frozen=True)
class Membership:
    """What a healthy member of the cluster knows of one host, and the CA of that cluster (PEM)."""

    node: ClusterNode | None = None
    member: Member | None = None
    authority: str | None = None

    @property
    def any(self) -> bool:
        return self.node is not None or self.member is not None


def membership(told: NodeView, host: HostSettings) -> Membership:
    """What ``told``, the view of a healthy member, knows of ``host``."""
    return Membership(
        node=next((node for node in told.nodes if node.name == host.hostname), None),
        member=next((member for member in told.members if host.address in member.addresses), None),
        authority=told.authority,
    )


class NodeState(Enum):
    """Where a host stands between nothing and a member of the cluster.

    + virgin: nothing there, nothing known of it; it joins
    + partial: begun by this cluster's hand and not in it; it is reset and joins
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
    if known.node is None or not view.has_identity:
        return NodeState.PARTIAL
    # A control plane is one when its join has come to its end, which the label is, or when it serves: one whose label
    # somebody took away must never be reset.
    finished = "control_plane" not in host.role or known.node.control_plane or view.ready
    return NodeState.JOINED if finished else NodeState.PARTIAL


def _is_ours(view: NodeView, authority: str | None, host: HostSettings, endpoint: str) -> bool:
    """Whether what a host holds is provably this cluster's: by the API server it was told, or else by the CA."""
    # From 1.33 on a control plane's kubelet asks its own API server, not the endpoint.
    if view.server not in (None, f"https://{endpoint}", f"https://{host.address}:6443"):
        return False
    if view.authority and authority:
        return view.authority.split() == authority.split()
    return view.server is not None


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


def join_refusal(view: NodeView, state: NodeState, host: HostSettings, endpoint: str) -> str:
    """Why a host in ``state`` (partial, stale or foreign) is not joined, and the way out."""
    if view.server in (None, f"https://{endpoint}"):
        owner = "is of a cluster with another CA" if view.server else "nothing shows to be this cluster's"
    else:
        owner = f"belongs to another cluster ({view.server})"
    reason = JOIN_REFUSALS[state].format(traces=", ".join(view.traces[:2]) or "nothing", owner=owner)
    return f"{host.hostname} {reason}."


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


def survey_refusals(surveys: Mapping[str, HostSurvey], cluster: Cluster) -> list[str]:
    """One sentence for each reason why a host cannot be used, judged before the first change."""
    refusals = [
        f"{host.name}: {reason}"
        for host in cluster.hosts
        if host.name in surveys
        for reason in _host_refusals(host, surveys[host.name], cluster)
    ]
    return refusals or _cluster_refusals(surveys, cluster)


def _host_refusals(host: HostSettings, survey: HostSurvey, cluster: Cluster) -> Iterator[str]:
    if survey.uid != 0:
        yield (
            f"commands run as uid {survey.uid}; root is needed; "
            "log in as root, or set _sudo=True for the host and let its user sudo"
        )
    if survey.el_major not in compat.EL_MAJORS:
        yield (
            f"runs {survey.os_id or 'an unknown system'} {survey.os_version}; "
            f"Enterprise Linux {', '.join(map(str, compat.EL_MAJORS))} is supported; use such a host"
        )
        return
    if survey.architecture not in compat.ARCHITECTURES:
        yield f"its architecture is {survey.architecture}; only {', '.join(compat.ARCHITECTURES)} is supported"
    if survey.addresses and host.address not in survey.addresses:
        yield (
            f"{host.address} is on none of its interfaces ({', '.join(survey.addresses)}); "
            "the node address must be; set k8s_ha_host = {'address': …}"
        )
    if not host.is_node:
        return
    if survey.node and survey.hostname != host.hostname:
        yield (
            f"is a node named {survey.hostname}; a node's name cannot change to {host.hostname}; "
            f"set k8s_ha_host = {{'hostname': '{survey.hostname}'}} or reset the node first"
        )
    if survey.node and survey.cri not in (None, cluster.cri):
        yield (
            f"its kubelet speaks to {survey.cri}, and container_runtime {cluster.settings.container_runtime!r} with "
            f"Kubernetes {cluster.settings.kubernetes_version} means {cluster.cri}; a node is not moved to another "
            "runtime by this run; set the runtime that it has, or reset the node first"
        )
    in_the_way = compat.conflicting(survey.el_major, survey.conflicting)
    if in_the_way and not cluster.settings.remove_conflicting_packages:
        found = ", ".join(f"{name} {survey.conflicting[name]}" for name in in_the_way)
        yield (
            f"{found} is installed; containerd.io cannot stand beside it; run `yum remove {' '.join(in_the_way)}` "
            "there, or set remove_conflicting_packages = True"
        )


def _cluster_refusals(surveys: Mapping[str, HostSurvey], cluster: Cluster) -> list[str]:
    """Why the nodes together cannot run what is wanted."""
    settings = cluster.settings
    platforms = {node.hostname: surveys[node.name].platform for node in cluster.nodes if node.name in surveys}
    refusal = compat.cluster_refusal(
        settings.kubernetes_version, settings.kubernetes_line.minor, platforms, settings.accept
    )
    refusals = [refusal] if refusal else []
    old = [name for name, platform in platforms.items() if platform.kernel < compat.NFTABLES_PROXY_KERNEL]
    if settings.kube_proxy_mode == "nftables" and old:
        since = ".".join(map(str, compat.NFTABLES_PROXY_KERNEL))
        refusals.append(
            f"kube_proxy_mode: 'nftables' asks for kernel {since}; {_list(old)} {_have(old)} an older one; "
            "choose 'iptables'"
        )
    return refusals


def _have(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"


def unreachable_refusal(reached: Mapping[str, HostSurvey], missing: Sequence[str], cluster: Cluster) -> str | None:
    """Why nothing may begin: control planes cannot be reached while no host that can is a node of a cluster.

    + reached: what the hosts told, by inventory name
    + missing: control planes that should have told and did not
    """
    if not missing or any(reached[host.name].node for host in cluster.control_planes if host.name in reached):
        return None
    return (
        f"{_list(missing)} cannot be reached, and no cluster was found on the other control planes: it may hold one, "
        "so nothing was changed; bring it back or take it out of the inventory"
    )


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
