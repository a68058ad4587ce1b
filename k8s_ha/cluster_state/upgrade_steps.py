"""The steps of an upgrade of a standing cluster, in their order. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from k8s_ha.cluster_state.change_steps import (
    OUTAGE,
    OUTAGES,
    ChangeStep,
    Edits,
    Work,
    out_of_the_balancers,
    release_order,
    worker_batches,
)
from k8s_ha.settings import Cluster, HostSettings

CGROUP_V1: Final[Edits] = {("KubeletConfiguration", ("failCgroupV1",)): False}
"""What kubelets from 1.35 on must find before they start on cgroup v1."""

_ASKS_FOR_CGROUP_V2: Final = 35


@dataclass(frozen=True)
class NodeVersions:
    """What runs on one node, as ``x.y.z``.

    + kubelet: as its Node tells; empty where it has told nothing yet
    + components: of its static pods, by name; empty on a worker
    + is_away: whether a run of this package has cordoned it, and what was evicted is not known to be available again
    + is_unfinished: whether a kubeadm upgrade began there and has not ended well
    """

    kubelet: str
    components: Mapping[str, str] = field(default_factory=dict)
    is_away: bool = False
    is_unfinished: bool = False


def oldest_served(kept: str, nodes: Mapping[str, NodeVersions]) -> str:
    """The oldest version that any control plane serves, or that the cluster keeps: where a path begins."""
    found = [kept, *(version for node in nodes.values() for version in node.components.values())]
    return min(found, key=release_order)


def upgrade_steps(
    cluster: Cluster,
    kept: str,
    nodes: Mapping[str, NodeVersions],
    path: Sequence[str],
    leader: str,
    lets_cgroup_v1: bool = True,
) -> tuple[ChangeStep, ...]:
    """The steps to the last version of a path.

    + kept: what the cluster keeps as its version, which tells that the last upgrade came to its end on the first node
    + nodes: by inventory name, of those that the cluster has
    + path: the versions to go through; where all API servers are there already, the last of them alone
    + leader: inventory name of a control plane that serves
    + lets_cgroup_v1: whether no node is on cgroup v1, or the kubelets' kept configuration allows that already
    """
    found: list[ChangeStep] = []
    standing = dict(nodes)
    for version in path:
        allows = not lets_cgroup_v1 and release_order(version)[1] >= _ASKS_FOR_CGROUP_V2
        found += _hop(cluster, kept, standing, version, leader, CGROUP_V1 if allows else {})
        lets_cgroup_v1 = lets_cgroup_v1 or allows
        kept = max(kept, version, key=release_order)
        standing = {name: _reached(node, version) for name, node in standing.items()}
    return tuple(found)


def _reached(node: NodeVersions, version: str) -> NodeVersions:
    return NodeVersions(version, dict.fromkeys(node.components, version))


def _hop(
    cluster: Cluster,
    kept: str,
    nodes: Mapping[str, NodeVersions],
    version: str,
    leader: str,
    edits: Edits,
) -> Iterator[ChangeStep]:
    present = [host for host in cluster.nodes if host.name in nodes]
    control_planes = [host for host in cluster.control_planes if host.name in nodes]
    behind = [host for host in control_planes if _is_behind(nodes[host.name], kept, version, host == control_planes[0])]
    moving = [host for host in present if nodes[host.name].kubelet != version or nodes[host.name].is_away]
    fetching = tuple(host.name for host in present if host in behind or nodes[host.name].kubelet != version)
    if fetching:
        yield ChangeStep(Work.FETCH, fetching, fetching, version, f"fetch packages and images of {version}")
    if behind:
        sentence = f"etcd snapshot before {version}, proved by a restore"
        yield ChangeStep(Work.SNAPSHOT, (leader,), (leader,), version, sentence, standing=kept)
    if edits and moving:
        fields = ", ".join(f"{'.'.join(path)} = {str(value).lower()}" for (_, path), value in edits.items())
        yield ChangeStep(Work.CONFIGURE, (leader,), (leader,), version, f"kubelets keep {fields}", edits=edits)
    for host in behind:
        step = _control_plane(host, kept, version, control_planes, nodes[host.name].is_unfinished)
        yield from out_of_the_balancers(cluster, host, step)
    for host in control_planes:
        if host in moving:
            step = _kubelets((host,), version)
            # A patch of the kubelet leaves static pods alone.
            is_minor = _line(nodes[host.name].kubelet) != _line(version)
            yield from out_of_the_balancers(cluster, host, step) if is_minor else (step,)
    for batch in worker_batches(cluster, [host for host in moving if host not in control_planes]):
        yield _kubelets(batch, version)


def _is_behind(node: NodeVersions, kept: str, version: str, is_first: bool) -> bool:
    """Whether the control plane's own part of the upgrade is due; the first one's ends with what the cluster keeps."""
    held = set(node.components.values()) | ({kept} if is_first else set())
    return held - {version} != set() or (node.is_unfinished and bool(node.components))


def _line(version: str) -> str:
    return version.rpartition(".")[0]


def _control_plane(
    host: HostSettings, kept: str, version: str, control_planes: Sequence[HostSettings], is_unfinished: bool
) -> ChangeStep:
    interrupts = OUTAGES.get(len(control_planes), OUTAGE)
    # An apply that failed behind its static pods may have left the add-ons, and is made again.
    if host == control_planes[0] and (kept != version or is_unfinished):
        sentence = f"kubeadm upgrade apply v{version}"
        return ChangeStep(Work.APPLY, (host.name,), (host.name,), version, sentence, interrupts)
    sentence = f"kubeadm upgrade node to {version}"
    return ChangeStep(Work.CONTROL_PLANE, (host.name,), (host.name,), version, sentence, interrupts)


def _kubelets(hosts: Sequence[HostSettings], version: str) -> ChangeStep:
    names = tuple(host.name for host in hosts)
    return ChangeStep(Work.KUBELET, names, names, version, f"drain, kubelet {version}, uncordon", "its pods move")
