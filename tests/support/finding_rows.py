"""The table of findings, read back from what a run printed."""

from __future__ import annotations

import re

from k8s_ha.findings import COLUMNS, Finding, Severity

_SEVERITY = re.compile(r"\s+(ERROR|WARNING|WAIVED)$")
SEVERITIES: dict[str, Severity] = {"ERROR": "error", "WARNING": "warning", "WAIVED": "waived"}


def rows(output: str) -> list[Finding]:
    """The findings of the table in ``output``, in its order, each wrapped cell in one line again.

    A row of several hosts is one for each of those that it names; of many, "and 2 more" is a host, too.
    """
    lines = output.splitlines()
    header = next((number for number, line in enumerate(lines) if line.split()[:2] == ["host", "check"]), None)
    if header is None:
        return []
    starts = [lines[header].index(column) for column in COLUMNS]
    found: list[tuple[list[str], Severity]] = []
    for line in lines[header + 1 :]:
        severity = _SEVERITY.search(line)
        cells = _cells(_SEVERITY.sub("", line), starts)
        # Names of hosts go on in the next line behind a comma.
        is_next = not severity and not (found and found[-1][0][0].endswith(","))
        if not line.strip() or line[: starts[0]].strip() or (cells[0] and is_next):
            break
        if severity:
            found.append((cells, SEVERITIES[severity[1]]))
        else:
            found[-1] = (
                [f"{above} {more}".strip() for above, more in zip(found[-1][0], cells, strict=True)],
                found[-1][1],
            )
    return [
        Finding(host, *cells[1:], severity=severity)
        for cells, severity in found
        for host in re.split(r", | (?=and \d+ more$)", re.sub(r"^\d+ hosts: ", "", cells[0]))
    ]


def _cells(line: str, starts: list[int]) -> list[str]:
    ends = [*starts[1:], len(line)]
    return [line[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def squeezed(text: str) -> str:
    """Without blanks: a long word may be broken where its cell ends."""
    return "".join(text.split())


def reported(output: str, sentence: str) -> bool:
    """Whether a row of the table reads as ``str(Finding)`` would."""
    return squeezed(sentence) in [squeezed(str(row)) for row in rows(output)]
