"""Labels and taints of nodes that stand."""

from __future__ import annotations

import json
import shlex
from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.catalog.control_plane import kubectl
from k8s_ha.cluster_state.node_metadata import MetadataChange, metadata_changes
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.node import ANNOTATION
from k8s_ha.operations.cluster import observe, observe_leader
from k8s_ha.operations.commands import planned
from k8s_ha.operations.isolated import isolated_operation
from k8s_ha.run import Run, is_executing


@isolated_operation
def labels_and_taints_set(run: Run) -> Generator[StringCommand]:
    """Have each node carry the labels and taints that the settings give it, and none that they gave it before."""
    snapshot = _observed(run)
    if snapshot.leader is None:
        named = any(entry.labels or entry.taints is not None for entry in run.cluster.nodes)
        if named and not is_executing() and host.name == run.cluster.control_planes[0].name:
            yield planned("labels and taints are noted as the settings'")
        else:
            host.noop("no node is known yet")
        return
    changes = metadata_changes(snapshot)
    if snapshot.leader.name != host.name or not changes:
        host.noop("another control plane is the leader, or all labels and taints are as wanted")
        return
    for change in changes.values():
        yield StringCommand(_commands(change, snapshot.leader.address))


def _observed(run: Run) -> ClusterSnapshot:
    """The cluster with the nodes that have joined in this run."""
    snapshot = observe(run)
    known = {node.name for node in snapshot.leader_view.nodes} if snapshot.leader_view else set()
    if is_executing() and not {node.hostname for node in run.cluster.nodes} <= known:
        return observe_leader(run)
    return snapshot


def _commands(change: MetadataChange, address: str) -> str:
    """The note first names what was and what will be the settings': a cut in between loses track of nothing."""
    parts = [_patched(change, address, change.meanwhile, dict(change.labels))]
    taints = [*change.taints, *(f"{taint}-" for taint in change.untaints)]
    if taints:
        words = " ".join(map(shlex.quote, taints))
        parts.append(kubectl(address, f"taint node {change.hostname} --overwrite {words}"))
    if change.meanwhile != change.owned:
        parts.append(_patched(change, address, change.owned, {}))
    return " && ".join(parts)


def _patched(change: MetadataChange, address: str, owned: str, labels: dict[str, str | None]) -> str:
    metadata = {"labels": labels, "annotations": {ANNOTATION: owned or None}}
    patch = shlex.quote(json.dumps({"metadata": metadata}, sort_keys=True))
    return kubectl(address, f"patch node {change.hostname} --type merge -p {patch}")
