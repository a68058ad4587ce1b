"""The report for a person, as a run ends with it. Values in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from k8s_ha.reporting.report import ExitState, RunReport

_VERDICTS: Final[dict[ExitState, str]] = {
    "converged": "Converged",
    "dry": "Dry run, nothing was changed",
    "refused": "Refused, nothing was changed",
    "failed": "FAILED",
    "unreachable": "FAILED, no host could be reached; nothing was changed",
    "interrupted": "INTERRUPTED, the run did not come to its end",
}


def short_form(report: RunReport, path: str | None, page: str | None = None) -> list[str]:
    """The report for a person, line by line.

    + path: of the JSON file; None where there is none
    + page: of the same as a page; None likewise
    """
    return [
        _verdict(report),
        *_phase_lines(report),
        *_host_lines(report),
        *_footnotes(report),
        *([f"As a page: {page}"] if page else []),
        *([f"The whole report: {path}"] if path else []),
    ]


def _verdict(report: RunReport) -> str:
    verdict = _VERDICTS[report.exit_state]
    if report.seconds is not None:
        verdict += f" ({report.seconds:.0f} s)"
    if report.endpoint is not None:
        verdict += f": Kubernetes {report.kubernetes_version} at {report.endpoint}"
    return verdict


def _phase_lines(report: RunReport) -> list[str]:
    """A table of the phases in which something happened, and one line for all others."""
    if report.exit_state in ("refused", "unreachable"):
        return []
    dry = report.mode == "dry"
    would = "would change" if dry else "changed"
    rows, quiet = [("phase", would, "failed", "seconds", "one host alone")], []
    for phase in report.phases:
        changed = sum(len(change.operations) for change in report.changes if change.phase == phase.name)
        failed = sum(failure.phase == phase.name for failure in report.failures)
        if changed or failed:
            rows.append((phase.name, str(changed), str(failed), f"{phase.seconds:.1f}", f"{phase.serial_seconds:.1f}"))
        else:
            quiet.append(phase)
    lines = _table([row[:2] if dry else row for row in rows]) if len(rows) > 1 else []
    if quiet:
        which = f"{len(quiet)} other phase{'s' * (len(quiet) > 1)}" if lines else "All phases"
        spent = "" if dry else f", {sum(phase.seconds for phase in quiet):.1f} s"
        lines.append(f"{which}: nothing {would}{spent}")
    return lines


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]


def _host_lines(report: RunReport) -> list[str]:
    lines = []
    for label, hosts in (("Failed", report.failed_hosts), ("Not reached", report.unreachable_hosts)):
        if hosts:
            lines.append(f"{label}: {', '.join(hosts)}")
    return lines


def _footnotes(report: RunReport) -> list[str]:
    notes = []
    left = sum(step.seconds is None for step in report.steps) if report.exit_state == "converged" else 0
    if left:
        # One phase alone carries out none.
        notes.append(f"Left to do: {left} step{'s' * (left > 1)} of the plan; the whole deploy takes them")
    found = [finding.severity for finding in report.findings]
    counts = {
        "error": found.count("error"),
        "waived error": found.count("waived"),
        "warning": found.count("warning") + len(report.warnings),
    }
    counted = [f"{count} {what}{'s' * (count > 1)}" for what, count in counts.items() if count]
    if counted:
        notes.append("Found: " + ", ".join(counted))
    if report.certificates:
        first = min(report.certificates, key=lambda certificate: certificate.expires)
        notes.append(f"First certificate to expire: {first.expires:%Y-%m-%d}, {first.path} on {first.host}")
    return notes
