"""Backups on the operator's machine: each a folder of its name, for its owner alone, in a folder that git ignores."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from k8s_ha.observations.backup import NAME, Backup, Part, has_come, parsed_backup

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_UNFINISHED: Final = re.compile(rf"\.{NAME.pattern}\.[0-9a-f]{{16}}")


def write_new(path: Path, pieces: Iterator[bytes]) -> None:
    """Have a new file, on the disk and readable by its owner alone. Raises OSError."""
    with os.fdopen(os.open(path, _NEW, 0o600), "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def is_whole(folder: Path, backup: Backup) -> bool:
    """Whether the operator's machine has it. Raises OSError."""
    descriptor = folder / f"{backup.name}.json"
    if not is_file(descriptor) or descriptor.read_bytes() != backup.descriptor:
        return False
    return all(_holds(folder / part.file, part) for part in backup.parts)


def _holds(path: Path, part: Part) -> bool:
    return _has_size(path, part) and digest(path) == part.sha256


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _has_size(path: Path, part: Part) -> bool:
    return is_file(path) and path.stat().st_size == part.size


def is_file(path: Path) -> bool:
    """Whether a regular file is there, and no link to one."""
    return path.is_file() and not path.is_symlink()


def is_of_another(folder: Path, backup: Backup) -> bool:
    """Whether another cluster's lies in its folder: hosts of one name may take theirs at one second. Raises OSError."""
    held = _held(folder)
    return held is not None and held.authority != backup.authority


def newest_copy(folder: Path, authority: str, now: datetime) -> datetime | None:
    """When the newest backup of a cluster was taken that lies there whole by its sizes; None where none does.

    + authority: the hash of that cluster's CA

    Raises OSError.
    """
    held = [_held(path) for path in _folders(folder)] if folder.exists() else []
    moments = [
        backup.taken
        for backup in held
        if backup
        and (backup.authority, has_come(backup.taken, now)) == (authority, True)
        and all(_has_size(folder / backup.name / part.file, part) for part in backup.parts)
    ]
    return max(moments, default=None)


def forget_unfinished(folder: Path, seconds: int) -> None:
    """Remove what fetches that were killed have left.

    + seconds: how long a fetch may take; what was begun later may be another one's, at work
    """
    for path in list(folder.iterdir()):
        if _UNFINISHED.fullmatch(path.name) and time.time() - path.lstat().st_mtime > seconds:
            forget(path)


def prune(folder: Path, newest: Backup, keep: int) -> None:
    """Remove what is older than the ``keep`` newest of this cluster; only what this package has brought."""
    held = [path for path in _folders(folder) if (found := _held(path)) and found.authority == newest.authority]
    ordered = sorted(held, key=lambda path: path.name.rpartition("-")[2])
    for path in [path for path in ordered if path.name != newest.name][: max(0, len(ordered) - keep)]:
        forget(path)


def forget(folder: Path) -> None:
    """Remove a backup's folder, the descriptor first; what else somebody has laid into it stays, and it with that."""
    if folder.is_symlink() or not folder.is_dir():
        return
    stem = folder.name.removeprefix(".").partition("Z.")[0].removesuffix("Z") + "Z"
    for path in sorted(folder.iterdir(), key=lambda path: path.suffix != ".json"):
        if path.name.startswith(f"{stem}.") and is_file(path):
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if NAME.fullmatch(path.name)]


def _held(folder: Path) -> Backup | None:
    """The backup in a folder of its name; None where it is none of this package's."""
    descriptor = folder / f"{folder.name}.json"
    if folder.is_symlink() or not is_file(descriptor):
        return None
    return parsed_backup(folder.name, base64.b64encode(descriptor.read_bytes()).decode())
