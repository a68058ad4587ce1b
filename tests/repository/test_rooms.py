"""Tests stand where a stranger looks for them: tests/unit calls functions, and starts neither pyinfra nor a process."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import PROJECT

UNIT = PROJECT / "tests" / "unit"
STARTS = ("subprocess", "k8s_ha.operations", "k8s_ha.deploys", "tests.support.fakes", "tests.support.shell_bench")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", sorted(UNIT.rglob("test_*.py")), ids=lambda path: str(path.relative_to(UNIT)))
def test_a_unit_test_starts_nothing(path: Path) -> None:
    assert [name for name in imported(path) if name.startswith(STARTS)] == []


@pytest.mark.parametrize(
    "room", sorted(path.name for path in UNIT.iterdir() if path.is_dir() and any(path.glob("*.py")))
)
def test_a_room_of_unit_is_a_room_of_the_package(room: str) -> None:
    assert (PROJECT / "k8s_ha" / room / "__init__.py").is_file()
