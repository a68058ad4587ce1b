"""A backup on the operator's machine, opened for a restore: compared with its descriptor, and decrypted."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from k8s_ha.local_backups import digest, is_file
from k8s_ha.observations.backup import Part
from k8s_ha.observations.backup_descriptor import Descriptor, parsed_descriptor
from k8s_ha.untrusted import short

PKI: Final = "etc/kubernetes/pki"
AUTHORITY: Final = f"{PKI}/ca.crt"
MANIFEST: Final = "etc/kubernetes/manifests/kube-apiserver.yaml"

_DESCRIPTOR_AT_MOST: Final = 1024 * 1024
_FILE_AT_MOST: Final = 4 * 1024 * 1024
_FILES_AT_MOST: Final = 10_000
_ARCHIVE_AT_MOST: Final = 1024 * 1024 * 1024
"""Bytes that an archive may hold when it is unpacked: kubeadm's files are less than one MiB."""

_SECONDS_TO_DECRYPT: Final = 3600
_AGAIN: Final = "take another backup of that cluster"


class BadBackup(Exception):
    """Why a backup cannot be restored: what was found, the rule, the way out."""

    def __init__(self, found: str, rule: str, remedy: str) -> None:
        super().__init__(f"{found}; {rule}; {remedy}")
        self.found, self.rule, self.remedy = found, rule, remedy


@dataclass(frozen=True)
class BackupSource:
    """A backup that is whole and can be read.

    + snapshot: the file that etcd is restored from, not encrypted
    + files: the regular files of its archive by their paths on the host, without the first slash
    """

    descriptor: Descriptor
    snapshot: Path
    files: Mapping[str, bytes] = field(repr=False)
    _scratch: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    def forget(self) -> None:
        """Remove what was decrypted."""
        if self._scratch is not None:
            self._scratch.cleanup()


def open_backup(folder: Path, identity: str = "") -> BackupSource:
    """A backup, read and compared as a whole.

    + folder: of its name, as a run has brought it
    + identity: the file with age's private key; empty where it is not encrypted by age

    What is decrypted lies in a temporary folder of the operator's, 0700, until ``forget`` or the end of the process.
    Raises BadBackup.
    """
    try:
        descriptor = _descriptor(folder)
        for part in (descriptor.archive, descriptor.snapshot):
            _require_whole(folder / part.file, part)
        if not descriptor.encryption:
            return BackupSource(descriptor, folder / descriptor.snapshot.file, _files(folder / descriptor.archive.file))
        return _decrypted(descriptor, folder, identity)
    except OSError as error:
        raise BadBackup(
            f"{folder} could not be read ({error.strerror or error})", "a backup is read as a whole", "see that folder"
        ) from None


def _descriptor(folder: Path) -> Descriptor:
    path = folder / f"{folder.name}.json"
    if not is_file(path):
        raise BadBackup(f"{path} is missing", "a backup is a folder of its name", "name one that a run has brought")
    if path.stat().st_size > _DESCRIPTOR_AT_MOST:
        raise BadBackup(f"{path} is larger than 1 MiB", "no descriptor is", _AGAIN)
    found = parsed_descriptor(folder.name, path.read_bytes())
    if found is None:
        raise BadBackup(f"{path} is no descriptor of that backup", "it says what the backup is", _AGAIN)
    return found


def _require_whole(path: Path, part: Part) -> None:
    if not is_file(path):
        raise BadBackup(f"{path} is missing", "its descriptor names it", _AGAIN)
    size = path.stat().st_size
    if size != part.size:
        raise BadBackup(f"{path} has {size} bytes", f"its descriptor says {part.size}", _AGAIN)
    if digest(path) != part.sha256:
        raise BadBackup(f"{path} is damaged", "its descriptor has another sha256", _AGAIN)


def _decrypted(descriptor: Descriptor, folder: Path, identity: str) -> BackupSource:
    scratch = tempfile.TemporaryDirectory(prefix="k8s-ha-restore-")
    try:
        pairs = (
            (descriptor.archive, ".tar.gz", descriptor.archive_sha256),
            (descriptor.snapshot, ".db", descriptor.snapshot_sha256),
        )
        for part, end, wanted in pairs:
            target = Path(scratch.name) / f"{descriptor.name}{end}"
            _decrypt(descriptor.encryption, folder / part.file, target, identity)
            if digest(target) != wanted:
                raise BadBackup(f"{part.file} holds another text", "its descriptor has its sha256", _AGAIN)
        source = Path(scratch.name) / descriptor.name
        files = _files(source.with_name(f"{source.name}.tar.gz"))
        return BackupSource(descriptor, source.with_name(f"{source.name}.db"), files, scratch)
    except BaseException:
        scratch.cleanup()
        raise


def _decrypt(tool: str, source: Path, target: Path, identity: str) -> None:
    """One file in plain text, for its owner alone; the key is read by the tool, and by nobody else."""
    if tool == "age":
        if not identity:
            raise BadBackup(f"{source.name} is encrypted by age", "a key is needed", "give identity=key.txt")
        command = ["age", "--decrypt", "--identity", os.path.expanduser(identity)]
    else:
        command = ["gpg", "--quiet", "--batch", "--decrypt"]
    with (
        source.open("rb") as encrypted,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as plain,
    ):
        try:
            done = subprocess.run(
                command, stdin=encrypted, stdout=plain, stderr=subprocess.PIPE, timeout=_SECONDS_TO_DECRYPT, check=False
            )
        except FileNotFoundError:
            raise BadBackup(f"{tool} is not installed here", f"it has encrypted {source.name}", "install it") from None
        except subprocess.TimeoutExpired:
            raise BadBackup(f"{tool} did not end", f"{source.name} is encrypted by it", "decrypt it by hand") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        why = short(said[0]) if said else f"exit code {done.returncode}"
        raise BadBackup(
            f"{source.name} does not decrypt: {why}",
            f"{tool} needs the private key of its recipient",
            "give the right one",
        )


def _files(archive: Path) -> dict[str, bytes]:
    """The regular files of an archive, whose names lead nowhere else; none of them is ever unpacked.

    A hard link is the file of that name before it.
    """
    found: dict[str, bytes] = {}
    total = count = 0
    try:
        with tarfile.open(archive, "r:gz") as entries:
            for entry in entries:
                count, total = count + 1, total + max(entry.size, 0)
                if count > _FILES_AT_MOST or total > _ARCHIVE_AT_MOST:
                    raise BadBackup(f"{archive.name} holds too much", "it is of kubeadm's files", _AGAIN)
                held = entries.extractfile(entry) if entry.isreg() and entry.size <= _FILE_AT_MOST else None
                if held is not None and _is_plain(entry.name):
                    found[entry.name] = held.read()
                elif entry.islnk() and entry.linkname in found and _is_plain(entry.name):
                    found[entry.name] = found[entry.linkname]
    except (tarfile.TarError, zlib.error, EOFError, ValueError, LookupError) as error:
        raise BadBackup(f"{archive.name} cannot be read ({short(str(error))})", "it is a tar.gz", _AGAIN) from None
    if AUTHORITY not in found:
        raise BadBackup(f"{archive.name} holds no {AUTHORITY}", "the cluster's CA is in it", _AGAIN)
    return found


def _is_plain(name: str) -> bool:
    return name.isprintable() and not name.startswith("/") and ".." not in name.split("/")
