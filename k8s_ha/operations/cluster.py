"""Observing the cluster from all its control planes, and changing what stands in it."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pyinfra import host, logger
from pyinfra.api import Host, StringCommand

from k8s_ha.catalog.control_plane import kubectl
from k8s_ha.cluster_state.difference import flannel_refusal
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.facts.cluster import FlannelConfig, ManifestDigest
from k8s_ha.facts.node import Node
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.commands import fail_host, poll_until, read_everywhere, read_of_hosts
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.pyinfra_internals.state import given_up
from k8s_ha.run import Run, is_executing
from k8s_ha.settings import HostSettings

SECONDS_TO_SERVE: Final = 330
"""How long an API server or an etcd may take whose host was booted, or that ended for want of its peers.

A kubelet starts such a container again after five minutes at most (kubernetes.io: Pod lifecycle, restart policy).
"""

SECONDS_TO_ELECT: Final = 30
"""How long etcd may be without a leader before that counts as a lost quorum."""


@dataclass
class Moment:
    """Whether the run's snapshot was observed while executing."""

    executing: bool = False


def observe(run: Run, fresh: bool = False) -> ClusterSnapshot:
    """What each control plane holds and answers, also one that is to be none any more.

    Read from all of them at once and kept: joins add nodes but never take one away. Execution observes once more on its
    own, since minutes or a person's decision may lie between it and the preparation. ``fresh`` reads again.
    """
    moment = run.part(Moment)
    with run.lock:
        if fresh or run.snapshot is None or moment.executing != is_executing():
            moment.executing = is_executing()
            asked = (*run.cluster.control_planes, *run.cluster.former_control_planes)
            views = read_nodes(run, asked)
            run.snapshot = ClusterSnapshot(run.cluster, views, former=run.former_endpoints)
        return replace(run.snapshot, failed=given_up(host.state))


def node_arguments(run: Run, entry: HostSettings) -> dict[str, Any]:
    """The arguments of ``Node`` for a host that may hold nothing but etcd's data."""
    folder = run.cluster.etcd_folder if "control_plane" in entry.role else ""
    return {"address": entry.address, "etcd_folder": folder}


def read_nodes(run: Run, entries: Iterable[HostSettings], standing: bool = False) -> dict[str, NodeView | None]:
    """What hosts hold, also those that may hold nothing but etcd's data, by inventory name.

    + standing: as for ``Node``
    """
    asked = {host.inventory.get_host(entry.name): node_arguments(run, entry) for entry in entries}
    return read_everywhere(Node, {member: {**given, "standing": standing} for member, given in asked.items()})


def observe_idle(nodes: Sequence[HostSettings], seconds: int) -> dict[str, NodeView | None]:
    """What hosts hold when no kubeadm of an earlier or another run is at work on them any more.

    Those where one still is after ``seconds``, and all where one is while pyinfra prepares, are left out.
    """

    def idle(found: Mapping[str, NodeView | None]) -> dict[str, NodeView | None]:
        return {name: view for name, view in found.items() if view is None or not view.busy}

    allowed = seconds if is_executing() else 0
    return idle(poll_until(lambda: read_of_hosts(Node, nodes), lambda found: idle(found) == found, allowed))


def wait_for_leader(run: Run) -> ClusterSnapshot:
    """The cluster with a leader; where there is none, one that may come up is waited for: it may just have booted.

    Not for long where most of etcd's members are away: what comes up cannot serve then.
    """
    began = time.monotonic()

    def settled(snapshot: ClusterSnapshot) -> bool:
        lost = snapshot.lost_quorum
        patience = SECONDS_TO_SERVE if lost is None or lost.may_recover else SECONDS_TO_ELECT
        return bool(snapshot.leader) or not snapshot.may_come_up or time.monotonic() - began > patience

    snapshot = observe(run)
    if settled(snapshot):
        return snapshot
    logger.info(f"no control plane answers yet: they are waited for, {SECONDS_TO_SERVE} s at most")
    return poll_until(lambda: observe(run, fresh=True), settled, SECONDS_TO_SERVE)


def observe_leader(run: Run) -> ClusterSnapshot:
    """The cluster as of this moment, with a leader where there is one; after a join etcd may elect first."""
    return poll_until(lambda: observe(run, fresh=True), lambda snapshot: bool(snapshot.leader), SECONDS_TO_ELECT)


def is_leader(run: Run, candidate: Host) -> bool:
    """Whether ``candidate`` is the leader."""
    leader = observe(run).leader
    return leader is not None and leader.name == candidate.name


@isolated_operation
def flannel_applied(run: Run, manifest: str, digest: str) -> Generator[StringCommand]:
    """Have flannel's manifest applied, on the leader, where flannel does not stand with another network or backend.

    + digest: of the manifest; its last object carries it as annotation, so that one applied by half is applied again
    """
    if not is_executing() and observe(run).leader is None:
        if host.name == run.cluster.control_planes[0].name:
            yield StringCommand("kubectl apply -f -")
        return
    if not is_leader(run, host):
        host.noop("another control plane is the leader")
        return
    address = run.cluster.host(host.name).address
    live = require_fact(ManifestDigest, address=address, resource="daemonset/kube-flannel-ds", namespace="kube-flannel")
    if live == digest:
        host.noop("the manifest is applied")
        return
    config, pods = require_fact(FlannelConfig, address=address)
    reason = flannel_refusal(config, pods, run.cluster)
    if reason is not None:
        yield fail_host(reason)
    else:
        yield StringCommand(kubectl(address, "apply -f -"), _stdin=manifest)
