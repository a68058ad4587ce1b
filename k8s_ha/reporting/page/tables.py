"""What stands in a page's tables: of what is alike on many hosts one row. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from k8s_ha.observations.certificates import ERROR_WITHIN, WARNING_WITHIN
from k8s_ha.observations.host_status import OK
from k8s_ha.reporting.page.hosts import Folded, Mark, answer_marks, fold
from k8s_ha.reporting.page.words import HostNames, Names
from k8s_ha.reporting.report import FailureEntry, FindingEntry, PhaseEntry, RunReport, SpanEntry

_SLOWEST: Final = 12
_COLUMNS: Final = ("node", "kubelet", "kube-proxy", "API server", "endpoint", "Service", "DNS", "etcd", "balancer")
"""Checks that every cluster's hosts are asked, in their order; others follow as they come."""

_ORDER: Final = ("error", "waived", "warning")

E = TypeVar("E", FindingEntry, FailureEntry)


@dataclass(frozen=True)
class FindingRow:
    hosts: Names
    finding: FindingEntry


def finding_rows(report: RunReport, names: HostNames) -> list[FindingRow]:
    """The findings, errors first."""
    found = sorted(report.findings, key=lambda finding: _ORDER.index(finding.severity))
    return [FindingRow(names(hosts), finding) for finding, hosts in _alike(found).items()]


@dataclass(frozen=True)
class FailureRow:
    hosts: Names
    failure: FailureEntry


def failure_rows(report: RunReport, names: HostNames) -> list[FailureRow]:
    """The failures, each with all hosts whose output was the same."""
    return [FailureRow(names(hosts), failure) for failure, hosts in _alike(report.failures).items()]


def _alike(entries: Iterable[E]) -> dict[E, list[str]]:
    """The hosts of each entry that is the same but for its host, which it has no more."""
    found: dict[E, list[str]] = {}
    for entry in entries:
        found.setdefault(entry.model_copy(update={"host": ""}), []).append(entry.host)
    return found


@dataclass(frozen=True)
class PhaseRow:
    """A phase, and by operation the hosts on which it changed something.

    + number: in the order of execution
    + share: of the longest phase, in percent
    """

    number: int
    phase: PhaseEntry
    share: float
    serial_share: float
    operations: Sequence[tuple[str, Names]]
    failed: Names


def phase_rows(report: RunReport, names: HostNames) -> list[PhaseRow]:
    """The phases, in their order."""
    changed: dict[str, dict[str, list[str]]] = {}
    for change in report.changes:
        for operation in change.operations:
            changed.setdefault(change.phase, {}).setdefault(operation, []).append(change.host)
    failed: dict[str, list[str]] = {}
    for failure in report.failures:
        failed.setdefault(failure.phase, []).append(failure.host)
    longest = max((phase.seconds for phase in report.phases), default=0) or 1
    return [
        PhaseRow(
            number,
            phase,
            round(100 * phase.seconds / longest, 2),
            round(100 * phase.serial_seconds / longest, 2),
            [(operation, names(hosts)) for operation, hosts in changed.get(phase.name, {}).items()],
            names(failed.get(phase.name, ())),
        )
        for number, phase in enumerate(report.phases, start=1)
    ]


@dataclass(frozen=True)
class SlowRow:
    """An operation that took long: on how many hosts, and the longest of them."""

    hosts: int
    longest: SpanEntry


def slow_rows(report: RunReport) -> list[SlowRow]:
    """The operations that took longest, each once."""
    found: dict[tuple[str, str], list[SpanEntry]] = {}
    for span in report.timeline:
        found.setdefault((span.phase, span.operation), []).append(span)
    rows = [SlowRow(len(spans), max(spans, key=lambda span: span.seconds)) for spans in found.values()]
    return sorted(rows, key=lambda row: -row.longest.seconds)[:_SLOWEST]


@dataclass(frozen=True)
class MatrixRow:
    """A host's answers, in the order of the columns; None where it was not asked."""

    host: str
    cells: Sequence[Mark | None]


@dataclass(frozen=True)
class Matrix:
    """Who was asked what, and what was said where it was not ``ok``."""

    columns: Sequence[str]
    rows: Folded[MatrixRow]
    notes: Sequence[tuple[Names, str, str, Mark]]


def matrix(report: RunReport, names: HostNames) -> Matrix:
    """What the last check was answered."""
    marks = answer_marks(report)
    checks = dict.fromkeys(check for entry in report.verification for check in entry.answers)
    columns = [check for check in _COLUMNS if check in checks] + [check for check in checks if check not in _COLUMNS]
    rows = [
        MatrixRow(entry.host, [marks.get((entry.host, check)) for check in columns]) for entry in report.verification
    ]
    said: dict[tuple[str, str, Mark], list[str]] = {}
    for entry in report.verification:
        for check, answer in entry.answers.items():
            if answer != OK:
                said.setdefault((check, answer, marks[entry.host, check]), []).append(entry.host)
    workers = {host.name for host in report.hosts if host.roles == ("worker",)}
    folded = fold(rows, lambda row: row.host in workers and set(row.cells) <= {"well", None})
    return Matrix(columns, folded, [(names(hosts), *about) for about, hosts in said.items()])


@dataclass(frozen=True)
class CertificateRow:
    """Certificates of one path on several hosts.

    + first_host: on which it ends first; empty where all end on one day
    + days: from the end of the run to the first end
    """

    path: str
    hosts: Names
    first: datetime
    first_host: str
    last: datetime
    days: int
    mark: Mark


def certificate_rows(report: RunReport, names: HostNames) -> list[CertificateRow]:
    """The certificates by their files, the first to end first."""
    now = report.ended or report.started
    found: dict[str, dict[str, datetime]] = {}
    for entry in report.certificates:
        found.setdefault(entry.path, {})[entry.host] = entry.expires
    rows = []
    for path, ends in found.items():
        first_host, first = min(ends.items(), key=lambda end: end[1])
        last, left = max(ends.values()), first - now
        mark: Mark = "wrong" if left < ERROR_WITHIN else "warning" if left < WARNING_WITHIN else "well"
        told = first_host if last.date() != first.date() else ""
        rows.append(CertificateRow(path, names(ends), first, told, last, left.days, mark))
    return sorted(rows, key=lambda row: (row.first, row.path))
