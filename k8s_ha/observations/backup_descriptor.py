"""What a backup's descriptor says of the cluster that it is of. Values in, values out: anybody may have written it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Final

from k8s_ha.observations.backup import Backup, Part, parsed_backup
from k8s_ha.untrusted import json_object, whole_number

ENDINGS: Final = {"": "", "age": ".age", "gpg": ".gpg"}
"""How files end that are encrypted so."""

_ENDPOINT: Final = re.compile(r"[A-Za-z0-9.-]{1,253}:[0-9]{1,5}")
_VERSION: Final = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}")
_ETCD_VERSION: Final = re.compile(rf"{_VERSION.pattern}[0-9A-Za-z.+-]{{0,40}}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_CA_HASH: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Descriptor:
    """A backup as its descriptor has it.

    + endpoint: of its cluster, ``HOST:PORT``
    + version: of Kubernetes, x.y.z
    + size: of the snapshot before it was encrypted, in bytes
    + snapshot_sha256, archive_sha256: of the files before they were encrypted
    + encryption: ``age``, ``gpg``, or empty
    """

    backup: Backup
    endpoint: str
    version: str
    etcd_version: str
    revision: int
    size: int
    snapshot_sha256: str
    archive_sha256: str
    encryption: str

    @property
    def name(self) -> str:
        return self.backup.name

    @property
    def etcd_minor(self) -> str:
        """Such as ``3.6``."""
        return minor_of(self.etcd_version)

    @property
    def snapshot(self) -> Part:
        """The file with the snapshot."""
        return self._part(".db")

    @property
    def archive(self) -> Part:
        """The file with the control plane's files."""
        return self._part(".tar.gz")

    def _part(self, end: str) -> Part:
        wanted = f"{self.name}{end}{ENDINGS[self.encryption]}"
        return next(part for part in self.backup.parts if part.file == wanted)


def minor_of(version: str) -> str:
    """The first two numbers of a version, such as ``3.6``."""
    return ".".join(version.split(".")[:2])


def parsed_descriptor(name: str, text: bytes) -> Descriptor | None:
    """The descriptor of the backup of that name; None where it is none, or lacks something that a restore asks."""
    backup = parsed_backup(name, base64.b64encode(text).decode())
    if backup is None:
        return None
    told = json_object(text.decode())
    revision, size = (whole_number(str(told.get(key))) for key in ("revision", "size"))
    endpoint, version, etcd_version, encryption, snapshot, archive = (
        str(told.get(key))
        for key in ("endpoint", "kubernetesVersion", "etcdVersion", "encryption", "snapshotSha256", "archiveSha256")
    )
    forms = (
        (_ENDPOINT, endpoint),
        (_VERSION, version),
        (_ETCD_VERSION, etcd_version),
        (_SHA256, snapshot),
        (_SHA256, archive),
        (_CA_HASH, backup.authority),
    )
    if any(form.fullmatch(value) is None for form, value in forms):
        return None
    if revision is None or size is None or encryption not in ENDINGS:
        return None
    files = [f"{name}{end}{ENDINGS[encryption]}" for end in (".db", ".tar.gz")]
    if sorted(part.file for part in backup.parts) != sorted(files):
        return None
    return Descriptor(backup, endpoint, version, etcd_version, revision, size, snapshot, archive, encryption)
