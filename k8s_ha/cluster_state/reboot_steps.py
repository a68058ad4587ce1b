"""The steps by which the nodes of a standing cluster are rebooted, in their order. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from k8s_ha.cluster_state.change_plan import is_at
from k8s_ha.cluster_state.change_steps import OUTAGE, ChangeStep, Work, nodes_in_turn
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.last_boot import LastBoot
from k8s_ha.settings import Cluster, HostSettings
from k8s_ha.untrusted import some

OUTAGES: Final[Mapping[int, str]] = {
    1: "the API, while it boots",
    2: "the API, while it boots: two etcd members need each other",
}
"""What the boot of a control plane interrupts where they are few, by their number."""


def is_boot_due(boot: LastBoot, since: int | None) -> bool:
    """Whether a host is to boot: where packages wait for it, or it has not booted since a moment that was given.

    + since: in seconds since 1970; None for none
    """
    return boot.booted < since if since is not None else bool(boot.waiting)


def reboot_steps(snapshot: ClusterSnapshot, boots: Mapping[str, LastBoot], since: int | None) -> tuple[ChangeStep, ...]:
    """Control planes one by one, each out of the balancer meanwhile, then workers in batches; all of them drained.

    + boots: of the nodes, by inventory name

    A node that a run has cordoned and not taken back is among them, whether or not it has booted.
    """
    cluster = snapshot.cluster
    due = [host for host in cluster.nodes if _is_due(snapshot, host, boots, since)]
    return tuple(nodes_in_turn(cluster, due, lambda hosts: _step(cluster, hosts, boots)))


def only_takes_back(snapshot: ClusterSnapshot, step: ChangeStep) -> bool:
    """Whether a step has nothing to do but to take back nodes that a run has cordoned, as a reboot does too."""
    hosts = [snapshot.cluster.host(name) for name in step.hosts]
    version = snapshot.cluster.settings.version
    return step.work is Work.KUBELET and all(is_at(snapshot, host, version) for host in hosts)


def _is_due(snapshot: ClusterSnapshot, host: HostSettings, boots: Mapping[str, LastBoot], since: int | None) -> bool:
    node = snapshot.known(host).node
    if node is None or host.name not in boots:
        return False
    return is_boot_due(boots[host.name], since) or node.is_away


def _step(cluster: Cluster, hosts: Sequence[HostSettings], boots: Mapping[str, LastBoot]) -> ChangeStep:
    names = tuple(host.name for host in hosts)
    leads = any("control_plane" in host.role for host in hosts)
    interrupts = OUTAGES.get(len(cluster.control_planes), OUTAGE) if leads else ""
    # Of a single balancer that boots nobody takes the place.
    is_endpoint = {host.name for host in cluster.load_balancers} <= {*names} and bool(cluster.load_balancers)
    parts = (interrupts, "the endpoint, while it boots" if is_endpoint else "", "its pods move")
    waiting = sorted({package for name in names for package in boots[name].waiting})
    reason = f" for {some(waiting)}" if waiting else ""
    sentence = f"drain, reboot{reason}, uncordon"
    return ChangeStep(Work.REBOOT, names, names, cluster.settings.version, sentence, "; ".join(filter(None, parts)))
