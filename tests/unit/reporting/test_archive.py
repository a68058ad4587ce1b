"""An archive for its owner alone, which is there whole or not at all."""

from __future__ import annotations

import stat
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from k8s_ha.reporting.archive import archive_in

STEM = "k8s-ha-diagnose-20261127T080000Z"
DAY = datetime(2026, 11, 27, 8, tzinfo=UTC)


def test_texts_lie_below_one_folder(tmp_path: Path) -> None:
    with archive_in(tmp_path / "reports", STEM, DAY) as (path, archive):
        assert archive.add("hosts/a.txt", "one\n") == "hosts/a.txt"
        assert archive.add("hosts/A.txt", "two \ud800\n") == "hosts/A-2.txt"
    assert path == tmp_path / "reports" / f"{STEM}.tar.gz"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {entry.name for entry in path.parent.iterdir()} == {path.name, ".gitignore"}
    with tarfile.open(path) as tar:
        held = {entry.name: (entry.mode, entry.mtime, tar.extractfile(entry).read()) for entry in tar}  # type: ignore[union-attr]
    assert held == {
        f"{STEM}/hosts/a.txt": (0o600, DAY.timestamp(), b"one\n"),
        f"{STEM}/hosts/A-2.txt": (0o600, DAY.timestamp(), b"two ?\n"),
    }


def test_two_at_once_are_two(tmp_path: Path) -> None:
    with archive_in(tmp_path, STEM, DAY) as (first, _), archive_in(tmp_path, STEM, DAY) as (second, other):
        other.add("a", "")
    assert (first.name, second.name) == (f"{STEM}.tar.gz", f"{STEM}-2.tar.gz")
    with tarfile.open(second) as tar:
        assert tar.getnames() == [f"{STEM}-2/a"]


def test_one_that_was_not_finished_is_none(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), archive_in(tmp_path / "reports", STEM, DAY) as (_, archive):
        archive.add("a", "x" * 100_000)
        raise KeyboardInterrupt
    assert [path.name for path in (tmp_path / "reports").iterdir()] == [".gitignore"]
