"""What the checks come to in an archive, also where one of them breaks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from k8s_ha.findings import Finding
from k8s_ha.operations import diagnosis
from k8s_ha.run import Run

FOUND = Finding("m1", "disk", "token: hunter2SECRET", "wanted", "remedy")


class Kept:
    """An archive that keeps its texts."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def add(self, path: str, text: str) -> str:
        self.texts[path] = text
        return path


def broken() -> list[Finding]:
    raise ZeroDivisionError("of a cluster\x1b")


@pytest.mark.parametrize(
    ("find", "words"),
    [
        (lambda: [], ["The checks found nothing."]),
        (lambda: [FOUND], ["m1", "token: ***"]),
        (broken, ["The checks did not come to their end: ZeroDivisionError: of a cluster\\x1b", "m1", "token: ***"]),
    ],
)
def test_findings_are_told_as_far_as_they_were_made(find: Any, words: list[str]) -> None:
    kept = Kept()
    run = cast("Run", SimpleNamespace(log=SimpleNamespace(findings=[FOUND])))
    diagnosis._add_findings(diagnosis.Diagnosis(cast("Any", kept), frozenset()), run, find)
    assert [word for word in words if word not in kept.texts["findings.txt"]] == []
    assert "hunter2SECRET" not in kept.texts["findings.txt"]
