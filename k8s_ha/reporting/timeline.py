"""When each host was at work at what. Knows no pyinfra."""

from __future__ import annotations

import heapq
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final, NamedTuple

SHORTEST: Final = 1.0
"""Seconds of an operation that is worth a span: most of a second run's take none."""

_SPANS_AT_MOST: Final = 1200
_A_HOST: Final = 12
_A_HOST_OF_MANY: Final = 3


class Span(NamedTuple):
    """An operation of a host; both times in seconds, ``begins`` since the run began."""

    seconds: float
    begins: float
    host: str
    phase: str
    operation: str


class Timeline:
    """The longest operations of each host, and how long it was at work in all.

    + clock: tells seconds
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._origin = clock()
        self._at_work: dict[str, tuple[float, str, str]] = {}
        self._worked: defaultdict[str, float] = defaultdict(float)
        self._longest: defaultdict[str, list[Span]] = defaultdict(list)
        self._phases: dict[str, float] = {}

    def enter(self, phase: str) -> None:
        """A phase begins, unless it has."""
        self._phases.setdefault(phase, self._now())

    def start(self, host: str, phase: str, operation: str) -> None:
        """``host`` begins an operation."""
        self.enter(phase)
        self._at_work[host] = (self._now(), phase, operation)

    def stop(self, host: str) -> None:
        """``host`` works no longer."""
        if host not in self._at_work:
            return
        span = self._span(host)
        del self._at_work[host]
        self._worked[host] += span.seconds
        if span.seconds >= SHORTEST:
            longest = self._longest[host]
            heapq.heappush(longest, span)
            if len(longest) > _A_HOST:
                heapq.heappop(longest)

    def begins(self, phase: str) -> float | None:
        """When a phase began, in seconds since the run did; None where it has not."""
        return self._phases.get(phase)

    def seconds(self, host: str) -> float | None:
        """How long a host was at work; None where it began nothing."""
        at_work = self._span(host).seconds if host in self._at_work else None
        worked = self._worked.get(host)
        return worked if at_work is None else (worked or 0) + at_work

    def spans(self, hosts: int) -> list[Span]:
        """The longest operations of each host, in order: a dozen of each, and fewer where the hosts are many.

        What a host is at work at now is among them: there a run that is cut off ended.

        + hosts: how many there are
        """
        each = min(_A_HOST, max(_A_HOST_OF_MANY, _SPANS_AT_MOST // max(hosts, 1)))
        found = [span for longest in self._longest.values() for span in heapq.nlargest(each, longest)]
        found += [span for host in self._at_work if (span := self._span(host)).seconds >= SHORTEST]
        return sorted(found, key=lambda span: (span.begins, span.host))

    def _span(self, host: str) -> Span:
        begins, phase, operation = self._at_work[host]
        return Span(self._now() - begins, begins, host, phase, operation)

    def _now(self) -> float:
        return self._clock() - self._origin
