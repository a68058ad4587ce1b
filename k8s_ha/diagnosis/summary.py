"""The words that go with an archive: what is in it, and what is not. Values in, values out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from k8s_ha.catalog.diagnosis import CLUSTER_PARTS, HOST_PARTS, KIBIBYTES_OF_A_HOST, SECONDS_OF_A_HOST, PartRow
from k8s_ha.untrusted import printable

NOBODY: Final = "no control plane's API server answered"


@dataclass
class Told:
    """What a folder of the archive has of one host, or of the cluster.

    + reason: why nothing was read; empty where something was
    + files: their paths in the archive
    + empty: parts that were read, and hold nothing
    + notes: what could not be read, or was left out, by file
    """

    folder: str
    reason: str = ""
    files: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def lines(self) -> Iterator[str]:
        count = len(self.files)
        yield f"  {self.reason}" if self.reason else f"  {count} file{'s' * (count != 1)} in {self.folder}/"
        if self.empty:
            yield f"    read, and there is nothing: {', '.join(self.empty)}"
        for file, note in self.notes:
            yield f"    {file}: {note}"


def readme(
    begun: datetime, ended: datetime, of_hosts: Mapping[str, Told], others: Sequence[Told], hidden: Counter[str]
) -> str:
    """README.txt.

    + begun, ended: in UTC
    + of_hosts: by words for the host
    + others: of the cluster as a whole, and of the operator's machine
    """
    read = [told for told in of_hosts.values() if not told.reason]
    lines = [
        "What k8s_ha.diagnose found, for a report of an error.",
        "",
        f"Begun {begun:%Y-%m-%dT%H:%M:%SZ}, ended {ended:%Y-%m-%dT%H:%M:%SZ}, by the operator's clock.",
        f"Hosts that were read: {len(read)} of {len(of_hosts)}. Begin with findings.txt.",
        "",
        "What could not be read is named below. It is not empty: nobody knows what it holds.",
        f"Each host had {SECONDS_OF_A_HOST} seconds and {KIBIBYTES_OF_A_HOST} KiB.",
        "What is no ASCII reads ?, and what was hidden ***.",
        "",
        "WHAT WAS HIDDEN",
        *_hidden(hidden),
        "  Look it over before you send it: names, addresses and messages of your own are in it.",
        "",
    ]
    for title, told in of_hosts.items():
        lines += [printable(title), *map(printable, told.lines), ""]
    for told in others:
        lines += [told.folder, *map(printable, told.lines), ""]
    lines += ["FILES OF A HOST", *_rows(HOST_PARTS), "", "FILES OF THE CLUSTER", *_rows(CLUSTER_PARTS)]
    return "\n".join(lines) + "\n"


def _hidden(found: Counter[str]) -> Iterator[str]:
    for kind, number in sorted(found.items()):
        yield f"  {number} x {kind}"
    if not found:
        yield "  Nothing that looked like a secret was met."
    yield "  Private keys, kubeconfigs' users and Secrets of the cluster were not read at all."


def _rows(rows: Iterable[PartRow]) -> Iterator[str]:
    for row in rows:
        yield f"  {row.name + ('/' if row.end == 'files' else '.txt'):<27} {row.holds}"
