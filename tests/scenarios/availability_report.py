"""What the watchers of availability.py have counted, for checks and for a person. Values in, values out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

API: Final = "API"
"""The target that is the cluster's API; all others are the HTTP service."""

MOST_SECONDS_WITHOUT_A_WATCH: Final = 2.0
SECONDS_AROUND_A_TURN: Final = 2.0
"""Cordons are asked for once a second, so that one may be older, and its end too."""

Turns = Mapping[str, Sequence[tuple[float, float]]]
"""By node, from when to when it was cordoned or gone; seconds since 1970."""


@dataclass(frozen=True)
class Failure:
    """A request without a good answer.

    + at: when it was made, in seconds since 1970
    """

    target: str
    at: float
    error: str


@dataclass(frozen=True)
class Polled:
    """What was asked of one target.

    + failures: those that count, in the order of their moments
    + own_turn: how many failed at a node whose turn it was
    + slowest: of the good answers, in seconds
    """

    target: str
    requests: int
    failures: tuple[Failure, ...] = ()
    own_turn: int = 0
    slowest: float = 0.0


@dataclass(frozen=True)
class Interruption:
    """A watch that ended.

    + gap: seconds until another one was held
    """

    at: float
    reason: str
    gap: float


@dataclass(frozen=True)
class Held:
    """What the watch told.

    + lost: changes that it did not tell
    + retries: of the writer, which are nobody's failures
    + slowest: seconds from a change to its event
    """

    written: int = 0
    lost: int = 0
    retries: int = 0
    slowest: float = 0.0
    interruptions: tuple[Interruption, ...] = ()

    @property
    def longest_gap(self) -> float:
        return max((each.gap for each in self.interruptions), default=0.0)


@dataclass
class Availability:
    """What was noticed; complete once ``watched`` has ended."""

    polled: tuple[Polled, ...] = ()
    held: Held = field(default_factory=Held)

    @property
    def api(self) -> tuple[int, int]:
        """Failed requests of the API, of all of them."""
        return _counted(each for each in self.polled if each.target == API)

    @property
    def service(self) -> tuple[int, int]:
        """Failed requests of the HTTP service, of all of them."""
        return _counted(each for each in self.polled if each.target != API)

    @property
    def cells(self) -> tuple[object, ...]:
        """Of a table: failed requests of the API and of the service, the ends of the watch, and its longest gap."""
        failed = (f"{failed} of {asked}" for failed, asked in (self.api, self.service))
        return *failed, len(self.held.interruptions), f"{self.held.longest_gap:.1f} s"

    def complaints(self) -> list[str]:
        """A sentence for each thing that users should not have noticed."""
        found = []
        for each in self.polled:
            if each.failures:
                first, count = each.failures[0], len(each.failures)
                found.append(
                    f"{each.target}: {count} of {each.requests} requests failed, the first at {moment(first.at)} "
                    f"({first.error}); none may fail."
                )
        held = self.held
        if held.longest_gap > MOST_SECONDS_WITHOUT_A_WATCH:
            longest = max(held.interruptions, key=lambda each: each.gap)
            found.append(
                f"The watch that ended at {moment(longest.at)} ({longest.reason}) was resumed after {longest.gap:.1f} "
                f"s; {MOST_SECONDS_WITHOUT_A_WATCH:.0f} s are allowed."
            )
        if held.lost:
            found.append(f"The watch did not tell {held.lost} of {held.written} changes; it must tell all of them.")
        return found

    def table(self) -> str:
        """All of it for a person: a table, the watch, and when what failed."""
        rows = [("", "requests", "failed", "on its own turn", "slowest")]
        for each in self.polled:
            failed, own = str(len(each.failures)), str(each.own_turn)
            rows.append((each.target, str(each.requests), failed, own, f"{each.slowest:.2f} s"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.rjust(width) if number else cell.ljust(width) for number, (cell, width) in enumerate(cells))
            for cells in (zip(row, widths, strict=True) for row in rows)
        ]
        held = self.held
        lines.append(
            f"watch: {len(held.interruptions)} ends, longest gap {held.longest_gap:.2f} s; {held.lost} of "
            f"{held.written} changes lost, the latest after {held.slowest:.2f} s; the writer tried {held.retries} again"
        )
        lines += [f"  {moment(each.at)} {each.reason}, resumed after {each.gap:.2f} s" for each in held.interruptions]
        return "\n".join(lines + [f"  {line}" for line in outages(self.polled)])


def _counted(polled: Iterable[Polled]) -> tuple[int, int]:
    found = list(polled)
    return sum(len(each.failures) for each in found), sum(each.requests for each in found)


def moment(at: float) -> str:
    """The time of day, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-5]


def outages(polled: Iterable[Polled]) -> list[str]:
    """A line for each row of equal failures that follow one another within a second."""
    rows: list[list[Failure]] = []
    for failure in (failure for each in polled for failure in each.failures):
        last = rows[-1][-1] if rows else None
        if last and last.target == failure.target and last.error == failure.error and failure.at - last.at < 1:
            rows[-1].append(failure)
        else:
            rows.append([failure])
    return [f"{moment(row[0].at)} to {moment(row[-1].at)} {row[0].target}: {len(row)} x {row[0].error}" for row in rows]


def availability_of(lines: Iterable[str], nodes: Mapping[str, str]) -> Availability:
    """What the pollers' lines say.

    + nodes: the node that a target is asked on, by the target's name; whatever fails at another target counts
    """
    events = sorted((json.loads(line) for line in lines), key=lambda event: event.get("at", 0))
    turns = turns_of(events)
    failures: dict[str, list[Failure]] = {}
    own: dict[str, int] = {}
    for event in events:
        if event["event"] == "failed":
            target, at = event["name"], event["at"]
            if any(begin <= at <= end for begin, end in turns.get(nodes.get(target, ""), ())):
                own[target] = own.get(target, 0) + 1
            else:
                failures.setdefault(target, []).append(Failure(target, at, event["error"]))
    polled = [
        Polled(name, event["requests"], tuple(failures.get(name, ())), own.get(name, 0), event["slowest"])
        for event in events
        if event["event"] == "polled" and (name := event["name"])
    ]
    ends = [event for event in events if event["event"] == "watch ended"]
    held = Held(interruptions=tuple(Interruption(end["at"], end["reason"], end["gap"]) for end in ends))
    for event in events:
        if event["event"] == "watched":
            counted = {key: event[key] for key in ("written", "retries", "slowest")}
            held = replace(held, lost=len(event["lost"]), **counted)
    return Availability(tuple(sorted(polled, key=lambda each: (each.target != API, each.target))), held)


def turns_of(events: Iterable[Mapping[str, Any]]) -> Turns:
    """When each node was out, of events in the order of their moments."""
    found: dict[str, list[tuple[float, float]]] = {}
    for event in events:
        if event["event"] == "cordoned":
            found.setdefault(event["node"], []).append((event["at"] - SECONDS_AROUND_A_TURN, float("inf")))
        elif event["event"] == "uncordoned":
            begin, _ = found[event["node"]].pop()
            found[event["node"]].append((begin, event["at"] + SECONDS_AROUND_A_TURN))
    return found
