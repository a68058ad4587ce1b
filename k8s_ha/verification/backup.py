"""Whether there is a good backup, and whether there will be the next. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.backup import Backup, BackupState, newest_backup
from k8s_ha.observations.host_status import HostStatus
from k8s_ha.settings import Cluster

CHECK: Final = "backup"
PERIODS: Final = 2
"""How many periods of the schedule old the last good backup may be."""

NOW: Final = "run `pyinfra INVENTORY k8s_ha.backup`"


def backup_findings(statuses: Mapping[str, HostStatus], cluster: Cluster, now: datetime) -> Iterator[Finding]:
    """Timers that do not run, backups that failed or are whole no more, and a last good one that is too old."""
    settings = cluster.settings.backup
    if settings is None:
        return
    states = _states(statuses, cluster)
    found = newest_backup(states)
    newest = found[1] if found else None
    for name, state in states.items():
        if not state.runs:
            remedy = "run the deploy, with scheduled_backups() in it"
            yield Finding(name, CHECK, "its timer of backups does not run", "it waits for its next moment", remedy)
        if state.damage:
            yield Finding(name, CHECK, state.damage, "as a trial restore has proved it", f"see that disk; {NOW}")
        if state.failure:
            yield _failed(name, state, newest)
    if len(states) < len(cluster.control_planes):
        return  # the newest may be where nobody could look, and that is said
    period = timedelta(seconds=settings.planned.period)
    # One that has just been scheduled had no moment yet.
    since = [*([newest.taken] if newest else []), *(state.scheduled for state in states.values() if state.scheduled)]
    if since and now - max(since) <= PERIODS * period:
        return
    last = f"the last good backup is of {newest.taken:%Y-%m-%d %H:%M} UTC" if newest else "there is no good backup"
    wanted = f"one of the last {PERIODS} periods of schedule {settings.schedule!r}"
    remedy = f"see `journalctl -u k8s-ha-backup` on the control planes; {NOW}"
    yield Finding(THE_CLUSTER, CHECK, last, wanted, remedy)


def backup_phrase(statuses: Mapping[str, HostStatus], cluster: Cluster) -> str:
    """Of when the last good one is, and where; empty where there is none."""
    found = newest_backup(_states(statuses, cluster))
    return f"the last of {found[1].taken:%Y-%m-%d %H:%M} UTC, on {found[0]}" if found else ""


def _states(statuses: Mapping[str, HostStatus], cluster: Cluster) -> dict[str, BackupState]:
    return {entry.name: statuses[entry.name].backup for entry in cluster.control_planes if entry.name in statuses}


def _failed(name: str, state: BackupState, newest: Backup | None) -> Finding:
    """A failure; one that a good backup came after, wherever, is a warning."""
    assert state.failure is not None
    moment = state.failure.moment
    is_past = moment is not None and newest is not None and newest.taken > moment
    when = f" of {moment:%Y-%m-%d %H:%M} UTC" if moment else ""
    found = f"its last backup{when} failed: {state.failure.sentence}"
    remedy = f"see `journalctl -u k8s-ha-backup` there; {NOW}"
    return Finding(name, CHECK, found, "a trial restore that ends well", remedy, "warning" if is_past else "error")
