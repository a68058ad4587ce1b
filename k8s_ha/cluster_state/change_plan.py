"""Which steps are due on a cluster that stands. Values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from k8s_ha.catalog.compatibility import UPSTREAM_REGISTRY
from k8s_ha.catalog.upgrades import numbers
from k8s_ha.cluster_state.authority import knows_this_cluster
from k8s_ha.cluster_state.change_steps import IN_THE_CONTROL_PLANE, ChangeStep, Work, release_order
from k8s_ha.cluster_state.node_state import NodeState
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.cluster_state.upgrade_path import NoPath, never_back, no_minor_left_out, release_from, upgrade_path
from k8s_ha.cluster_state.upgrade_steps import NodeVersions, oldest_served, upgrade_steps
from k8s_ha.observations.node import ClusterNode, NodeView
from k8s_ha.settings import HostSettings

VERSIONED: Final = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
"""The static pods whose version is the cluster's."""


def standing_versions(snapshot: ClusterSnapshot) -> dict[str, NodeVersions]:
    """What runs on each node of the inventory that the cluster has, by inventory name; none without a leader."""
    found = {}
    for host in snapshot.cluster.nodes:
        node, view = snapshot.known(host).node, snapshot.views.get(host.name)
        if node is not None:
            found[host.name] = _versions(node, view if snapshot.state(host) is NodeState.JOINED else None)
    return found


def _versions(node: ClusterNode, view: NodeView | None) -> NodeVersions:
    components = {}
    for component in VERSIONED if view else ():
        try:
            pod = view.standing.static_pod(component) if view else None
        except ValueError:
            continue  # a manifest that cannot be read is told of its host
        if pod is not None and pod.version:
            components[component] = pod.version.removeprefix("v")
    unfinished = view is not None and view.upgrade_unfinished
    return NodeVersions(node.version.removeprefix("v"), components, node.is_away, unfinished)


def is_at(snapshot: ClusterSnapshot, host: HostSettings, version: str) -> bool:
    """Whether a node's kubelet is of this version, so that no step drains it for that."""
    node = snapshot.known(host).node
    return node is not None and node.version == f"v{version}"


def kubelet_minors(snapshot: ClusterSnapshot) -> dict[str, int]:
    """The minor of each node's kubelet, by inventory name, as far as it tells a release."""
    known = {name: numbers(node.kubelet) for name, node in standing_versions(snapshot).items()}
    return {name: found[1] for name, found in known.items() if found}


def kept_version(snapshot: ClusterSnapshot) -> str:
    """The version that the cluster keeps; the wanted one where that cannot be read, which is told by itself."""
    view = snapshot.leader_view
    try:
        kept = (view.standing.document("ClusterConfiguration") or {}).get("kubernetesVersion") if view else None
    except ValueError:
        kept = None
    return str(kept).removeprefix("v") if kept else snapshot.cluster.settings.version


def is_moving(snapshot: ClusterSnapshot) -> bool:
    """Whether some part of the cluster is of another version than the wanted one, or waits to take up pods again."""
    if snapshot.leader is None:
        return False
    nodes = standing_versions(snapshot)
    return _all(kept_version(snapshot), nodes) != {snapshot.cluster.settings.version} or any(
        node.is_away or node.is_unfinished for node in nodes.values()
    )


def _all(kept: str, nodes: Mapping[str, NodeVersions]) -> set[str]:
    return {*_parts(kept, nodes).values()}


def _parts(kept: str, nodes: Mapping[str, NodeVersions]) -> dict[str, str]:
    """The version of each part of the cluster that tells one, by a name of it for people."""
    found = {"its configuration": kept}
    for name, node in nodes.items():
        found |= {f"{component} of {name}": version for component, version in node.components.items()}
        found[f"the kubelet of {name}"] = node.kubelet
    return {part: version for part, version in found.items() if version}


def steps_back(snapshot: ClusterSnapshot) -> tuple[ChangeStep, ...]:
    """The steps where all is of the wanted version, and nodes only wait to be taken back; none where more is due."""
    nodes, kept, wanted = standing_versions(snapshot), kept_version(snapshot), snapshot.cluster.settings.version
    if _all(kept, nodes) != {wanted} or any(node.is_unfinished for node in nodes.values()):
        return ()
    return upgrade_steps(snapshot.cluster, kept, nodes, (wanted,), snapshot.leader.name if snapshot.leader else "")


def minors_between(snapshot: ClusterSnapshot) -> range:
    """The minor versions whose packages an upgrade may need: from the oldest that stands to the wanted one.

    Raises NoPath.
    """
    nodes, wanted = standing_versions(snapshot), snapshot.cluster.settings.version
    found = [_minor(version) for version in _all(kept_version(snapshot), nodes)]
    return range(min(found), _minor(wanted) + 1)


def _minor(version: str) -> int:
    found = numbers(version)
    if found is None:
        raise NoPath(
            f"a part of the cluster is of version {version!r}", "releases are compared, x.y.z", "bring it to a release"
        )
    return found[1]


def changes_due(
    snapshot: ClusterSnapshot,
    available: Mapping[int, Collection[str]] | None,
    etcd: Mapping[str, str],
    on_cgroup_v1: bool = False,
) -> tuple[ChangeStep, ...]:
    """The steps that bring the cluster to the wanted version, whatever an earlier run has done of them.

    + available: versions by minor that every node can get; None where that was not asked
    + etcd: the version of each member, by its host's inventory name
    + on_cgroup_v1: whether any node is

    Raises NoPath.
    """
    cluster, nodes, kept = snapshot.cluster, standing_versions(snapshot), kept_version(snapshot)
    wanted = cluster.settings.version
    for version in _all(kept, nodes):
        _minor(version)
    newest = max(_all(kept, nodes), key=release_order)
    if release_order(newest) > release_order(wanted):
        raise NoPath(
            f"a part of the cluster is of Kubernetes {newest}, and {wanted} is wanted",
            "Kubernetes does not go back, nor does etcd's data",
            f"set kubernetes_version = '{newest}' or newer",
        )
    begin = oldest_served(kept, nodes)
    own_repository = cluster.image_repository != UPSTREAM_REGISTRY
    path = upgrade_path(begin, wanted, available, own_repository, etcd)
    path = (*_kubelets_first(wanted, kept, nodes, available, own_repository), *path) or (wanted,)
    path = never_back(path, _parts(kept, nodes), available)
    no_minor_left_out(path[0], {name: node.kubelet for name, node in nodes.items() if node.kubelet})
    allowed = not on_cgroup_v1 or _allows_cgroup_v1(snapshot)
    leader = snapshot.leader.name if snapshot.leader else ""
    return upgrade_steps(cluster, kept, nodes, path, leader, allowed)


def silent_control_planes(snapshot: ClusterSnapshot, steps: Sequence[ChangeStep]) -> list[str]:
    """Control planes that keep the steps from beginning, by inventory name: nobody may be out beside one that is.

    The one whose own step comes first may be: a run that was cut off may have left it so, and the step mends it. So
    may those that are brought back before all others, and whoever serves with them as soon as etcd has a majority.
    """
    acting = (*IN_THE_CONTROL_PLANE, Work.KUBELET, Work.KUBELET_CONFIG, Work.REBOOT, Work.RUNTIME)
    first = next((step.subjects for step in steps if step.work in acting), ())
    revived = {name for step in steps if step.work is Work.REVIVE for name in step.subjects}
    planes = snapshot.cluster.control_planes
    if snapshot.leader is None and revived:
        away = [host.name for host in planes if host.name not in revived and not _serves_with_others(snapshot, host)]
        return away if len(away) >= (len(planes) + 1) // 2 else []
    found = []
    for host in planes:
        view = snapshot.views.get(host.name)
        if steps and (view is None or view.is_silent) and host.name not in {*first, *revived}:
            found.append(host.name)
    return found


def _serves_with_others(snapshot: ClusterSnapshot, host: HostSettings) -> bool:
    """Whether a control plane that was read may serve as soon as others do."""
    view, endpoint = snapshot.views.get(host.name), snapshot.cluster.endpoint
    return view is not None and view.is_silent and knows_this_cluster(view, host, endpoint, snapshot.former_endpoints)


def _kubelets_first(
    wanted: str,
    kept: str,
    nodes: Mapping[str, NodeVersions],
    available: Mapping[int, Collection[str]] | None,
    own_repository: bool,
) -> tuple[str, ...]:
    """A version of the minor that all API servers have, where a kubelet is a minor behind it: none passes over a minor.

    Each line's kubeadm takes away the flags that its kubelet has lost, and no other does. Raises NoPath.
    """
    served = {kept, *(version for node in nodes.values() for version in node.components.values())}
    minors = {_minor(version) for version in served}
    minor = min(minors)
    lags = any(_minor(node.kubelet) < minor for node in nodes.values() if node.kubelet)
    if len(minors) > 1 or not lags or minor == _minor(wanted):
        return ()
    return (release_from(max(served, key=release_order), available, own_repository),)


def _allows_cgroup_v1(snapshot: ClusterSnapshot) -> bool:
    view = snapshot.leader_view
    try:
        kept = (view.standing.document("KubeletConfiguration") or {}) if view else {}
    except ValueError:
        return True  # that it cannot be read ends the run by itself
    return kept.get("failCgroupV1") is False
