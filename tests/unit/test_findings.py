"""How findings are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8s_ha.findings import Finding, errors, table
from tests.support.finding_rows import rows

DISK = Finding("master1", "disk", "3 GB free below /var", "10 GB", "enlarge it")
CLOCK = Finding("worker1", "clock", "12 s ahead", "5 s at most", "start chronyd", severity="warning")


def test_a_finding_is_one_sentence() -> None:
    assert str(DISK) == "master1: 3 GB free below /var; 10 GB; enlarge it"


def test_errors_are_what_stops_a_run() -> None:
    assert errors([CLOCK, DISK, replace(DISK, severity="waived")]) == [DISK]


def test_the_table_has_a_row_for_each_finding_and_errors_come_first() -> None:
    assert table([CLOCK, DISK], width=100).splitlines() == [
        "host     check  found                 wanted       what to do",
        "master1  disk   3 GB free below /var  10 GB        enlarge it     ERROR",
        "worker1  clock  12 s ahead            5 s at most  start chronyd  WARNING",
    ]


@pytest.mark.parametrize(
    ("count", "host"),
    [
        (1, "n1"),
        (3, "n1, n2, n3"),
        (8, "n1, n2, n3, n4, n5, n6, n7, n8"),
        (9, "9 hosts: n1, n2, n3 and 6 more"),
        (300, "300 hosts: n1, n2, n3 and 297 more"),
    ],
)
def test_what_is_alike_on_several_hosts_is_one_row(count: int, host: str) -> None:
    alike = [replace(DISK, host=f"n{number}") for number in range(1, count + 1)]
    lines = table([*alike, CLOCK], width=120).splitlines()
    assert [line.split("  ")[0] for line in lines] == ["host", host, "worker1"]


def test_hosts_of_a_row_are_read_back_where_their_names_are_wrapped() -> None:
    alike = [replace(DISK, host=f"control-plane-{number}") for number in range(1, 7)]
    printed = table([*alike, CLOCK], width=110)
    assert [row.host for row in rows(f"{printed}\nPlan: x: kubeadm init\n")] == [
        *(entry.host for entry in alike),
        "worker1",
    ]


def test_other_words_or_another_severity_are_rows_of_their_own() -> None:
    others = [replace(DISK, host="n2", found="2 GB free below /var"), replace(DISK, host="n3", severity="warning")]
    assert len(table([DISK, *others], width=120).splitlines()) == 1 + 3


def test_a_narrow_terminal_wraps_cells_and_loses_nothing() -> None:
    narrow = table([DISK], width=50)
    assert max(map(len, narrow.splitlines())) <= 50
    assert {"master1", "free", "enlarge"} <= set(narrow.split())


def test_what_looks_like_markup_is_printed_as_it_is() -> None:
    assert "[bold]x[/bold] :smile:" in table([replace(DISK, found="[bold]x[/bold] :smile:")], width=120)
