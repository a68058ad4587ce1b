"""Clocks compared over links of unknown speed. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """Bounds of how far a host's clock is ahead of the operator's, in seconds; negative is behind.

    The host read its clock twice, between two looks of the operator at his: the first reading is no earlier than the
    first look, the last one no later than the last. A slow link makes the interval wide, never wrong.
    """

    low: float
    high: float


def interval(asked: float, began: float, ended: float, answered: float) -> Interval | None:
    """The interval of a host; None where a clock was set meanwhile and nothing can be said.

    + asked, answered: the operator's clock before and after
    + began, ended: the host's clock at the beginning and the end of what it did in between
    """
    low, high = ended - answered, began - asked
    return Interval(low, high) if low <= high and began <= ended else None


def ahead(one: Interval, other: Interval) -> float:
    """Seconds that ``one`` is certainly ahead of ``other``: negative when behind, 0 where they may be equal."""
    if one.low > other.high:
        return one.low - other.high
    if one.high < other.low:
        return one.high - other.low
    return 0.0


def reference(clocks: Mapping[str, Interval], limit: float) -> str | None:
    """The host whose clock most others share within ``limit`` seconds, the first of several; None of no host."""

    def companions(name: str) -> int:
        return sum(abs(ahead(clocks[name], other)) <= limit for other in clocks.values())

    return max(clocks, key=companions, default=None)
