"""All the ways through a reading that depends on choices: which branch, which caller, which row of a table."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Impossible(Exception):
    """A way that no run of the program takes."""


class Way:
    """The choices of one way; what is asked twice is answered alike."""

    def __init__(self, script: list[int]) -> None:
        self.script, self.trail = script, list[tuple[int, int]]()
        self.made: dict[Hashable, int] = {}

    def choose(self, key: Hashable, count: int) -> int:
        """One of as many; zero is an impossible way."""
        if count == 0:
            raise Impossible
        if key not in self.made:
            place = len(self.trail)
            self.made[key] = self.script[place] if place < len(self.script) else 0
            self.trail.append((self.made[key], count))
        return min(self.made[key], count - 1)

    def assume(self, key: Hashable, answer: int) -> None:
        """What is known before it is asked."""
        if self.made.setdefault(key, answer) != answer:
            raise Impossible


def every_way(tell: Callable[[Way], T]) -> Iterator[T]:
    """What is told on each way, in the order of the choices."""
    script: list[int] = []
    while True:
        way = Way(script)
        try:
            told = [tell(way)]
        except Impossible:
            told = []
        yield from told
        trail = way.trail
        while trail and trail[-1][0] + 1 == trail[-1][1]:
            trail.pop()
        if not trail:
            return
        script = [answer for answer, _ in trail[:-1]] + [trail[-1][0] + 1]
