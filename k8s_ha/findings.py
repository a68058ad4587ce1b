"""What checks of hosts or of the cluster found, and how a person is shown it. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from typing import Final, Literal

from rich.console import Console
from rich.table import Table

from k8s_ha.untrusted import printable

Severity = Literal["error", "warning", "waived"]

_LONGEST: Final = 1000
"""Characters of a phrase."""

_NAMED: Final = 3
_HOSTS_NAMED: Final = 8
"""As many hosts of one row are all named, so that a small cluster's are."""

COLUMNS: Final = ("host", "check", "found", "wanted", "what to do")


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    + host: inventory name of the host that it is about
    + check: name of the check that found it
    + found, wanted, remedy: a phrase each, without a full stop
    + severity: an ``error`` stops the run; a ``warning`` does not; ``waived`` is an error that the user has waived
    """

    host: str
    check: str
    found: str
    wanted: str
    remedy: str
    severity: Severity = "error"

    def __post_init__(self) -> None:
        """Words of hosts stand in the phrases; whoever shows them is to show words, and no more than one can read."""
        for name in ("host", "check", "found", "wanted", "remedy"):
            text = printable(getattr(self, name))
            object.__setattr__(self, name, text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")

    def __str__(self) -> str:
        return f"{self.host}: {self.found}; {self.wanted}; {self.remedy}"


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those that stop a run."""
    return [finding for finding in findings if finding.severity == "error"]


def some(names: Sequence[str]) -> str:
    """The first three of what may be hundreds, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def table(findings: Sequence[Finding], width: int) -> str:
    """All findings as one table, errors first; what is alike on several hosts is one row.

    + width: of the terminal, in characters; longer cells are wrapped
    """
    order = ("error", "waived", "warning")
    hosts: dict[Finding, list[str]] = {}
    for entry in sorted(findings, key=lambda entry: order.index(entry.severity)):
        hosts.setdefault(replace(entry, host=""), []).append(entry.host)
    rows = [
        (_hosts(names), each.check, each.found, each.wanted, each.remedy, each.severity.upper())
        for each, names in hosts.items()
    ]
    return text_table((*COLUMNS, ""), rows, width)


def _hosts(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _HOSTS_NAMED else f"{len(names)} hosts: {some(names)}"


def text_table(columns: Sequence[str], rows: Iterable[Sequence[str]], width: int) -> str:
    """Rows of plain text below their columns' names; longer cells are wrapped.

    + width: of the terminal, in characters
    """
    found = Table(box=None, pad_edge=False, header_style="")
    for column in columns:
        found.add_column(column, overflow="fold")
    for row in rows:
        found.add_row(*row)
    text = StringIO()
    # What looks like rich's markup in a host's output is not.
    Console(file=text, width=width, markup=False, emoji=False, highlight=False, color_system=None).print(found)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())
