"""Numbers and JSON that others have written are read in one module, which knows what ends Python's own functions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import k8s_ha

PACKAGE = Path(k8s_ha.__file__).parent
TRAPS = {"isdigit", "isdecimal", "isnumeric", "loads"}
"""Methods and functions that take too much for a number, or end with RecursionError."""

OWN = {
    ("settings/syntax.py", "int(port)"): "an endpoint that was checked",
    ("settings/models.py", "int(self.version.split('.')[1])"): "a version that was checked",
    ("settings/backup.py", "int(hour)"): "two digits, by their pattern",
    ("settings/backup.py", "int(minute)"): "two digits, by their pattern",
    ("settings/backup.py", "int(hour.partition('/')[2] or 1)"): "two digits at most, by their pattern",
    ("settings/cluster.py", "int(share.removesuffix('%'))"): "a share that was checked",
    ("settings/consistency.py", "int(settings.version.rpartition('.')[2])"): "a version that was checked",
    ("preflight_checks/lifetime.py", "int(version.split('.')[2])"): "a version that was checked",
    ("cluster_state/configuration.py", "float(number)"): "nine digits on each side at most, by their pattern",
    ("cluster_state/configuration.py", "float(quantity[1])"): "eighteen digits and nine at most, by their pattern",
    ("cluster_state/version_choice.py", "int(part)"): "a version that was checked",
    ("catalog/upgrades.py", "int(part)"): "six digits at most, by their pattern",
    ("operations/kubeadm/init.py", "int(TOKEN_LIFE.total_seconds())"): "this package's own",
    ("facts/preflight.py", "float(began)"): "twelve digits at most, by their pattern",
    ("facts/preflight.py", "float(ended)"): "likewise",
    ("facts/upgrade.py", "float(start)"): "thirty-two digits and an exponent of two at most, by its pattern",
    ("facts/preflight.py", "int(hexadecimal, 16)"): "four digits by its pattern",
    ("desired/containerd_config.py", "loads"): "TOML, by a function that takes what ends it",
    ("untrusted.py", "loads"): "",
    ("untrusted.py", "int(text)"): "",
}
"""What reads numbers that are no stranger's, with why."""

FILES = sorted(PACKAGE.rglob("*.py"))


def readings(path: Path) -> set[tuple[str, str]]:
    """What a file makes numbers or data of."""
    name = str(path.relative_to(PACKAGE))
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in TRAPS:
            found.add((name, node.attr))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("int", "float"):
            found.add((name, ast.unparse(node)))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_strangers_numbers_and_json_are_read_by_untrusted(path: Path) -> None:
    assert readings(path) <= set(OWN)


def test_what_is_excepted_is_there() -> None:
    assert {reading for path in FILES for reading in readings(path)} == set(OWN)
