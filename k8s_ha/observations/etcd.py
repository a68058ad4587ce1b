"""etcd's members, as its JSON API tells them. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from k8s_ha.untrusted import json_object, json_value, whole_number

DEFAULT_QUOTA: Final = 2 * 1024**3
"""etcd's own, where no flag says otherwise, or says 0."""

_ALARM: Final = re.compile(r"(?:memberID:([0-9]{1,20}) )?alarm:([A-Z]+) ?")


@dataclass(frozen=True)
class Member:
    """A member of etcd.

    + identity: its number, in decimal as etcd's JSON has it
    + name: empty where it was added and has never started
    + addresses: hosts of its peer URLs
    + learner: whether it has no vote yet
    """

    identity: str
    name: str
    addresses: tuple[str, ...]
    learner: bool = False


@dataclass(frozen=True)
class Storage:
    """What a member holds on its disk, in bytes.

    + size: of its file
    + in_use: what of that would be left by a defragmentation
    + quota: from which on it takes no writes
    + alarms: of all members, each with the member's identity, which is empty where that is not told
    """

    size: int
    in_use: int
    quota: int
    alarms: tuple[tuple[str, str], ...] = ()

    @property
    def percent_in_use(self) -> int:
        return self.in_use * 100 // self.size


@dataclass(frozen=True)
class Leadership:
    """Who leads etcd, as one member tells it.

    + leads: whether that member does
    + successors: other members that have a vote and are well
    + unwell: names of other members that are not, or have no vote
    + answers: whether that member says of itself that it is well, which it asks a majority for
    + storage: that member's own; None where it does not tell
    + free: bytes on the disk that its data is on; None where that is not told
    """

    leads: bool = False
    successors: tuple[Member, ...] = ()
    unwell: tuple[str, ...] = ()
    answers: bool = False
    storage: Storage | None = None
    free: int | None = None

    @property
    def is_well(self) -> bool:
        """Whether that member tells of itself, and has caught up with the others; one that takes no writes may, too."""
        return self.answers and self.storage is not None


def leadership(status: str, listed: str, well: Mapping[str, str], free: str = "") -> Leadership:
    """By the answers of /v3/maintenance/status and /v3/cluster/member/list, and those of /health by address."""
    told = json_object(status)
    header = told.get("header")
    own = str(header.get("member_id", "")) if isinstance(header, dict) else ""
    healthy = {address for address, text in well.items() if health(text)}
    known = members(listed)
    others = [member for member in known if member.identity != own]
    able = [member for member in others if member.name and not member.learner and healthy & {*member.addresses}]
    unwell = tuple(member.name or member.identity for member in others if member not in able)
    answers = any(member.identity == own and healthy & {*member.addresses} for member in known)
    kibibytes = whole_number(free)
    return Leadership(
        leads=bool(own) and told.get("leader") == own,
        successors=tuple(able),
        unwell=unwell,
        answers=answers,
        storage=storage(status, ""),
        free=None if kibibytes is None else kibibytes * 1024,
    )


def members(text: str) -> tuple[Member, ...]:
    """The members in an answer of /v3/cluster/member/list, or of /members to peers; none where it is something else."""
    document = json_value(text)
    listed = document.get("members") if isinstance(document, dict) else document
    return tuple(_member(entry) for entry in listed if isinstance(entry, dict)) if isinstance(listed, list) else ()


def health(text: str) -> bool | None:
    """Whether an answer of /health says that etcd is well, which includes that it has a quorum; None says nothing."""
    return {"true": True, "false": False}.get(str(json_object(text).get("health")).lower())


def storage(status: str, quota: str) -> Storage | None:
    """By an answer of /v3/maintenance/status; None where it tells no size.

    + quota: of the member's manifest; empty for etcd's default. From 3.6 on the answer has it.
    """
    told = json_object(status)
    size, in_use, own = (whole_number(str(told.get(key, ""))) for key in ("dbSize", "dbSizeInUse", "dbSizeQuota"))
    if not size or in_use is None:
        return None
    wanted = own or whole_number(quota) or DEFAULT_QUOTA
    said = told.get("errors")
    alarms = [_ALARM.fullmatch(str(text)) for text in said] if isinstance(said, list) else []
    return Storage(size, in_use, wanted, tuple((found[1] or "", found[2]) for found in alarms if found))


def _member(entry: Mapping[str, Any]) -> Member:
    urls = entry.get("peerURLs")
    addresses = [re.sub(r"^\w+://(.*):\d+/?$", r"\1", str(url)) for url in (urls if isinstance(urls, list) else [])]
    learner = bool(entry.get("isLearner"))
    return Member(str(entry.get("ID", entry.get("id", ""))), str(entry.get("name", "")), tuple(addresses), learner)
