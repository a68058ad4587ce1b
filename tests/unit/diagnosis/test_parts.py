"""The parts of a host's answer: none can pass for another, and what did not come is no empty part."""

from __future__ import annotations

import pytest

from k8s_ha.catalog.diagnosis import CLUSTER_PARTS, HOST_PARTS, KIBIBYTES_OF_A_HOST, PartRow
from k8s_ha.diagnosis.parts import CUT, MISSING, Part, parts_of

ONE, LOGS, TAIL = PartRow("one", "", 1), PartRow("logs", "", 1, "files"), PartRow("tail", "", 1, "tail")
ROWS = (ONE, LOGS, TAIL)
END, LAST = "k8s-ha ends", "k8s-ha parts end"


def part(name: str, *lines: str) -> list[str]:
    return [f"k8s-ha part {name}", *lines, END]


WHOLE = [
    *part("one", " a", "  b", "k8s-ha note there is no x", " "),
    *part("logs", " /a"),
    *part("logs/a", " x"),
    *part("tail"),
]


def test_a_whole_answer() -> None:
    assert parts_of([*WHOLE, LAST], ROWS) == [
        Part("one", "a\n b\n", ("there is no x",)),
        Part("logs", "/a\n"),
        Part("logs/a", "x\n"),
        Part("tail", ""),
    ]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], {"one": (MISSING,), "logs": (MISSING,), "tail": (MISSING,)}),
        (["Welcome!", " to this host", END], {"one": (MISSING,), "logs": (MISSING,), "tail": (MISSING,)}),
        (part("one", " a"), {"one": (), "logs": (MISSING,), "tail": (MISSING,)}),
        (part("one", " a")[:-1], {"one": (CUT,), "logs": (MISSING,), "tail": (MISSING,)}),
        ([*part("evil", " a"), *part("../one", " a")], {"one": (MISSING,), "logs": (MISSING,), "tail": (MISSING,)}),
        (
            [
                *part("one", " k8s-ha part tail", " k8s-ha ends", " k8s-ha parts end"),
                *part("tail", " x"),
                *part("logs"),
            ],
            {"one": (), "tail": (), "logs": ()},
        ),
    ],
    ids=["nothing", "a login shell's words", "one part", "half a part", "parts of no row", "text like marks"],
)
def test_what_did_not_come_is_named(lines: list[str], found: dict[str, tuple[str, ...]]) -> None:
    assert {each.name: each.notes for each in parts_of(lines, ROWS)} == found


def test_of_half_a_part_the_last_line_is_dropped_since_it_may_be_half_a_secret() -> None:
    (cut, *_) = parts_of(["k8s-ha part one", " a", " password: hun"], ROWS)
    assert cut == Part("one", "a\n", (CUT,))


def test_of_a_long_part_the_half_lines_are_dropped() -> None:
    # The script keeps 1024 bytes; a line end of its own stands behind them.
    lines = [f" {number:09}" for number in range(103)]
    head = [*lines[:102], lines[102][:5]]
    (found, *_) = parts_of(part("one", *head), ROWS)
    assert found.text.splitlines() == [line[1:] for line in lines[:102]]
    assert found.notes == ("only its beginning, 1 KiB",)
    tail = [f" {lines[0][6:]}", *lines[1:]]
    (found, *_) = parts_of(part("tail", *tail), ROWS)
    assert found.text.splitlines() == [line[1:] for line in lines[1:]]
    assert found.notes == ("only its end, 1 KiB",)


def test_no_part_and_no_answer_is_longer_than_its_bound() -> None:
    (found, *_) = parts_of(part("one", *[" " + "x" * 100] * 10_000), ROWS)
    assert len(found.text) <= 1024
    endless = (line for _ in range(100_000) for line in part("logs/a", *[" " + "x" * 100] * 10))
    assert len(parts_of(endless, ROWS)) < 310
    large = PartRow("large", "", KIBIBYTES_OF_A_HOST, "files")
    found_parts = parts_of(part("large/a", *[" " + "x" * 1000] * 2000) * 9, (large,))
    assert sum(len(each.text) for each in found_parts) <= KIBIBYTES_OF_A_HOST * 1024


def test_notes_are_a_few_words_each_once() -> None:
    said = ["k8s-ha note \x1b[2J" + "x" * 500, *["k8s-ha note again"] * 3]
    (found, *_) = parts_of(part("one", *said), ROWS)
    assert found.notes == ("\\x1b[2J" + "x" * 193, "again")
    (found, *_) = parts_of(part("one", *[f"k8s-ha note {number}" for number in range(500)]), ROWS)
    assert len(found.notes) == 20


@pytest.mark.parametrize("rows", [HOST_PARTS, CLUSTER_PARTS])
def test_names_of_parts_are_plain_and_distinct(rows: tuple[PartRow, ...]) -> None:
    names = [row.name for row in rows]
    assert len(names) == len(set(names))
    assert all(name.replace("-", "").isalpha() for name in names)
