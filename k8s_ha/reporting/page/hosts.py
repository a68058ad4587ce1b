"""How each host stands at the end of a run, and which of many a page shows at once. Values in, values out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

from k8s_ha.observations.host_status import OK
from k8s_ha.reporting.report import HostEntry, RunReport, VerificationEntry

Mark = Literal["well", "warning", "wrong", "unknown"]

_ALL_SHOWN_TO: Final = 40
_SHOWN_AT_MOST: Final = 100

T = TypeVar("T")


@dataclass(frozen=True)
class Standing:
    """A host at the end of a run.

    + mark, word: whether it is well, and what it is
    + verified: what the last check was answered; None where it was not asked
    """

    host: HostEntry
    mark: Mark
    word: str
    verified: VerificationEntry | None = None


@dataclass(frozen=True)
class Folded(Generic[T]):
    """What a page shows at once, and what it shows when asked."""

    shown: Sequence[T]
    folded: Sequence[T]


def fold(entries: Sequence[T], is_plain: Callable[[T], bool]) -> Folded[T]:
    """All where they are few; else first what is not plain."""
    if len(entries) <= _ALL_SHOWN_TO:
        return Folded(entries, ())
    shown = [entry for entry in entries if not is_plain(entry)]
    plain = [entry for entry in entries if is_plain(entry)]
    return Folded(shown[:_SHOWN_AT_MOST], shown[_SHOWN_AT_MOST:] + plain)


def is_plain(standing: Standing) -> bool:
    """Whether it is one of many workers, with nothing to tell."""
    return standing.host.roles == ("worker",) and standing.mark in ("well", "unknown")


def standings(report: RunReport) -> list[Standing]:
    """Each host of the report, in its order."""
    verified = {entry.host: entry for entry in report.verification}
    marks = answer_marks(report)
    failed, unreachable = set(report.failed_hosts), set(report.unreachable_hosts)

    def standing(host: HostEntry) -> Standing:
        entry = verified.get(host.name)
        if host.name in unreachable:
            return Standing(host, "wrong", "not reached", entry)
        if entry is None:
            return Standing(host, *(("wrong", "failed") if host.name in failed else _unverified(host)))
        worst = _worst(marks[host.name, check] for check in entry.answers)
        if host.name in failed and worst != "well":
            return Standing(host, "wrong", "failed", entry)
        return Standing(host, worst, {"well": "well", "warning": "warned of", "wrong": "not well"}[worst], entry)

    return [standing(host) for host in report.hosts]


def answer_marks(report: RunReport) -> dict[tuple[str, str], Mark]:
    """Of each answer to the last check, by host and check, whether it is well."""
    severities = {
        (finding.host, finding.check): finding.severity
        for finding in sorted(report.findings, key=lambda finding: finding.severity == "error")
    }
    found: dict[tuple[str, str], Mark] = {}
    for entry in report.verification:
        for check, answer in entry.answers.items():
            is_error = severities.get((entry.host, check)) == "error"
            # What no finding is about was laid at another host's door.
            found[entry.host, check] = "well" if answer == OK else "wrong" if is_error else "warning"
    return found


def _worst(marks: Iterable[Mark]) -> Mark:
    found = set(marks)
    return "wrong" if "wrong" in found else "warning" if "warning" in found else "well"


def _unverified(host: HostEntry) -> tuple[Mark, str]:
    """Where a host stands that was not verified."""
    if host.state_before in ("damaged", "foreign"):
        return "wrong", host.state_before
    return "unknown", host.state_before or "not looked at"
