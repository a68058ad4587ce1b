"""The parts of a host's answer, as ``files/facts/diagnosis-parts.sh`` prints them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from k8s_ha.catalog.diagnosis import KIBIBYTES_OF_A_HOST, PartRow
from k8s_ha.untrusted import printable

_PART: Final = "k8s-ha part "
_NOTE: Final = "k8s-ha note "
_END: Final = "k8s-ha ends"
_LAST: Final = "k8s-ha parts end"

_MOST_PARTS: Final = 300
_MOST_NOTES: Final = 20
_LONGEST_NOTE: Final = 200

MISSING: Final = "not read: the host's time or its share of bytes was over, or the connection ended"
CUT: Final = "cut off: the answer ended within it"


@dataclass(frozen=True)
class Part:
    """One part of what a host told.

    + name: of its row; of one of several files, that and the file's name behind a slash
    + text: empty where nothing was read
    + notes: what of it could not be read, or was left out
    """

    name: str
    text: str
    notes: tuple[str, ...] = ()


@dataclass
class _Begun:
    """A part that is being read."""

    name: str
    row: PartRow
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, line: str) -> None:
        # The script keeps less; what a host sends beyond that is not the script's.
        self.size += len(line) + 1
        if self.size <= self.row.kibibytes * 1024 + 1:
            self.lines.append(line)

    def note(self, words: str) -> None:
        note = printable(words)[:_LONGEST_NOTE]
        if len(self.notes) < _MOST_NOTES and note not in self.notes:
            self.notes.append(note)

    @property
    def part(self) -> Part:
        """The part without the half line where it was cut, which may hold half of a secret."""
        text = "\n".join(self.lines)
        if self.size <= self.row.kibibytes * 1024:
            return Part(self.name, text.rstrip("\n") + "\n" if text.strip() else "", tuple(self.notes))
        is_tail = self.row.end == "tail" or "/" in self.name
        text = text.partition("\n")[2] if is_tail else text.rpartition("\n")[0] + "\n"
        note = f"only its {'end' if is_tail else 'beginning'}, {self.row.kibibytes} KiB"
        return Part(self.name, text, (*self.notes, note))


def parts_of(lines: Iterable[str], rows: Sequence[PartRow]) -> list[Part]:
    """The parts that came, and one without text for each of ``rows`` that did not.

    Whatever stands outside of a part, such as words of a login shell, is dropped, and so is a part of no row.
    """
    by_name = {row.name: row for row in rows}
    found: list[Part] = []
    begun: _Begun | None = None
    left = KIBIBYTES_OF_A_HOST * 1024
    for raw in lines:
        line = raw.rstrip("\r\n")
        left -= len(line)
        if left < 0 or line == _LAST:
            break
        if line.startswith(_PART):
            name = line.removeprefix(_PART)
            row = by_name.get(name.partition("/")[0])
            begun = _Begun(name, row) if row and len(found) < _MOST_PARTS else None
        elif begun is None:
            continue
        elif line.startswith(" "):
            begun.add(line[1:])
        elif line.startswith(_NOTE):
            begun.note(line.removeprefix(_NOTE))
        elif line == _END:
            found.append(begun.part)
            begun = None
    if begun is not None:
        found.append(_cut(begun.part))
    told = {part.name.partition("/")[0] for part in found}
    return [*found, *(Part(row.name, "", (MISSING,)) for row in rows if row.name not in told)]


def _cut(part: Part) -> Part:
    """A part within which the answer ended; its last line may be half of one, with half of a secret."""
    text = part.text.removesuffix("\n").rpartition("\n")[0]
    return replace(part, text=f"{text}\n" if text else "", notes=(*part.notes, CUT))
