"""Backups of the cluster: when, how many, where, and for whose eyes."""

import re
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from k8s_ha.settings import syntax

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY: Final = 24 * 60 * 60
_MONDAY: Final = 4 * _DAY
"""The first Monday since 1970, in seconds."""

_SCHEDULE: Final = re.compile(
    r"(?:(?P<day>Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?"
    r"(?P<hour>[01][0-9]|2[0-3]|\*(?:/(?:2|3|4|6|8|12))?):(?P<minute>[0-5][0-9])"
)
# systemd.exec(5), in the unit's file: a blank, a quote or a percent sign would mean something else there.
_DIRECTORY: Final = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9._-]*){2,}")
_NOT_FOR_BACKUPS: Final = (
    # Part of a backup, or of what kubeadm reset and this package's own reset take away.
    *(
        "/etc",
        "/opt/cni",
        "/var/lib/cni",
        "/var/lib/dockershim",
        "/var/lib/etcd",
        "/var/lib/k8s-ha",
        "/var/lib/kubelet",
    ),
    *("/var/log/containers", "/var/log/pods"),
    # A system's own, or cleaned now and then.
    *("/boot", "/dev", "/proc", "/run", "/sys", "/tmp", "/usr", "/var/cache", "/var/run", "/var/tmp"),
)
_OWN_DIRECTORY: Final = "/var/lib/k8s-ha/backups"
"""The one folder among the records of this package that a reset leaves."""
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


@dataclass(frozen=True)
class Schedule:
    """When backups are taken, in UTC.

    + calendar: as systemd's OnCalendar has it, also that of EL7 (systemd 219)
    + first: a moment of it, in seconds since 1970
    + period: seconds from one to the next
    """

    calendar: str
    first: int
    period: int


def parse_schedule(text: str) -> Schedule:
    """The schedule that a text means; ValueError "rule; remedy" where it means none."""
    found = _SCHEDULE.fullmatch(text)
    if not found or (found["day"] and "*" in found["hour"]):
        raise ValueError(
            "it is 'HH:MM', 'Sun HH:MM', '*:MM' or '*/6:MM', each day, week, hour or six hours, in UTC; write one of "
            "them"
        )
    day, hour, minute = found["day"], found["hour"], found["minute"]
    if "*" in hour:
        hours = int(hour.partition("/")[2] or 1)
        each = "*" if hours == 1 else ",".join(f"{number:02}" for number in range(0, 24, hours))
        return Schedule(f"*-*-* {each}:{minute}:00 UTC", int(minute) * 60, hours * 60 * 60)
    moment = int(hour) * 60 * 60 + int(minute) * 60
    if day:
        first = _MONDAY + _DAYS.index(day) * _DAY + moment
        return Schedule(f"{day} *-*-* {hour}:{minute}:00 UTC", first, 7 * _DAY)
    return Schedule(f"*-*-* {hour}:{minute}:00 UTC", moment, _DAY)


def check_schedule(value: str) -> str:
    """A schedule's text."""
    parse_schedule(value)
    return value


def check_directory(value: str) -> str:
    """A folder of the control planes for backups alone."""
    if not _DIRECTORY.fullmatch(value):
        raise ValueError("it is an absolute path of letters, digits, '.', '_', '-'; write one such as /var/lib/backups")
    if not _is_in(value, _OWN_DIRECTORY) and any(_is_in(value, folder) for folder in _NOT_FOR_BACKUPS):
        raise ValueError("a backup there would be part of the next one, or go with other files; write another folder")
    return value


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def check_recipient(value: str) -> str:
    """A recipient of age, or the path of a file with a public key of gpg."""
    if value.upper().startswith("AGE-SECRET-KEY"):
        raise ValueError("that is a private key, which stays with you; write its public half, which begins with age1")
    if value.startswith("age1"):
        if not re.fullmatch(r"age1[a-z0-9]{10,4096}", value) or not _is_bech32(value):
            raise ValueError(
                "by its checksum it is no recipient of age, or was not copied whole; write what age-keygen -y says"
            )
        return value
    if not value.strip() or "\0" in value or value.startswith("-"):
        raise ValueError("it is a recipient of age, age1…, or a file with a public key of gpg; write one of them")
    return value


def _is_bech32(text: str) -> bool:
    """Whether the checksum of bech32 (BIP 173) fits: else age would refuse it, and with it each backup."""
    prefix, _, data = text.rpartition("1")
    if not set(data) <= set(_BECH32):
        return False
    expanded = [*(ord(letter) >> 5 for letter in prefix), 0, *(ord(letter) & 31 for letter in prefix)]
    checksum = 1
    for value in [*expanded, *map(_BECH32.index, data)]:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATORS):
            checksum ^= generator if top >> bit & 1 else 0
    return checksum == 1


class BackupSettings(BaseModel):
    """Backups by a schedule, each taken by one control plane in turn; {} takes all defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    schedule: Annotated[str, AfterValidator(check_schedule)] = Field(
        default="02:30",
        description="When one is taken, in UTC: 'HH:MM' each day, 'Sun HH:MM' each week, '*:MM' each hour, '*/6:MM' "
        "each six hours (or 2, 3, 4, 8, 12).",
    )
    keep: int = Field(
        default=7,
        ge=1,
        le=1000,
        strict=True,
        description="How many of its own each control plane keeps, and how many the operator's machine.",
    )
    directory: Annotated[str, AfterValidator(check_directory)] = Field(
        default=_OWN_DIRECTORY,
        description="Folder on the control planes that they lie in; 0700 where this package makes it.",
    )
    recipient: Annotated[str, AfterValidator(check_recipient)] | None = Field(
        default=None,
        description="Whom they are encrypted for: a recipient of age (age1…), or a file on the operator's machine with "
        "an armored public key of gpg. Each control plane needs that tool. None: not encrypted.",
    )
    local_dir: syntax.Folder = Field(
        default="backups",
        description="Folder of its own on the operator's machine that each run brings the newest one to; 0600, ignored "
        "by git. It begins where pyinfra is run, or with ~/.",
    )

    @property
    def planned(self) -> Schedule:
        """The schedule that its text means."""
        return parse_schedule(self.schedule)

    @property
    def key_file(self) -> str:
        """The operator's file with gpg's public key; empty where there is none."""
        return "" if self.recipient is None or self.recipient.startswith("age1") else self.recipient

    @property
    def tool(self) -> str:
        """What encrypts on the hosts: age or gpg; empty where nothing does."""
        return "gpg" if self.key_file else "age" if self.recipient else ""
