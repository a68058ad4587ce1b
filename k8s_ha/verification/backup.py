"""Whether there is a good backup, and whether there will be the next. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.backup import Backup, BackupState, has_come, newest_backup
from k8s_ha.observations.host_status import HostStatus
from k8s_ha.settings import Cluster
from k8s_ha.settings.backup import BackupSettings

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
    newest = last_backup(statuses, cluster, now)
    for name, state in states.items():
        if not state.runs:
            remedy = "run the deploy, with scheduled_backups() in it"
            yield Finding(name, CHECK, "its timer of backups does not run", "it waits for its next moment", remedy)
        if state.broken_file is not None:
            found = f"{state.broken_file} is gone or damaged"
            yield Finding(name, CHECK, found, "as a trial restore has proved it", f"see that disk; {NOW}")
        if state.newest and not has_come(state.newest.taken, now):
            found = f"its last backup says {_moment(state.newest.taken)}, which is still to come"
            yield Finding(name, CHECK, found, "a moment of the past", f"set the clock there; {NOW}")
        if state.failure:
            yield _failed(name, state, newest)
    yield from _age_findings(states, cluster, settings, newest, now)


def copy_findings(
    copied: datetime | None, statuses: Mapping[str, HostStatus], cluster: Cluster, now: datetime
) -> Iterator[Finding]:
    """What this machine lacks of the last good backup, of which a timer brings no copy.

    + copied: when the newest backup of this cluster was taken that this machine holds; None where it holds none
    """
    settings, newest = cluster.settings.backup, last_backup(statuses, cluster, now)
    if settings is None or newest is None or _is_old(newest.taken, settings, now):
        return  # then it is no copy that is wanted
    fetch = "run `pyinfra INVENTORY k8s_ha.scheduled_backups`"
    if copied is None:
        # Verify may run where no secret is to be.
        found = f"this machine has no backup of the cluster in {settings.local_dir}"
        yield Finding(THE_CLUSTER, CHECK, found, "a copy that no disk of the cluster holds", fetch, "warning")
    elif _is_old(copied, settings, now):
        found = f"the newest copy on this machine is of {_moment(copied)}"
        yield Finding(THE_CLUSTER, CHECK, found, _wanted(settings), fetch)


def backup_phrase(statuses: Mapping[str, HostStatus], cluster: Cluster) -> str:
    """Of when the last good one is, and where; empty where there is none."""
    found = newest_backup(_states(statuses, cluster))
    return f"the last of {_moment(found[1].taken)}, on {found[0]}" if found else ""


def last_backup(statuses: Mapping[str, HostStatus], cluster: Cluster, now: datetime) -> Backup | None:
    """The newest good one of the control planes that were read; None where they have none."""
    found = newest_backup(_states(statuses, cluster), now)
    return found and found[1]


def _age_findings(
    states: Mapping[str, BackupState], cluster: Cluster, settings: BackupSettings, newest: Backup | None, now: datetime
) -> Iterator[Finding]:
    """A last good one that is too old, unless the first timer has just been scheduled, and had no moment yet."""
    scheduled = [state.scheduled for state in states.values() if state.scheduled and has_come(state.scheduled, now)]
    since = [*([newest.taken] if newest else []), *([min(scheduled)] if scheduled else [])]
    if not states or (since and not _is_old(max(since), settings, now)):
        return
    last = f"the last good backup is of {_moment(newest.taken)}" if newest else "there is no good backup"
    remedy = f"see `journalctl -u k8s-ha-backup` on the control planes; {NOW}"
    unread = [entry.name for entry in cluster.control_planes if entry.name not in states]
    if unread:
        hosts = ", ".join(states)
        last += f", as far as {hosts} {'tells' if len(states) == 1 else 'tell'}"
    # A newer one may be where nobody could look, which is said elsewhere.
    yield Finding(THE_CLUSTER, CHECK, last, _wanted(settings), remedy, "warning" if unread else "error")


def _is_old(moment: datetime, settings: BackupSettings, now: datetime) -> bool:
    return now - moment > PERIODS * timedelta(seconds=settings.planned.period)


def _wanted(settings: BackupSettings) -> str:
    return f"one of the last {PERIODS} periods of schedule {settings.schedule!r}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _states(statuses: Mapping[str, HostStatus], cluster: Cluster) -> dict[str, BackupState]:
    return {entry.name: statuses[entry.name].backup for entry in cluster.control_planes if entry.name in statuses}


def _failed(name: str, state: BackupState, newest: Backup | None) -> Finding:
    """A failure; one that a good backup came after, wherever, is a warning."""
    assert state.failure is not None
    moment, words = state.failure.moment, state.failure.sentence
    is_past = moment is not None and newest is not None and newest.taken > moment
    when = f" of {_moment(moment)}" if moment else ""
    found = f"its last backup{when} failed: {words}"
    remedy = f"see `journalctl -u k8s-ha-backup` there; {NOW}"
    return Finding(name, CHECK, found, "a trial restore that ends well", remedy, "warning" if is_past else "error")
