"""A backup on the operator's machine, as ``backup_fetched`` leaves it."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from k8s_ha.operations.kubeadm.join import ca_certificate_hash
from tests.support.fakes.world import ca_certificate

NAME: Final = "backup-master1-20220101T023000Z"
PKI: Final = "etc/kubernetes/pki"
SERVER: Final = """
spec:
  containers:
  - command: [kube-apiserver, --advertise-address=10.0.11.18]
    image: registry.k8s.io/kube-apiserver:v1.30.14
"""


def archived_files() -> dict[str, bytes]:
    """What the archive holds, as far as a restore looks."""
    keys = ("ca.key", "sa.pub", "sa.key", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd/ca.crt", "etcd/ca.key")
    return {
        f"{PKI}/ca.crt": ca_certificate().encode(),
        **{f"{PKI}/{name}": f"SECRET {name}\n".encode() for name in keys},
        "etc/kubernetes/manifests/kube-apiserver.yaml": SERVER.encode(),
    }


def make_backup(
    folder: Path,
    snapshot: bytes = b"what etcd holds",
    files: Mapping[str, bytes] | None = None,
    name: str = NAME,
    **told: Any,
) -> Path:
    """Its folder below ``folder``; ``told`` takes the place of what the descriptor says."""
    target = folder / name
    target.mkdir(parents=True)
    (target / f"{name}.db").write_bytes(snapshot)
    with tarfile.open(target / f"{name}.tar.gz", "w:gz") as archive:
        for path, content in (archived_files() if files is None else files).items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    describe(target, **told)
    return target


def describe(target: Path, encryption: str = "", plain: Mapping[str, bytes] | None = None, **told: Any) -> None:
    """Write the descriptor of the files that are there.

    + plain: what they hold before they are encrypted, by their ends
    """
    name, suffix = target.name, f".{encryption}" if encryption else ""
    files = {end: (target / f"{name}{end}{suffix}").read_bytes() for end in (".db", ".tar.gz")}
    digests = {end: hashlib.sha256(content).hexdigest() for end, content in (plain or files).items()}
    moment = name.rpartition("-")[2]
    descriptor = {
        "name": name,
        "host": "master1",
        "taken": f"{moment[:4]}-{moment[4:6]}-{moment[6:11]}:{moment[11:13]}:{moment[13:]}",
        "endpoint": "10.0.1.157:6443",
        "kubernetesVersion": "1.30.14",
        "etcdVersion": "3.5.15",
        "revision": 6,
        "hash": 7,
        "keys": 9,
        "restoredKeys": 9,
        "size": len((plain or files)[".db"]),
        "members": [],
        "caHash": ca_certificate_hash(ca_certificate()),
        "snapshotSha256": digests[".db"],
        "archiveSha256": digests[".tar.gz"],
        "encryption": encryption,
        "parts": [
            {"file": f"{name}{end}{suffix}", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for end, content in files.items()
        ],
    }
    (target / f"{name}.json").write_text(json.dumps(descriptor | told), encoding="utf-8")
