"""The newest backup on the operator's machine."""

from __future__ import annotations

import base64
import hashlib
import secrets
import shlex
import shutil
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pyinfra import host, logger
from pyinfra.api import FunctionCommand, Host, StringCommand

from k8s_ha.facts.backup import Backups
from k8s_ha.local_backups import forget, forget_unfinished, is_of_another, is_whole, prune, write_new
from k8s_ha.local_files import is_seen_by_git, local_folder, make_private_folder
from k8s_ha.observations.backup import Backup, Part, newest_backup
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


@dataclass
class Copies:
    """Backups that this machine was found to hold whole, by their folders: to read a large one takes its time."""

    held: set[Path] = field(default_factory=set)


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
            why = "none is there" if state.broken_file is None else f"{state.broken_file} is gone or damaged"
            yield fail_host(f"{host.name}: no backup counts after one was taken: {why}.")
            return
        newest = state.newest
    else:
        found = newest_backup({name: survey.backup for name, survey in run.surveys.items()}, datetime.now(UTC))
        if found is None or found[0] != host.name:
            host.noop("another control plane holds the newest backup" if found else "no backup counts yet")
            return
        newest = found[1]
    folder = local_folder(working_folder(host.state), settings.local_dir)
    held = run.part(Copies).held
    try:
        if folder / newest.name not in held and is_whole(folder / newest.name, newest):
            held.add(folder / newest.name)
    except OSError as error:
        yield fail_host(
            f"{host.name}: its backup could not be compared: {error}; set backup.local_dir to a folder of yours."
        )
        return
    if folder / newest.name in held:
        host.noop(f"{folder / newest.name} is the newest backup")
    else:
        yield FunctionCommand(_fetch, (folder, newest, settings.keep), {})


def _fetch(state: State, host: Host, folder: Path, backup: Backup, keep: int) -> bool:  # pyinfra's names
    beside = folder / f".{backup.name}.{secrets.token_hex(8)}"
    try:
        make_private_folder(folder)
        if is_of_another(folder / backup.name, backup):
            raise NotFetched(f"{folder / backup.name} is another cluster's; set backup.local_dir to another folder")
        forget_unfinished(folder, SECONDS_TO_FETCH)
        free = shutil.disk_usage(folder).free
        if free < backup.size:
            raise NotFetched(
                f"{folder} has {free >> 20} MiB free, and {backup.name} needs {backup.size >> 20}; free some"
            )
        beside.mkdir(mode=0o700)
        for part in backup.parts:
            _copy(host, backup, part, beside / part.file)
        write_new(beside / f"{backup.name}.json", iter([backup.descriptor]))
        forget(folder / backup.name)
        beside.rename(folder / backup.name)
        if is_seen_by_git(folder):
            logger.warning(
                f"{folder} holds files of others and got no .gitignore; keep {backup.name} out of git, or set "
                "backup.local_dir to a folder of its own"
            )
        prune(folder, backup, keep)
    except NotFetched as reason:
        logger.error(f"{host.name}: {reason}, then run this again")
        return False
    except OSError as error:
        logger.error(f"the backup could not be written: {error}; make {folder} writable or set backup.local_dir")
        return False
    finally:
        forget(beside)
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

    write_new(path, pieces())
    if (size, digest.hexdigest()) != (part.size, part.sha256):
        raise NotFetched(f"{part.file} is not what was proved there; check that disk")


def _piece(target: Host, source: str, number: int) -> bytes:
    """A piece of a file, in one command; empty where it could not be read."""
    command = f"dd if={source} bs={BYTES_OF_A_PIECE} skip={number} count=1 iflag=fullblock 2>/dev/null | base64 -w 8000"
    text = run_silently(target, command, seconds=SECONDS_FOR_A_PIECE)
    try:
        return base64.b64decode((text or "").replace("\n", ""), validate=True)
    except ValueError:
        return b""
