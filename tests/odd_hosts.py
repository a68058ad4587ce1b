"""States of real machines, each as a shell script that makes it and one that takes it back."""

from __future__ import annotations

from typing import NamedTuple

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


BATCHES: list[list[Odd]] = [[]]
