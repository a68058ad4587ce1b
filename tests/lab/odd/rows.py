"""A state of a real machine as a row: how it is made, what is found of it, and how it is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from k8s_ha.findings import Severity


class Odd(NamedTuple):
    """A state of one host, and the finding about it.

    + severity: of the finding; None where none may speak of it
    + words: that stand in what was found
    """

    state: str
    host: str
    check: str
    severity: Severity | None
    words: str
    make: str
    undo: str


class Batch(NamedTuple):
    """States that one look finds, with settings of their own."""

    odd: list[Odd]
    settings: Mapping[str, Any] = MappingProxyType({})


def kept(path: str, change: str) -> tuple[str, str]:
    """A change of a file, and what brings back what it was, without the copies that tools leave."""
    copy = f"/run/{path.replace('/', '-')}"
    return f"cp -p {path} {copy} && {change}", f"cp -p {copy} {path} && rm {copy}"
