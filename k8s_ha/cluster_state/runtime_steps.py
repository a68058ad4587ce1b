"""The steps by which standing nodes get another container runtime, in their order. Values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from k8s_ha.catalog.setting_changes import moves_runtime
from k8s_ha.cluster_state.change_steps import OUTAGE, OUTAGES, ChangeStep, Work, nodes_in_turn
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.settings import Cluster, HostSettings


def runtime_steps(snapshot: ClusterSnapshot, standing: Mapping[str, str | None]) -> tuple[ChangeStep, ...]:
    """Control planes one by one, each out of the balancer meanwhile, then workers in batches; all of them drained.

    + standing: what the kubelets speak to, as ``compatibility.cri`` names it, by inventory name

    Where any is to move, a node that a run has cordoned and not taken back is among them, whether or not it has moved.
    """
    cluster = snapshot.cluster
    moving = {host.name for host in cluster.nodes if moves_runtime(standing.get(host.name), cluster.cri)}
    due = [host for host in cluster.nodes if moving and _is_due(snapshot, host, moving)]
    # What a step was cut off at comes first: no other may be out beside it.
    due.sort(key=lambda host: not _is_silent(snapshot, host))
    return tuple(nodes_in_turn(cluster, due, lambda hosts: _step(cluster, hosts)))


def _is_due(snapshot: ClusterSnapshot, host: HostSettings, moving: Collection[str]) -> bool:
    node = snapshot.known(host).node
    return node is not None and (host.name in moving or node.is_away)


def _is_silent(snapshot: ClusterSnapshot, host: HostSettings) -> bool:
    view = snapshot.views.get(host.name) if "control_plane" in host.role else None
    return view is not None and view.is_silent


def _step(cluster: Cluster, hosts: Sequence[HostSettings]) -> ChangeStep:
    names = tuple(host.name for host in hosts)
    leads = any("control_plane" in host.role for host in hosts)
    outage = OUTAGES.get(len(cluster.control_planes), OUTAGE)
    sentence = "drain, from Docker to containerd, uncordon"
    interrupts = f"{outage}; its pods move" if leads else "its pods move"
    return ChangeStep(Work.RUNTIME, names, names, cluster.settings.version, sentence, interrupts)
