"""A backup is opened only when it is whole, by its descriptor, and what was decrypted does not stay."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from k8s_ha.backup_source import BadBackup, open_backup
from tests.support.local_backup import NAME, archived_files, describe, make_backup

AGE = """
while [ $# -gt 0 ]; do case $1 in --identity) key=$2; shift ;; esac; shift; done
grep -q right "$key" || { echo "age: error: no identity matched any of the recipients" >&2; exit 1; }
rev
"""
GPG = 'echo "$*" >>{folder}/asked; rev'


def tool(folder: Path, name: str, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of this name, before all others."""
    path = folder / "tools" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")


def encrypted(folder: Path, by: str, snapshot: bytes = b"what etcd holds\n") -> Path:
    """A backup whose files a tool turns round, line by line; its archive is one text."""
    made = make_backup(folder, snapshot)
    plain = {end: (made / f"{NAME}{end}").read_bytes() for end in (".db", ".tar.gz")}
    for end, content in plain.items():
        (made / f"{NAME}{end}").unlink()
        (made / f"{NAME}{end}.{by}").write_bytes(content)
    describe(made, by, plain)
    return made


def copying(folder: Path, monkeypatch: pytest.MonkeyPatch, by: str = "age") -> None:
    body = AGE.replace("rev\n", "cat\n") if by == "age" else 'echo "$*" >>' + f"{folder}/asked; cat"
    tool(folder, by, body, monkeypatch)


def test_a_whole_one_tells_what_it_holds(tmp_path: Path) -> None:
    source = open_backup(make_backup(tmp_path))
    assert source.snapshot.read_bytes() == b"what etcd holds"
    assert source.files == archived_files()
    assert (source.descriptor.etcd_minor, source.descriptor.version) == ("3.5", "1.30.14")


def test_what_age_decrypts_is_the_owners_alone_and_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copying(tmp_path, monkeypatch)
    key = tmp_path / "key.txt"
    key.write_text("right", encoding="utf-8")
    source = open_backup(encrypted(tmp_path, "age"), str(key))
    assert source.snapshot.read_bytes() == b"what etcd holds\n"
    assert source.snapshot.stat().st_mode & 0o777 == 0o600
    assert source.snapshot.parent.stat().st_mode & 0o777 == 0o700
    source.forget()
    assert not source.snapshot.parent.exists()


def test_gpg_takes_the_key_from_its_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copying(tmp_path, monkeypatch, "gpg")
    source = open_backup(encrypted(tmp_path, "gpg"))
    assert source.snapshot.read_bytes() == b"what etcd holds\n"
    assert (tmp_path / "asked").read_text(encoding="utf-8") == "--quiet --batch --decrypt\n" * 2
    source.forget()


def scratch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    made = folder / "scratch"
    made.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(made))
    return made


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("wrong", "does not decrypt: 'age: error: no identity matched any of the recipients'"),
        ("", "is encrypted by age; a key is needed; give identity=key.txt"),
    ],
)
def test_a_wrong_key_opens_nothing_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, said: str
) -> None:
    copying(tmp_path, monkeypatch)
    place = scratch(tmp_path, monkeypatch)
    held = tmp_path / "key.txt"
    held.write_text(key, encoding="utf-8")
    with pytest.raises(BadBackup, match=said):
        open_backup(encrypted(tmp_path, "age"), str(held) if key else "")
    assert list(place.iterdir()) == []


def test_a_tool_that_is_not_here_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadBackup, match="age is not installed here"):
        open_backup(encrypted(tmp_path, "age"), "key.txt")


def test_what_decrypts_to_another_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path, "gpg", "cat; echo more", monkeypatch)
    place = scratch(tmp_path, monkeypatch)
    with pytest.raises(BadBackup, match="holds another text"):
        open_backup(encrypted(tmp_path, "gpg"))
    assert list(place.iterdir()) == []


def _cut(folder: Path) -> None:
    path = folder / f"{NAME}.db"
    path.write_bytes(path.read_bytes()[:-1])


def _linked(folder: Path) -> None:
    path = folder / f"{NAME}.db"
    path.rename(folder / "elsewhere")
    path.symlink_to(folder / "elsewhere")


def _huge(folder: Path) -> None:
    (folder / f"{NAME}.json").write_text(" " * (1024 * 1024 + 1), encoding="utf-8")


def _no_archive(folder: Path) -> None:
    (folder / f"{NAME}.tar.gz").write_bytes(b"nothing of an archive")
    describe(folder)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / f"{NAME}.db").unlink(), r"NAME\.db is missing; its descriptor names it"),
        (_cut, "has 14 bytes; its descriptor says 15"),
        (_linked, r"NAME\.db is missing"),
        (_huge, "is larger than 1 MiB"),
        (_no_archive, r"NAME\.tar\.gz cannot be read"),
        (lambda folder: (folder / f"{NAME}.json").unlink(), r"NAME\.json is missing"),
        (lambda folder: (folder / f"{NAME}.json").write_bytes(b"[" * 5000), "is no descriptor of that backup"),
        (lambda folder: describe(folder, taken="yesterday"), "is no descriptor of that backup"),
        (lambda folder: describe(folder, name="backup-other-20220101T023000Z"), "is no descriptor of that backup"),
        (lambda folder: describe(folder, revision=-1), "is no descriptor of that backup"),
        (lambda folder: describe(folder, caHash="sha256:0"), "is no descriptor of that backup"),
        (lambda folder: describe(folder, parts=[]), "is no descriptor of that backup"),
    ],
)
def test_what_is_not_whole_is_refused(tmp_path: Path, damage: Callable[[Path], object], said: str) -> None:
    made = make_backup(tmp_path)
    damage(made)
    with pytest.raises(BadBackup, match=said.replace("NAME", NAME)):
        open_backup(made)


def test_names_of_an_archive_lead_nowhere_else(tmp_path: Path) -> None:
    made = make_backup(tmp_path)
    with tarfile.open(made / f"{NAME}.tar.gz", "w:gz") as archive:
        for name, content in {
            **archived_files(),
            "../../etc/passwd": b"x",
            "/etc/shadow": b"x",
            "a\x1bb": b"x",
        }.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("etc/kubernetes/pki/sa.key")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
        archive.addfile(link)
    describe(made)
    assert open_backup(made).files == archived_files()


def test_a_hard_link_is_the_file_before_it(tmp_path: Path) -> None:
    made = make_backup(tmp_path)
    held = archived_files()
    key = held.pop("etc/kubernetes/pki/sa.key")
    with tarfile.open(made / f"{NAME}.tar.gz", "w:gz") as archive:
        for name, content in {"etc/kubernetes/0pki/sa.key": key, **held}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, target in {"pki/sa.key": "0pki/sa.key", "none": "pki/none", "../up": "0pki/sa.key"}.items():
            link = tarfile.TarInfo(f"etc/kubernetes/{name}")
            link.type, link.linkname = tarfile.LNKTYPE, f"etc/kubernetes/{target}"
            archive.addfile(link)
    describe(made)
    assert open_backup(made).files == {**archived_files(), "etc/kubernetes/0pki/sa.key": key}


def test_an_archive_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    made = make_backup(tmp_path)
    with tarfile.open(made / f"{NAME}.tar.gz", "w:gz") as archive:
        for number in range(10_001):
            archive.addfile(tarfile.TarInfo(f"etc/{number}"))
    describe(made)
    with pytest.raises(BadBackup, match="holds too much"):
        open_backup(made)
