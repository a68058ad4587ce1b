"""A backup of the cluster, taken now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pyinfra import host, logger

from k8s_ha.cluster_state.node_state import NodeState
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.deploys.phase import phase, start_phase, stop_on_errors
from k8s_ha.facts.etcd_leader import EtcdLeader
from k8s_ha.facts.node import Node
from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.backup import has_come
from k8s_ha.observations.etcd import Leadership
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.backup import backup_taken
from k8s_ha.operations.backup_copy import SECONDS_TO_FETCH, backup_fetched
from k8s_ha.operations.commands import read_of_hosts
from k8s_ha.run import Run
from k8s_ha.settings.backup import BackupSettings

CHECK: Final = "backup"
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Taker:
    """The control plane that takes this run's backup, by inventory name; empty before it was chosen."""

    name: str = ""


@phase("Back up the cluster")
def backup(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have a backup of this moment, proved by a trial restore, on a control plane and on the operator's machine.

    Of the control planes whose etcd is well that one takes it whose own newest is the oldest, so that no one disk
    holds all. Without the setting ``backup`` its defaults hold.
    """
    # It changes nothing of the cluster, and is wanted most where a run would be refused.
    run = start_phase(settings, groups, changes=False)
    taker = run.part(Taker)
    with run.lock:
        if not taker.name:
            taker.name = _chosen(run)
            logger.info(f"{taker.name} takes the backup")
    if host.name == taker.name:
        wanted = run.cluster.settings.backup or BackupSettings()
        backup_taken(name="Save etcd and the control plane's files, and try the copy", run=run, settings=wanted)
        backup_fetched(
            name="Fetch the backup to the operator",
            run=run,
            settings=wanted,
            taken_here=True,
            _timeout=SECONDS_TO_FETCH,
        )


def _chosen(run: Run) -> str:
    """The control plane that takes it; PyinfraError where none can."""
    views: dict[str, NodeView | None] = read_of_hosts(Node, run.cluster.control_planes)
    told: dict[str, Leadership | None] = read_of_hosts(EtcdLeader, run.cluster.control_planes)
    snapshot = ClusterSnapshot(run.cluster, views)
    # One that is full is well: it gives all that it holds, and a backup of it is wanted before anything else is done.
    able = [
        entry.name
        for entry in run.cluster.control_planes
        if entry.name in run.surveys
        and snapshot.state(entry) is NodeState.JOINED
        and (state := told[entry.name])
        and state.is_well
    ]
    if not able:
        rule, remedy = "a healthy member has all of it", "bring one back, then run this again"
        stop_on_errors(
            [Finding(THE_CLUSTER, CHECK, "no control plane of this run has an etcd that is well", rule, remedy)]
        )
    return min(able, key=lambda name: _taken(run, name))


def _taken(run: Run, name: str) -> datetime:
    newest = run.surveys[name].backup.newest
    return newest.taken if newest and has_come(newest.taken, datetime.now(UTC)) else _LONG_AGO
