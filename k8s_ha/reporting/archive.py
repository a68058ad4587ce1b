"""A compressed archive of texts, for its owner alone, which is there whole or not at all."""

from __future__ import annotations

import io
import tarfile
from calendar import timegm
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from k8s_ha.diagnosis.names import distinct
from k8s_ha.local_files import claim, replaced_privately


class Archive:
    """Texts that are added below one folder.

    + folder: its name
    + written: when, as the files tell
    """

    def __init__(self, tar: tarfile.TarFile, folder: str, written: datetime) -> None:
        self._tar = tar
        self._folder = folder
        self._written = written
        self._taken: set[str] = set()

    def add(self, path: str, text: str) -> str:
        """Add a text; returns its path in the folder, which differs from the wanted one where that is taken."""
        free = distinct(path, self._taken)
        self._taken.add(free.lower())
        content = text.encode("utf-8", "replace")
        entry = tarfile.TarInfo(f"{self._folder}/{free}")
        entry.size, entry.mode, entry.mtime = len(content), 0o600, timegm(self._written.utctimetuple())
        self._tar.addfile(entry, io.BytesIO(content))
        return free


@contextmanager
def archive_in(folder: Path, stem: str, written: datetime) -> Iterator[tuple[Path, Archive]]:
    """A new archive, and its file; where the block does not end well there is none. Raises OSError."""
    path = claim(folder, stem, ".tar.gz")
    try:
        with replaced_privately(path) as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar:
            yield path, Archive(tar, path.name.removesuffix(".tar.gz"), written)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
