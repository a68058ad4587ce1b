"""The steps that take nodes out of a standing cluster, in their order. Values in, values out.

A host is reset only where it proves to be this cluster's node. A step is left out where the cluster and the host tell
of its end, so that a run that was cut off is gone on with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.drains import Obstacle
from k8s_ha.cluster_state.node_state import NodeState, damage, owner
from k8s_ha.cluster_state.quorum import majority_refusal
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import ClusterNode, NodeView
from k8s_ha.settings import HostSettings
from k8s_ha.untrusted import some


@dataclass(frozen=True)
class LeavingNode:
    """A name of removed_nodes, with what is known of it.

    + name: inventory name; the node's where the inventory lacks its host
    + hostname: the node's name
    + host: None where the inventory lacks it
    + view: what the host holds; None where it could not be read
    + state: of the host; None likewise
    + node, member: what the cluster knows of it
    """

    name: str
    hostname: str
    host: HostSettings | None = None
    view: NodeView | None = None
    state: NodeState | None = None
    node: ClusterNode | None = None
    member: Member | None = None

    @property
    def is_to_reset(self) -> bool:
        """Whether the host answers and holds what is provably this cluster's, and its own."""
        if self.view is None or self.state not in (NodeState.JOINED, NodeState.PARTIAL):
            return False
        return self.view.has_identity or not self.is_ready

    @property
    def is_drained(self) -> bool:
        """Whether its pods are to go first. Of a kubelet that does not answer nobody would hear that they have gone."""
        return self.is_to_reset and self.is_ready

    @property
    def is_ready(self) -> bool:
        """Whether its Node is Ready."""
        return self.node is not None and self.node.ready

    @property
    def is_out(self) -> bool:
        """Whether nothing of it is left, as far as can be told."""
        return self.node is None and self.member is None and self.state in (None, NodeState.CLEAN)


@dataclass(frozen=True)
class Removals:
    """What becomes of removed_nodes.

    + steps: none where any of the obstacles blocks
    + drained: the hosts whose nodes are drained
    """

    steps: tuple[ChangeStep, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    drained: tuple[HostSettings, ...] = ()


def leaving_nodes(snapshot: ClusterSnapshot) -> list[LeavingNode]:
    """Each name of removed_nodes, as the leader and its own host tell of it."""
    found = []
    for host in snapshot.cluster.removed:
        known = snapshot.known(host)
        view, state = snapshot.views.get(host.name), snapshot.state(host)
        found.append(LeavingNode(host.name, host.hostname, host, view, state, known.node, known.member))
    return found + [_unlisted(snapshot, name) for name in snapshot.cluster.removed_unlisted]


def _unlisted(snapshot: ClusterSnapshot, name: str) -> LeavingNode:
    """One that the inventory lacks; an address that a host of the inventory has by now is that host's."""
    view, cluster = snapshot.leader_view, snapshot.cluster
    node = next((entry for entry in view.nodes if entry.name == name), None) if view else None
    own = {node.address} - {host.address for host in (*cluster.hosts, *cluster.removed)} if node else set()
    members = view.members if view else ()
    member = next((entry for entry in members if entry.name == name or own & set(entry.addresses)), None)
    return LeavingNode(name, name, node=node, member=member)


def removals(snapshot: ClusterSnapshot, reached: Collection[str]) -> Removals:
    """The steps that take away what removed_nodes names, or why none is taken.

    + snapshot: also of the hosts that are removed
    + reached: inventory names of the hosts that answer
    """
    leaving = leaving_nodes(snapshot)
    if snapshot.leader is None:
        return Removals(obstacles=tuple(_without_leader(snapshot, leaving, reached)))
    # What is dead goes first: etcd has its majority the sooner.
    dead = [entry for entry in leaving if not entry.is_to_reset]
    ordered = sorted(dead, key=_is_worker) + sorted((e for e in leaving if e.is_to_reset), key=_is_worker)
    found = [obstacle for entry in leaving for obstacle in _of_node(snapshot, entry, reached)]
    leading = [entry for entry in ordered if not _is_worker(entry)]
    if any(not entry.is_out for entry in leading):
        found += _of_members(snapshot, [entry.member for entry in leading if entry.member is not None])
    if any(entry.is_to_reset for entry in leading):
        found += [*_of_balancers(snapshot, reached), *_of_silent(snapshot)]
    if snapshot.cluster.is_external:
        found += [_still_led_to(snapshot, entry.host) for entry in leading if entry.host and not entry.is_out]
    if any(obstacle.blocks for obstacle in found):
        return Removals(obstacles=tuple(found))
    steps = tuple(step for entry in ordered for step in _steps(snapshot, entry))
    drained = tuple(entry.host for entry in ordered if entry.host and entry.is_drained)
    return Removals(steps, tuple(found), drained)


def _is_worker(entry: LeavingNode) -> bool:
    leads = entry.node is not None and entry.node.control_plane
    return not (leads or entry.member or (entry.host and "control_plane" in entry.host.role))


def _steps(snapshot: ClusterSnapshot, entry: LeavingNode) -> Iterator[ChangeStep]:
    cluster, leader, name = snapshot.cluster, snapshot.leader, entry.name
    assert leader is not None
    version = cluster.settings.version

    def step(work: Work, sentence: str, interrupts: str = "", hosts: Sequence[str] = (leader.name,)) -> ChangeStep:
        return ChangeStep(work, tuple(hosts), (name,), version, sentence, interrupts)

    balancers = [host.name for host in cluster.load_balancers]
    if entry.is_to_reset and not _is_worker(entry) and balancers:
        yield step(Work.LEAVE, f"{name} out of the balancer", hosts=balancers)
    if entry.is_drained:
        yield step(Work.DRAIN, f"drain {entry.hostname}", "its pods move")
    if entry.member is not None:
        yield step(Work.REMOVE_MEMBER, f"remove {entry.hostname} from etcd")
    if entry.is_to_reset:
        yield step(Work.RESET, "kubeadm reset", name, hosts=(name,))
    if entry.node is not None:
        yield step(Work.DELETE_NODE, f"delete node {entry.hostname}")


_ONLY_OURS = "only this cluster's own node is reset"


def _of_node(snapshot: ClusterSnapshot, entry: LeavingNode, reached: Collection[str]) -> Iterator[Obstacle]:
    """What stands against the removal of one, or is to be said of it."""
    name, view = entry.name, entry.view
    if entry.host is None:
        yield from _of_unlisted(entry)
    elif view is None and name in reached:
        remedy = "see the error above, and run this again"
        yield Obstacle(name, "what it holds of a cluster could not be read", _ONLY_OURS, remedy)
    elif view is None and entry.is_ready:
        yield Obstacle(
            name,
            f"cannot be reached, and its node {entry.hostname} is Ready",
            "so somebody runs it",
            f"bring it back, or `kubectl drain {entry.hostname}` and stop its kubelet",
        )
    elif view is not None and entry.state is NodeState.FOREIGN:
        held = ", ".join(view.artifacts[:2])
        found = f"holds {held}, which {owner(view, snapshot.cluster.endpoint)}"
        yield Obstacle(name, found, _ONLY_OURS, "take it out of the inventory, or reset it yourself")
    elif view is not None and entry.state is NodeState.DAMAGED:
        broken = damage(
            view, snapshot.known(entry.host), entry.host, snapshot.cluster.endpoint, snapshot.former_endpoints
        )
        found = f"its {broken.path} {broken.found}" if broken else "its files are of more than one cluster"
        yield Obstacle(name, found, _ONLY_OURS, broken.remedy if broken else "reset it yourself")
    elif _is_of_another(entry):
        yield Obstacle(
            name,
            f"is no host of the node {entry.hostname}, which is Ready",
            "one host under a name",
            "run this again when that node is NotReady, or rename one",
        )
    elif entry.is_out:
        yield _out(entry)


def _is_of_another(entry: LeavingNode) -> bool:
    """Whether a Ready node of its name is not this host's. One that this package has cordoned was reset by it."""
    if entry.view is None or entry.is_to_reset or not entry.is_ready:
        return False
    return not (entry.node and entry.node.is_cordoned and entry.state is NodeState.REPLACED)


def _of_unlisted(entry: LeavingNode) -> Iterator[Obstacle]:
    if entry.is_ready:
        yield Obstacle(
            entry.name,
            "is Ready, and the inventory lacks its host",
            "so somebody runs it",
            f"put it into the inventory, or `kubectl drain {entry.name}` and stop its kubelet",
        )
    elif entry.is_out:
        yield Obstacle(
            entry.name,
            "neither the inventory nor the cluster knows it",
            "a finished removal looks so",
            "take it out of removed_nodes, or correct the name",
            blocks=False,
        )


def _out(entry: LeavingNode) -> Obstacle:
    balances = entry.host is not None and "load_balancer" in entry.host.role
    remedy = "take its name out of the inventory, or out of removed_nodes to have it join again"
    return Obstacle(
        entry.name,
        "is out of the cluster",
        "removed_nodes names it",
        "stop its nginx and take its name out of the inventory" if balances else remedy,
        blocks=False,
    )


def _of_members(snapshot: ClusterSnapshot, members: Sequence[Member]) -> Iterator[Obstacle]:
    """Why etcd would not bear to lose these, one after the other; or does not tell whom it has."""
    if not (snapshot.leader_view and snapshot.leader_view.members):
        yield Obstacle(
            THE_CLUSTER,
            "etcd's members could not be read",
            "a control plane that is removed is none of them",
            "see that etcd answers there, then run this again",
        )
        return
    for number in range(1, len(members) + 1):
        reason = majority_refusal(snapshot.views, snapshot.cluster, snapshot.leader_view.members, members[:number])
        if reason is not None:
            yield Obstacle(THE_CLUSTER, *reason)
            return


def _of_balancers(snapshot: ClusterSnapshot, reached: Collection[str]) -> Iterator[Obstacle]:
    for host in snapshot.cluster.load_balancers:
        if host.name not in reached:
            yield Obstacle(
                host.name,
                "cannot be reached",
                "a control plane that is removed leaves every balancer first",
                "bring it back, or name it in removed_nodes too",
            )


def _still_led_to(snapshot: ClusterSnapshot, host: HostSettings) -> Obstacle:
    address = f"{host.address}:{snapshot.cluster.api_port}"
    return Obstacle(
        host.name,
        f"the balancer at {snapshot.cluster.endpoint} may go on to lead to it",
        "nobody here tells that one",
        f"take {address} out of its members, before or after",
        blocks=False,
    )


def _of_silent(snapshot: ClusterSnapshot) -> Iterator[Obstacle]:
    for host in snapshot.cluster.control_planes:
        view = snapshot.views.get(host.name)
        if view is None or view.is_silent:
            yield Obstacle(
                host.name,
                "its API server does not answer",
                "no other is taken away meanwhile",
                "repair it, or name it in removed_nodes first",
            )


def _without_leader(
    snapshot: ClusterSnapshot, leaving: Sequence[LeavingNode], reached: Collection[str]
) -> Iterator[Obstacle]:
    """What is said where no control plane that stays can be asked; of clean hosts nothing, they may be as new."""
    kept = any((view := snapshot.views.get(h.name)) and view.artifacts for h in snapshot.cluster.control_planes)
    holding = [entry for entry in leaving if entry.view is not None and entry.view.artifacts]
    last = [entry.name for entry in holding if entry.host in snapshot.cluster.former_control_planes]
    if last and not kept:
        yield Obstacle(
            some(last),
            "holds the cluster, and none that stays does",
            "the last control plane is not removed",
            "take it out of removed_nodes until another one has joined",
        )
        return
    unread = [entry for entry in leaving if entry.host is not None and entry.view is None]
    for entry in (*holding, *unread):
        yield Obstacle(
            entry.name,
            "is not removed: no control plane that stays answers",
            "they know what is left of it",
            "bring one back, and run this again",
            blocks=False,
        )
