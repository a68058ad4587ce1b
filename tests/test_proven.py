"""The matrix of clusters that are built for real, and the page that is made of it."""

from __future__ import annotations

import pytest

from k8s_ha import compat
from tests.lab.build.hosts import FLAVOURS
from tests.lab.build.tables.containerd import CONTAINERDS
from tests.lab.build.tables.lines import LINES, find
from tests.lines import COLUMNS, PAGE, ROWS, main, page, recorded

PROVEN = dict.fromkeys(COLUMNS, "x")


def test_the_page_is_made_of_what_was_proven() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(recorded())


def test_only_rows_of_the_matrix_are_proven() -> None:
    assert set(recorded()) <= {row.name for row in ROWS}


def test_a_row_that_was_not_run_is_named() -> None:
    shown = page({row.name: PROVEN for row in ROWS[1:]}).splitlines()
    assert shown[-1] == f"Not run yet: {ROWS[0].name}."
    assert shown.count(f"| {' | '.join('x' * len(COLUMNS))} |") == len(ROWS) - 1
    assert "Not run yet" not in page({row.name: PROVEN for row in ROWS})


def test_every_line_flavour_and_containerd_of_the_lab_has_a_row() -> None:
    assert {find(row.line).version for row in ROWS} == {line.version for line in LINES}
    assert {row.flavour for row in ROWS} == set(FLAVOURS)
    assert {row.containerd or find(row.line).containerd for row in ROWS} == set(CONTAINERDS)


@pytest.mark.parametrize("flavour", sorted(FLAVOURS))
def test_each_flavour_has_the_newest_line_that_it_carries(flavour: str) -> None:
    platform = compat.Platform(int(flavour.rpartition("-")[2]), kernel=(6, 1), cgroup=1)
    carried = [minor for minor in compat.LINES if compat.verdict(minor, platform).refused is None]
    assert max(int(row.line.split(".")[1]) for row in ROWS if row.flavour == flavour) == max(carried)


def test_a_row_that_nobody_knows() -> None:
    with pytest.raises(SystemExit, match=r"^1\.99: no such row; choose of 1\.20, 1\.29, "):
        main(["1.99"])
