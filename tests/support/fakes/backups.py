"""Backups by schedule on the simulated hosts: what a host tells of them, and what becomes of the commands about them.

A backup is text: ``BYTES`` for each of its files, under a descriptor as the real script writes it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
import time
from pathlib import Path

from k8s_ha.observations.backup import KEY_FILE, SCRIPT_FILE, SERVICE_FILE, TIMER, TIMER_FILE
from tests.support.fakes.request import Failure, Request
from tests.support.fakes.world import Machine

BYTES = "what etcd holds"
LAST = "/var/lib/k8s-ha/last-backup"
FAILED = "/var/lib/k8s-ha/backup-failed"
FILES = (TIMER_FILE, SERVICE_FILE, SCRIPT_FILE, KEY_FILE)
WRITTEN = "/simulated/backup-timer-written"
"""Holds the second in which the timer's file was written; without it that is now."""


def told(request: Request) -> list[str]:
    """What files/facts/backup.sh prints."""
    held, lines = request.machine.files, []
    if LAST in held:
        path = held[LAST].strip()
        lines.append(f"backup_newest {path}")
        if f"{path}.json" in held:
            lines.append(f"backup_descriptor {base64.b64encode(held[f'{path}.json'].encode()).decode()}")
        parts = [name for name in held if name.startswith(f"{path}.")]
        lines += [f"backup_part {len(held[name])} {name.rpartition('/')[2]}" for name in parts]
    lines += [f"backup_failed {held.get(FAILED)}"] * (FAILED in held)
    for path in FILES:
        if path in held:
            digest = hashlib.sha256(held[path].encode()).hexdigest()
            written = held.get(WRITTEN) or int(time.time())
            lines.append(f"backup_unit {digest} {request.machine.modes[path]} root:root {written} {path}")
    if TIMER_FILE in held:
        active = "active" if TIMER in request.machine.active else "inactive"
        enabled = "enabled" if TIMER in request.machine.enabled else "disabled"
        lines += [f"backup_timer ActiveState={active}", f"backup_timer UnitFileState={enabled}"]
    return [*lines, "backup_tool gpg"]


def local(folder: Path) -> list[str]:
    """What the operator's machine holds, by path within the folder of backups.

    + folder: that pyinfra works in
    """
    backups = folder / "backups"
    return sorted(str(path.relative_to(backups)) for path in backups.rglob("*") if path.is_file())


def files_of(*names: str) -> list[str]:
    """What it is to hold of these backups."""
    return sorted([".gitignore", *(f"{name}/{name}.{end}" for name in names for end in ("db", "json", "tar.gz"))])


def hold(machine: Machine, name: str, folder: str = "/var/lib/k8s-ha/backups", taken: str = "") -> None:
    """Have a host hold a backup that counts, as its newest."""
    moment = name.rpartition("-")[2]
    written = f"{moment[:4]}-{moment[4:6]}-{moment[6:11]}:{moment[11:13]}:{moment[13:]}"
    parts = [
        {"file": f"{name}.{end}", "size": len(BYTES), "sha256": hashlib.sha256(BYTES.encode()).hexdigest()}
        for end in ("db", "tar.gz")
    ]
    descriptor = {"name": name, "taken": taken or written, "caHash": "sha256:0", "parts": parts}
    for part in parts:
        machine.write(f"{folder}/{part['file']}", BYTES)
    machine.write(f"{folder}/{name}.json", json.dumps(descriptor))
    machine.write(LAST, f"{folder}/{name}\n")


def taken(request: Request) -> None:
    """One that is taken by ``request``, the script that a long command wraps; each is a second younger than any."""
    held = [name for machine in request.world.machines.values() for name in machine.files if "/backup-" in name]
    number = 1 + len([name for name in held if name.endswith(".json")])
    hold(
        request.machine,
        f"{request.variable('STEM')}-20220102T0000{number:02}Z",
        request.variable("FOLDER"),
    )
    request.machine.files.pop(FAILED, None)


def piece(request: Request) -> list[str]:
    source, number, size = re.search(r"dd if=(\S+) bs=(\d+) skip=(\d+)", request.command).group(1, 3, 2)
    text = request.machine.files.get(shlex.split(source)[0])
    if text is None:
        raise Failure("dd: failed to open")
    begin = int(number) * int(size)
    return [base64.b64encode(text.encode()[begin : begin + int(size)]).decode()]


def timer_started(request: Request) -> list[str]:
    if TIMER_FILE not in request.machine.files:
        raise Failure(f"Unit {TIMER} could not be found.")
    for units in (request.machine.active, request.machine.enabled):
        units += [TIMER] * (TIMER not in units)
    return []


def removed(request: Request) -> list[str]:
    """The timer, and the files that are named."""
    for path in re.findall(r"\S+", request.command):
        request.machine.files.pop(path, None)
    for units in (request.machine.active, request.machine.enabled):
        units[:] = [unit for unit in units if unit != TIMER or TIMER_FILE in request.machine.files]
    return []
