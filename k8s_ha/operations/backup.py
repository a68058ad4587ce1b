"""Backups by schedule: the timer that has them taken, and one that is taken now."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Generator
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.desired.backup_units import service_unit, timer_unit
from k8s_ha.observations.backup import (
    KEY_FILE,
    SCRIPT_FILE,
    SERVICE,
    SERVICE_FILE,
    TIMER,
    TIMER_FILE,
    BackupState,
    OwnFile,
)
from k8s_ha.operations.commands import long_command, long_script, write
from k8s_ha.operations.etcd_snapshot import LOG, SECONDS_FOR_A_SNAPSHOT, scheduled_script
from k8s_ha.operations.isolated import isolated_operation
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run
from k8s_ha.settings import HostSettings
from k8s_ha.settings.backup import BackupSettings

SECONDS_FOR_ETCD: Final = 300
"""How long the timer's script waits for an etcd that tells nothing: its host may just have booted."""

_RUNNING: Final = {TIMER_FILE: TIMER, SERVICE_FILE: SERVICE}
_UNITS: Final = tuple(_RUNNING)
_RECORDS: Final = (f"/var/lib/systemd/timers/stamp-{TIMER}", "/var/lib/k8s-ha/backup-failed")
"""What systemd and the script keep: of no use, and wrong for a timer that comes back one day."""


@isolated_operation
def backup_scheduled(run: Run) -> Generator[StringCommand]:
    """Have a timer that backs the cluster up when it is this control plane's turn; elsewhere, or unasked for, none.

    The survey of the host has told what stands.
    """
    state, settings = _state(run), _wanted(run, host.name)
    if settings is None:
        if state.files:
            yield unscheduled()
        else:
            host.noop("no timer stands")
        return
    wanted = _files(run, run.cluster.host(host.name), settings)
    changed = [path for path, (text, mode) in wanted.items() if state.files.get(path) != _own_file(text, mode)]
    surplus = [path for path in state.files if path not in wanted]
    for path in changed:
        yield write(path, *wanted[path])
    if surplus:
        yield StringCommand("rm", "-f", *surplus)
    if state.runs and not set(changed) & set(_UNITS):
        if not changed and not surplus:
            host.noop("the timer stands as wanted")
        return
    yield StringCommand(f"systemctl daemon-reload && systemctl -q enable {TIMER} && systemctl restart {TIMER}")


def is_left_over(run: Run, name: str) -> bool:
    """Whether a host has a timer of this package's that no setting asks for any more."""
    return _wanted(run, name) is None and bool(run.surveys[name].backup.files)


def _wanted(run: Run, name: str) -> BackupSettings | None:
    return run.cluster.settings.backup if "control_plane" in run.cluster.host(name).role else None


def unscheduled() -> StringCommand:
    """A command that takes the timer from a host, and what goes with it; backups, and which was the last, stay."""
    # A backup that is being taken is stopped: it writes where a reset removes what etcd held.
    stops = " && ".join(f"{{ [ ! -e {file} ] || systemctl stop {unit}; }}" for file, unit in _RUNNING.items())
    # What could not be stopped keeps its files, and the script goes last: the next run finds what is left by them.
    return StringCommand(
        f"{stops} && {{ [ ! -e {TIMER_FILE} ] || systemctl -q disable {TIMER}; }} && "
        f"rm -f {shlex.join((*_UNITS, *_RECORDS))} && systemctl daemon-reload && "
        f"rm -f {shlex.join((KEY_FILE, SCRIPT_FILE))}"
    )


@isolated_operation
def backup_taken(run: Run, settings: BackupSettings) -> Generator[StringCommand]:
    """Have a backup of this moment on the current host, a control plane, that a trial restore has proved."""
    key = run.recipient_key
    if key and _state(run).files.get(KEY_FILE) != _own_file(key, "644"):
        yield write(KEY_FILE, key)
    script = scheduled_script(run, run.cluster.host(host.name), settings)
    yield long_command(LOG, script, seconds=SECONDS_FOR_A_SNAPSHOT)


def _state(run: Run) -> BackupState:
    return run.surveys[host.name].backup


def _files(run: Run, own: HostSettings, settings: BackupSettings) -> dict[str, tuple[str, str]]:
    """Text and mode of each file, in the order in which they are written: the timer's comes last."""
    schedule = settings.planned
    values = {
        "ADDRESS": own.address,
        "ENDPOINT": run.cluster.endpoint,
        "FIRST": str(schedule.first),
        "PERIOD": str(schedule.period),
        "SECONDS_TO_WAIT": str(SECONDS_FOR_ETCD),
        "BACKUP": long_script(LOG, scheduled_script(run, own, settings), seconds=SECONDS_FOR_A_SNAPSHOT),
    }
    scripts = ("facts/etcd.sh", "json-field.sh", "backup-turn.sh")
    key = run.recipient_key
    # It waits for etcd, and for the lock as long as it may run.
    seconds = SECONDS_FOR_ETCD + 2 * SECONDS_FOR_A_SNAPSHOT + 60
    return {
        **({KEY_FILE: (key, "644")} if key else {}),
        SCRIPT_FILE: (shell_variables(values) + "".join(map(read_file, scripts)), "700"),
        SERVICE_FILE: (service_unit(seconds), "644"),
        TIMER_FILE: (timer_unit(schedule), "644"),
    }


def _own_file(text: str, mode: str) -> OwnFile:
    return OwnFile(hashlib.sha256(text.encode()).hexdigest(), mode, "root:root")
