"""A restore that has begun on a host and has not come to its end. Values in, values out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from k8s_ha.observations.backup import NAME

FOLDER: Final = "/var/lib/k8s-ha/restore"
"""What a restore keeps on a control plane until its end: its mark, the snapshot, manifests that are out of use."""

MARK: Final = f"{FOLDER}/mark"

_MOMENT: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")


class Stage(IntEnum):
    """How far a control plane has come; each is noted when it is done.

    + BEGUN: nothing is changed yet
    + TRIED: the snapshot is restored beside what stands; on a clean host kubeadm's files are there, too
    + SILENT: its API server, controller manager and scheduler are stopped
    + STOPPED: its etcd is stopped
    + REPLACED: etcd's data is the backup's, what was there lies beside
    + MEMBER: its etcd serves, and all members are at one revision
    + SERVING: its API server serves
    + MANAGED: its controller manager and scheduler serve
    """

    BEGUN = 0
    TRIED = 1
    SILENT = 2
    STOPPED = 3
    REPLACED = 4
    MEMBER = 5
    SERVING = 6
    MANAGED = 7


@dataclass(frozen=True)
class RestoreMark:
    """The mark of a restore on a control plane.

    + name: the backup's; empty where the mark cannot be read
    + moment: when it was begun, as ``20261127T081500Z``
    + is_lost: whether it began on a clean host
    """

    name: str
    moment: str = ""
    is_lost: bool = False
    stage: Stage = Stage.BEGUN

    @property
    def token(self) -> str:
        """The token of the new cluster of etcd's members: the same on all of them, and in a run that goes on."""
        return "k8s-ha-restore-" + hashlib.sha256(f"{self.name} {self.moment}".encode()).hexdigest()[:16]

    @property
    def line(self) -> str:
        """As the mark's file has it, without the stage."""
        return f"{self.name} {self.moment} {'lost' if self.is_lost else 'standing'}"


def restore_mark(text: str) -> RestoreMark:
    """The mark in its file's line; one without a name where that is damaged."""
    words = text.split()
    if len(words) != 4:
        return RestoreMark("")
    name, moment, kind, stage = words
    stages = {entry.name.lower(): entry for entry in Stage}
    if not NAME.fullmatch(name) or not _MOMENT.fullmatch(moment) or kind not in ("lost", "standing"):
        return RestoreMark("")
    return RestoreMark(name, moment, kind == "lost", stages[stage]) if stage in stages else RestoreMark("")


@dataclass(frozen=True)
class RestoreHost:
    """What a restore asks of a control plane before its first change.

    + free: KiB on the disk of etcd's data; None where that is not told
    + free_kept: the same of FOLDER
    + has_tool: whether it can run a command of an image
    + service_account: SHA-256 of its sa.pub, in hex; empty where it has none
    """

    free: int | None = None
    free_kept: int | None = None
    has_tool: bool = False
    service_account: str = ""
