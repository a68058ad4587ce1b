"""When each host was at work, as a drawing. Values in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from k8s_ha.reporting.page.hosts import Folded, Standing, fold, is_plain
from k8s_ha.reporting.page.words import clipped, took
from k8s_ha.reporting.report import RunReport, SpanEntry

WIDTH: Final = 960
ROW: Final = 20

_LEFT: Final = 150
_RIGHT: Final = 70
_CHARTED: Final = WIDTH - _LEFT - _RIGHT
_HEAD: Final = 44
_A_CHARACTER: Final = 5.8
_CHARACTERS: Final = 22
_TICKS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_TICKS_AT_MOST: Final = 9
_SLOW_SHOWN: Final = 12


@dataclass(frozen=True)
class Bar:
    """An operation, or a phase; ``text`` is what fits into it."""

    x: float
    width: float
    kind: str
    text: str
    title: str


@dataclass(frozen=True)
class Row:
    """A host; ``worked`` is how long it was at work in all."""

    y: float
    name: str
    worked: str
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Chart:
    height: float
    ticks: Sequence[tuple[float, str]]
    phases: Sequence[Bar]
    rows: Sequence[Row]
    says: str


def charts(report: RunReport, found: Sequence[Standing]) -> Folded[Chart]:
    """One drawing of the hosts that a page shows at once and, where there are more, one of the rest.

    None where no operation took a second.
    """
    total = _length(report)
    if not total or not report.timeline:
        return Folded((), ())
    slowest = sorted(found, key=lambda entry: -(entry.host.seconds or 0))[:_SLOW_SHOWN]
    slow = {entry.host.name for entry in slowest}
    parts = fold(found, lambda entry: is_plain(entry) and entry.host.name not in slow)
    spans: dict[str, list[SpanEntry]] = {}
    for span in report.timeline:
        spans.setdefault(span.host, []).append(span)
    drawn = [[_chart(report, total, part, spans)] if part else [] for part in (parts.shown, parts.folded)]
    return Folded(*drawn)


def _length(report: RunReport) -> float:
    """Of the run, in seconds; where it was cut off, until the last that is known of it."""
    if report.seconds is not None:
        return report.seconds
    ends = [(phase.begins or 0) + phase.seconds for phase in report.phases]
    return max([*ends, *(span.begins + span.seconds for span in report.timeline)], default=0)


def _chart(report: RunReport, total: float, part: Sequence[Standing], spans: dict[str, list[SpanEntry]]) -> Chart:
    kinds = {phase.name: ("odd", "even")[place % 2] for place, phase in enumerate(report.phases)}
    failed = {(failure.host, failure.operation) for failure in report.failures}

    def bar(begins: float, seconds: float, kind: str, text: str, title: str) -> Bar:
        begins = min(max(begins, 0), total)
        seconds = min(max(seconds, 0), total - begins)
        width = max(_CHARTED * seconds / total, 1)
        fits = round(width / _A_CHARACTER - 1.5)
        words = clipped(text, fits) if fits >= min(len(text), 6) else ""
        return Bar(round(_LEFT + _CHARTED * begins / total, 1), round(width, 1), kind, words, title)

    def of_host(span: SpanEntry) -> Bar:
        kind = "failed" if (span.host, span.operation) in failed else kinds.get(span.phase, "odd")
        title = f"{span.host}: {span.operation} ({span.phase}), {took(span.seconds)} from {clock(span.begins)} on"
        return bar(span.begins, span.seconds, kind, span.operation, title)

    rows = [
        Row(
            _HEAD + place * ROW,
            clipped(entry.host.name, _CHARACTERS),
            took(entry.host.seconds),
            [of_host(span) for span in spans.get(entry.host.name, ())],
        )
        for place, entry in enumerate(part)
    ]
    phases = [
        bar(
            phase.begins,
            phase.seconds,
            kinds[phase.name],
            str(number),
            f"{number}. {phase.name}, {took(phase.seconds)}",
        )
        for number, phase in enumerate(report.phases, start=1)
        if phase.begins is not None
    ]
    says = f"When each of {len(rows)} hosts was at work, over {took(total)}"
    return Chart(_HEAD + len(rows) * ROW + 4, _ticks(total), phases, rows, says)


def _ticks(total: float) -> list[tuple[float, str]]:
    step = next((step for step in _TICKS if total / step <= _TICKS_AT_MOST), 86400)
    seconds = [number * step for number in range(_TICKS_AT_MOST + 1) if number * step <= total]
    return [(round(_LEFT + _CHARTED * each / total, 1), clock(each)) for each in seconds]


def clock(seconds: float) -> str:
    """``1:05`` into a run."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
