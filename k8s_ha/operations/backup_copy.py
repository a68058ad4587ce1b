"""The newest backup on the operator's machine."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import shlex
import shutil
import stat
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

from pyinfra import host, logger
from pyinfra.api import FunctionCommand, Host, StringCommand

from k8s_ha.facts.backup import Backups
from k8s_ha.local_files import is_seen_by_git, local_folder, make_private_folder
from k8s_ha.observations.backup import NAME, Backup, Part, newest_backup, parsed_backup
from k8s_ha.operations.commands import fail_host, planned, run_silently
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.pyinfra_internals.state import State, working_folder
from k8s_ha.run import Run, is_executing
from k8s_ha.settings.backup import BackupSettings

SECONDS_TO_FETCH: Final = 6 * 60 * 60
"""etcd may hold 8 GiB, and the way to the operator may be a slow one."""

SECONDS_FOR_A_PIECE: Final = 300
BYTES_OF_A_PIECE: Final = 4 * 1024 * 1024
"""What is in memory at once, a few times over."""

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class NotFetched(Exception):
    """Why a backup could not be brought; a sentence."""


@isolated_operation
def backup_fetched(
    run: Run, settings: BackupSettings, taken_here: bool = False
) -> Generator[StringCommand | FunctionCommand]:
    """Have the newest backup that counts on the operator's machine, readable by its owner alone and ignored by git.

    + taken_here: whether this run has taken it on the current host; else the survey of all hosts has told which it is
    """
    if taken_here:
        if not is_executing():
            yield planned("fetch the backup")
            return
        state = require_fact(Backups)
        if state.newest is None:
            yield fail_host(f"{host.name}: no backup counts after one was taken: {state.damage or 'none is there'}.")
            return
        newest = state.newest
    else:
        found = newest_backup({name: survey.backup for name, survey in run.surveys.items()})
        if found is None or found[0] != host.name:
            host.noop("another control plane holds the newest backup" if found else "no backup counts yet")
            return
        newest = found[1]
    folder = local_folder(working_folder(host.state), settings.local_dir)
    try:
        is_held = _is_whole(folder / newest.name, newest)
    except OSError as error:
        yield fail_host(
            f"{host.name}: its backup could not be compared: {error}; set backup.local_dir to a folder of yours."
        )
        return
    if is_held:
        host.noop(f"{folder / newest.name} is the newest backup")
    else:
        yield FunctionCommand(_fetch, (folder, newest, settings.keep), {})


def _fetch(state: State, host: Host, folder: Path, backup: Backup, keep: int) -> bool:  # pyinfra's names
    beside = folder / f".{backup.name}.{secrets.token_hex(8)}"
    try:
        make_private_folder(folder)
        free = shutil.disk_usage(folder).free
        if free < backup.size:
            raise NotFetched(
                f"{folder} has {free >> 20} MiB free, and {backup.name} needs {backup.size >> 20}; free some"
            )
        beside.mkdir(mode=0o700)
        for part in backup.parts:
            _copy(host, backup, part, beside / part.file)
        _write(beside / f"{backup.name}.json", iter([backup.descriptor]))
        _forget(folder / backup.name)
        beside.rename(folder / backup.name)
        if is_seen_by_git(folder):
            logger.warning(
                f"{folder} holds files of others and got no .gitignore; keep {backup.name} out of git, or set "
                "backup.local_dir to a folder of its own"
            )
        _prune(folder, backup, keep)
    except NotFetched as reason:
        logger.error(f"{host.name}: {reason}, then run this again")
        return False
    except OSError as error:
        logger.error(f"the backup could not be written: {error}; make {folder} writable or set backup.local_dir")
        return False
    finally:
        _forget(beside)
    logger.info(f"{host.name}: {folder / backup.name} is its newest backup, of {backup.taken:%Y-%m-%d %H:%M} UTC")
    return True


def _copy(target: Host, backup: Backup, part: Part, path: Path) -> None:
    """Bring one file, piece by piece; NotFetched where it is not as it was proved."""
    digest, size = hashlib.sha256(), 0

    def pieces() -> Iterator[bytes]:
        nonlocal size
        source = shlex.quote(f"{backup.path.rpartition('/')[0]}/{part.file}")
        while size < part.size:
            piece = _piece(target, source, size // BYTES_OF_A_PIECE)
            if not piece:
                raise NotFetched(f"{part.file} could not be read there; see that it is there")
            digest.update(piece)
            size += len(piece)
            yield piece

    _write(path, pieces())
    if (size, digest.hexdigest()) != (part.size, part.sha256):
        raise NotFetched(f"{part.file} is not what was proved there; check that disk")


def _piece(target: Host, source: str, number: int) -> bytes:
    """A piece of a file, in one command; empty where it could not be read."""
    command = f"dd if={source} bs={BYTES_OF_A_PIECE} skip={number} count=1 2>/dev/null | base64 -w 8000"
    text = run_silently(target, command, seconds=SECONDS_FOR_A_PIECE)
    try:
        return base64.b64decode((text or "").replace("\n", ""), validate=True)
    except ValueError:
        return b""


def _write(path: Path, pieces: Iterator[bytes]) -> None:
    with os.fdopen(os.open(path, _NEW, 0o600), "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _is_whole(folder: Path, backup: Backup) -> bool:
    """Whether the operator's machine has it. Raises OSError."""
    descriptor = folder / f"{backup.name}.json"
    if not _is_file(descriptor) or descriptor.read_bytes() != backup.descriptor:
        return False
    return all(_holds(folder / part.file, part) for part in backup.parts)


def _holds(path: Path, part: Part) -> bool:
    if not _is_file(path) or path.stat().st_size != part.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == part.sha256


def _is_file(path: Path) -> bool:
    return path.exists() and stat.S_ISREG(path.lstat().st_mode)


def _prune(folder: Path, newest: Backup, keep: int) -> None:
    """Remove what is older than the ``keep`` newest of this cluster; only what this package has brought."""
    held = [path for path in folder.iterdir() if NAME.fullmatch(path.name) and _authority(path) == newest.authority]
    ordered = sorted(held, key=lambda path: path.name.rpartition("-")[2])
    for path in [path for path in ordered if path.name != newest.name][: max(0, len(ordered) - keep)]:
        _forget(path)


def _authority(folder: Path) -> str | None:
    """The hash of the CA of a backup's cluster; None where it is none of this package's."""
    descriptor = folder / f"{folder.name}.json"
    if folder.is_symlink() or not _is_file(descriptor):
        return None
    backup = parsed_backup(folder.name, base64.b64encode(descriptor.read_bytes()).decode())
    return backup.authority if backup else None


def _forget(folder: Path) -> None:
    """Remove a backup's folder, the descriptor first; what else somebody has laid into it stays, and it with that."""
    if folder.is_symlink() or not folder.is_dir():
        return
    stem = folder.name.removeprefix(".").partition("Z.")[0].removesuffix("Z") + "Z"
    for path in sorted(folder.iterdir(), key=lambda path: path.suffix != ".json"):
        if path.name.startswith(f"{stem}.") and _is_file(path):
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
