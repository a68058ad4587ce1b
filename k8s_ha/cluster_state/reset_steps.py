"""The steps that take a whole cluster away, in their order. Values in, values out.

No step remembers that it was done: each is left out where its host tells of its end, so that a run that was cut off is
gone on with. A cluster that has died is taken away like one that serves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from k8s_ha.cluster_state.authority import Authority, Whose, cluster_authority, knows_this_cluster, whose
from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.reset import Remains
from k8s_ha.settings import Cluster, HostSettings
from k8s_ha.settings.syntax import split_endpoint


def authority(snapshot: ClusterSnapshot) -> Authority:
    """The cluster's CA: as its API servers tell it, else as most hosts that name its endpoint have it."""
    if snapshot.authority:
        return snapshot.authority
    named = []
    for host in snapshot.cluster.nodes:
        view = snapshot.views.get(host.name)
        if view and view.api_server_url and knows_this_cluster(view, host, snapshot.cluster.endpoint):
            named.append(view)
    return cluster_authority(named)


def may_be_reset(
    view: NodeView, known: Authority, host: HostSettings, endpoints: Sequence[str], remains: Remains
) -> bool:
    """Whether nothing that a host holds may be another cluster's.

    What a reset that was cut off has left proves nothing any more; there counts that it had been proven before.

    + known: the cluster's CA
    + endpoints: that its hosts may name, the wanted one first
    """
    if not view.artifacts:
        return True
    first, *former = endpoints
    proven = whose(view, known, host, first, former)
    if proven is Whose.OURS:
        return True
    if remains.begun not in endpoints or not knows_this_cluster(view, host, first, former):
        return False
    return proven is Whose.UNCLEAR or view.api_server_url is None


def named_by_this_cluster(cluster: Cluster, host: HostSettings, endpoints: Sequence[str]) -> frozenset[str]:
    """The addresses of which one at least stands in each file of this package's on a host that is for this cluster.

    A host that is no control plane stands in the files of each cluster that has it: its own address tells nothing.

    + endpoints: that hosts may name, the wanted one first
    """
    found = {each.address for each in (*cluster.control_planes, *cluster.removed)}
    found |= {split_endpoint(endpoint)[0] for endpoint in endpoints}
    found |= {cluster.endpoint_target, cluster.virtual_address or cluster.endpoint_target}
    return frozenset(found if "control_plane" in host.role else found - {host.address})


def others_files(remains: Remains, ours: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """The files of this package's that are for another cluster, and the addresses that they name.

    + ours: as ``named_by_this_cluster`` tells
    """
    return {path: addresses for path, addresses in remains.names.items() if addresses and not ours & set(addresses)}


def is_node_due(view: NodeView | None, remains: Remains) -> bool:
    """Whether kubeadm reset is to be run on a node, for the first time or to its end."""
    return bool(view and view.artifacts) or bool(remains.begun and not remains.node_is_reset)


def reset_steps(snapshot: ClusterSnapshot, remains: Mapping[str, Remains]) -> tuple[ChangeStep, ...]:
    """Workers, control planes but one, the last one; then what is given back, by load balancers before admin hosts.

    + remains: by inventory name, of every host
    """
    cluster = snapshot.cluster
    due = [host for host in cluster.nodes if is_node_due(snapshot.views.get(host.name), remains[host.name])]
    planes = [host for host in due if "control_plane" in host.role]
    last = snapshot.leader if snapshot.leader in planes else next(iter(planes), None)
    steps = []
    if workers := [host.name for host in due if "control_plane" not in host.role]:
        steps.append(_step(snapshot, Work.RESET, workers, "kubeadm reset", "every pod there"))
    for host in planes:
        if host != last:
            steps += _control_plane_away(snapshot, host)
    if last is not None:
        steps.append(_step(snapshot, Work.RESET, [last.name], "kubeadm reset", "the API, for good"))
    given = set(steps_hosts(steps)) | {name for name, found in remains.items() if found.due or found.begun}
    for hosts in _in_turn(cluster.hosts):
        if names := [host.name for host in hosts if host.name in given]:
            steps.append(_step(snapshot, Work.GIVE_BACK, names, "take back files, give back services and settings"))
    return tuple(steps)


def steps_hosts(steps: Collection[ChangeStep]) -> Iterator[str]:
    """Inventory names of those that are reset."""
    for step in steps:
        if step.work is Work.RESET:
            yield from step.hosts


def _control_plane_away(snapshot: ClusterSnapshot, host: HostSettings) -> Iterator[ChangeStep]:
    leader = snapshot.leader
    if leader is not None and snapshot.known(host).member is not None:
        sentence = f"remove {host.hostname} from etcd"
        yield ChangeStep(Work.REMOVE_MEMBER, (leader.name,), (host.name,), snapshot.cluster.settings.version, sentence)
    yield _step(snapshot, Work.RESET, [host.name], "kubeadm reset", host.name)


def _in_turn(hosts: Sequence[HostSettings]) -> Iterator[list[HostSettings]]:
    """Nodes, load balancers, those that are admin hosts alone."""
    balancers = [host for host in hosts if "load_balancer" in host.role]
    nodes = [host for host in hosts if host.is_node and host not in balancers]
    yield nodes
    yield balancers
    yield [host for host in hosts if host not in nodes and host not in balancers]


def _step(
    snapshot: ClusterSnapshot, work: Work, names: Sequence[str], sentence: str, interrupts: str = ""
) -> ChangeStep:
    return ChangeStep(work, tuple(names), tuple(names), snapshot.cluster.settings.version, sentence, interrupts)
