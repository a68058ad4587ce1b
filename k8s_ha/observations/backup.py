"""Backups by schedule as their hosts hold them, and what takes them. Values in, values out."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from k8s_ha.untrusted import json_object, unix_time, whole_number

TIMER: Final = "k8s-ha-backup.timer"
TIMER_FILE: Final = f"/etc/systemd/system/{TIMER}"
SERVICE: Final = "k8s-ha-backup.service"
SERVICE_FILE: Final = f"/etc/systemd/system/{SERVICE}"
SCRIPT_FILE: Final = "/var/lib/k8s-ha/backup.sh"
KEY_FILE: Final = "/var/lib/k8s-ha/backup-recipient.asc"

NAME: Final = re.compile(r"backup-[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?-[0-9]{8}T[0-9]{6}Z")
"""Of a backup by schedule: ``backup-``, the hostname, and when it was begun."""

CLOCKS_APART: Final = timedelta(hours=1)
"""How far ahead of this machine's clock a host's may be."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Part:
    """A file of a backup, by its name; ``sha256`` in hex."""

    file: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Backup:
    """One that counts: a trial restore has proved it.

    + path: of its files on their host, without their endings
    + taken: in UTC
    + authority: the hash of its cluster's CA
    + descriptor: as it was written, byte for byte
    """

    path: str
    taken: datetime
    authority: str
    parts: tuple[Part, ...]
    descriptor: bytes = field(repr=False)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def size(self) -> int:
        """Of all its files, in bytes."""
        return sum(part.size for part in self.parts)


@dataclass(frozen=True)
class Failure:
    """Why the timer's last run on a host has failed, where none of its backups counts that came after it.

    + moment: in UTC; None where it was not written down
    """

    moment: datetime | None
    sentence: str


@dataclass(frozen=True)
class OwnFile:
    """A file that this package has written, as it stands."""

    sha256: str
    mode: str
    owner: str


@dataclass(frozen=True)
class BackupState:
    """What a host holds of backups by schedule.

    + newest: that counts; None where there is none of this cluster, or where it is not whole
    + broken_file: of the newest, gone or not as it was proved, so that it is none; None where nothing is wrong
    + files: of this package, by path
    + scheduled: when the timer's file was written, in UTC; None where there is none
    + runs: whether the timer waits for its next moment, now and after a boot, as its file says
    + tools: what could encrypt there
    """

    newest: Backup | None = None
    broken_file: str | None = None
    failure: Failure | None = None
    files: Mapping[str, OwnFile] = field(default_factory=dict)
    scheduled: datetime | None = None
    runs: bool = False
    tools: frozenset[str] = frozenset()


def backup_state(values: Mapping[str, Sequence[str]]) -> BackupState:
    """From the fields that files/facts/backup.sh prints."""
    newest, broken_file = _newest(values)
    files, scheduled = {}, None
    for line in values.get("backup_unit", ()):
        sha256, mode, owner, written, path = line.split(" ", 4)
        files[path] = OwnFile(sha256, mode, owner)
        if path == TIMER_FILE:
            scheduled = unix_time(written)
    return BackupState(
        newest=newest,
        broken_file=broken_file,
        failure=_failure(values, newest),
        files=files,
        scheduled=scheduled,
        runs=set(values.get("backup_timer", ())) == {"ActiveState=active", "UnitFileState=enabled"},
        tools=frozenset(values.get("backup_tool", ())),
    )


def newest_backup(states: Mapping[str, BackupState], now: datetime | None = None) -> tuple[str, Backup] | None:
    """The newest that counts, behind the name of its host; None where there is none.

    + now: what is later was taken by a wrong clock, and would be the newest for ever; None where that was found
    """
    held = [
        (state.newest.taken, name, state.newest)
        for name, state in states.items()
        if state.newest and (now is None or has_come(state.newest.taken, now))
    ]
    found = max(held, key=lambda entry: entry[:2], default=None)
    return found and found[1:]


def has_come(moment: datetime, now: datetime) -> bool:
    """Whether a moment that a host's clock has told may be one of the past."""
    return moment <= now + CLOCKS_APART


def _failure(values: Mapping[str, Sequence[str]], newest: Backup | None) -> Failure | None:
    """What the timer's script has kept, or else how systemd says that its service ended."""
    moment, _, sentence = next(iter(values.get("backup_failed", ())), "").strip().partition(" ")
    if moment:
        return Failure(_moment(moment), sentence)
    second, _, result = next(iter(values.get("backup_result", ())), "").partition(" ")
    ended = unix_time(second)
    if not result or (newest and ended and newest.taken > ended):
        return None
    return Failure(ended, f"its service ended with the result {result}")


def _newest(values: Mapping[str, Sequence[str]]) -> tuple[Backup | None, str | None]:
    """The newest that counts, or else its file that is gone or damaged."""
    path = next(iter(values.get("backup_newest", ())), "")
    if not path:
        return None, None
    backup = parsed_backup(path, next(iter(values.get("backup_descriptor", ())), ""))
    if backup is None:
        return None, f"{path}.json"
    sizes = _sizes(values.get("backup_part", ()))
    broken = next((part.file for part in backup.parts if sizes.get(part.file) != part.size), None)
    return (backup, None) if broken is None else (None, f"{path.rpartition('/')[0]}/{broken}")


def parsed_backup(path: str, encoded: str) -> Backup | None:
    """A backup by its descriptor, in base64; None where that is none."""
    try:
        text = base64.b64decode(encoded, validate=True)
        told = json_object(text.decode())
    except (binascii.Error, ValueError):
        return None
    name, taken = path.rpartition("/")[2], _moment(str(told.get("taken")))
    listed = told.get("parts")
    parts = [_part(entry, name) for entry in listed] if isinstance(listed, list) else []
    whole = tuple(part for part in parts if part is not None)
    if not NAME.fullmatch(name) or told.get("name") != name or taken is None or not parts or len(whole) < len(parts):
        return None
    return Backup(path, taken, str(told.get("caHash", "")), whole, text)


def _part(entry: Any, name: str) -> Part | None:
    """A file of the backup of that name; its own name leads nowhere else."""
    if not isinstance(entry, dict):
        return None
    file, size, sha256 = (str(entry.get(key)) for key in ("file", "size", "sha256"))
    is_known = re.fullmatch(re.escape(name) + r"\.(db|tar\.gz)(\.age|\.gpg)?", file) is not None
    number = whole_number(size)
    return Part(file, number, sha256) if is_known and number is not None and _SHA256.fullmatch(sha256) else None


def _sizes(lines: Iterable[str]) -> dict[str, int | None]:
    return {name: whole_number(size) for size, _, name in (line.partition(" ") for line in lines)}


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
