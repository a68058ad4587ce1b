"""How long the parts of a run take, and how long one host works while all others wait. Knows no pyinfra."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable


class Stopwatch:
    """Seconds by part of a run, while hosts start and stop working at it.

    + clock: tells seconds
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at_work: dict[str, str] = {}
        self._ticked = clock()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._serial: defaultdict[str, float] = defaultdict(float)

    def start(self, host: str, part: str) -> None:
        """``host`` begins to work at ``part``; it leaves what it was at."""
        self._tick()
        self._at_work[host] = part

    def stop(self, host: str) -> None:
        """``host`` works no longer."""
        self._tick()
        self._at_work.pop(host, None)

    def seconds(self, part: str) -> float:
        """While at least one host was at work at ``part``."""
        self._tick()
        return self._seconds[part]

    def serial_seconds(self, part: str) -> float:
        """While one host was at work at ``part`` and no other at anything."""
        self._tick()
        return self._serial[part]

    def _tick(self) -> None:
        now = self._clock()
        elapsed, self._ticked = now - self._ticked, now
        for part in set(self._at_work.values()):
            self._seconds[part] += elapsed
        if len(self._at_work) == 1:
            self._serial[next(iter(self._at_work.values()))] += elapsed
