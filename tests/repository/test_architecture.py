"""Which room of the package may import which, and which of them know pyinfra."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import grimp
import pytest

import k8s_ha
from tests.support.paths import PROJECT

PACKAGE = Path(k8s_ha.__file__).parent

PURE = {
    "findings": {"untrusted"},
    "resources": set(),
    "backup_source": {"local_backups", "observations", "untrusted"},
    "local_backups": {"observations"},
    "local_files": set(),
    "redaction": set(),
    "restart_gate": set(),
    "untrusted": set(),
    "catalog": set(),
    "settings": {"catalog", "untrusted"},
    "observations": {"catalog", "findings", "settings", "untrusted"},
    "cluster_state": {"catalog", "desired", "observations", "redaction", "settings", "untrusted"},
    "desired": {"catalog", "observations", "settings", "untrusted"},
    "diagnosis": {"catalog", "observations", "redaction", "untrusted"},
    "preflight_checks": {"catalog", "cluster_state", "desired", "findings", "observations", "settings", "untrusted"},
    "verification": {"cluster_state", "findings", "observations", "settings", "untrusted"},
}
"""Values in, values out: what knows no pyinfra, and what each may import."""

EFFECTFUL = {
    "pyinfra_internals": {"untrusted"},
    # Is told, and asks nobody.
    "reporting": {
        *("catalog", "cluster_state", "desired", "diagnosis", "findings", "local_files", "observations", "settings"),
        *("pyinfra_internals", "redaction", "resources", "untrusted"),
    },
    "run": {
        "catalog",
        "cluster_state",
        "local_files",
        "observations",
        "pyinfra_internals",
        "reporting",
        "settings",
        "untrusted",
    },
    "facts": {
        "catalog",
        "desired",
        "diagnosis",
        "observations",
        "preflight_checks",
        "resources",
        "untrusted",
        "verification",
    },
    "start": {"pyinfra_internals", "reporting"},
    "__main__": {"reporting", "untrusted"},
    "operations": {"facts", "pyinfra_internals", "reporting", "run", *PURE} - {"redaction"},
    "deploys": {"facts", "operations", "pyinfra_internals", "reporting", "run", *PURE}
    - {"diagnosis", "local_backups", "redaction", "restart_gate", "untrusted", "verification"},
}
"""What talks to pyinfra, and what each may import."""

ROOMS = PURE | EFFECTFUL


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Each module at the top level, and each package with all that it holds, as one; pyinfra as another."""
    found = grimp.build_graph("k8s_ha", include_external_packages=True, cache_dir=None)
    for module in found.find_children("k8s_ha"):
        found.squash_module(module)
    return found


def test_every_room_is_in_the_table(graph: grimp.ImportGraph) -> None:
    assert {module.removeprefix("k8s_ha.") for module in graph.find_children("k8s_ha")} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_its_row_says_and_no_more(graph: grimp.ImportGraph, room: str) -> None:
    imported = graph.find_modules_directly_imported_by(f"k8s_ha.{room}")
    assert {name.removeprefix("k8s_ha.") for name in imported if name.startswith("k8s_ha.")} - {room} == ROOMS[room]


@pytest.mark.parametrize("room", PURE)
def test_what_is_pure_knows_no_pyinfra(graph: grimp.ImportGraph, room: str) -> None:
    assert "pyinfra" not in graph.find_modules_directly_imported_by(f"k8s_ha.{room}")


def test_no_arrow_closes_a_circle() -> None:
    waiting = {room: set(imported) for room, imported in ROOMS.items()}
    while free := {room for room, imported in waiting.items() if not imported}:
        waiting = {room: imported - free for room, imported in waiting.items() if room not in free}
    assert waiting == {}


PROMISED = {"pyinfra", "pyinfra.api", "pyinfra.api.arguments_typed", "pyinfra.api.command", "pyinfra.api.exceptions"}
"""The modules of pyinfra that any module here may import from: what its documentation shows."""

UNPROMISED = {
    *(
        "activated_hosts",
        "failed_hosts",
        "current_stage",
        "initialised",
        "check_for_changes",
        "is_host_in_limit",
        "cwd",
    ),
    *("ops", "op_meta", "op_hash_order", "get_op_order", "get_op_meta", "executing_op_hash", "operation_meta", "_hash"),
    *("current_deploy_name", "current_deploy_kwargs", "callback_handlers", "add_callback_handler", "get_transport"),
}
"""Attributes of pyinfra's objects that its documentation does not show."""

OUTSIDE = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent.name != "pyinfra_internals"]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_pyinfra_does_not_promise_is_touched_in_one_room(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "pyinfra":
            assert node.module in PROMISED
        elif isinstance(node, ast.Import):
            assert not any(entry.name.startswith("pyinfra.") for entry in node.names)
        elif isinstance(node, ast.Attribute):
            of_report = isinstance(node.value, ast.Name) and node.value.id == "report"  # it has names of its own
            assert of_report or node.attr not in UNPROMISED


def test_nothing_that_tests_import_patches_the_standard_library() -> None:
    """pyinfra's command line does, and a pytest that runs on several cores ends by it; one program of its own may."""
    imported = re.compile(r"^(?:from|import) pyinfra_cli\b", re.MULTILINE)
    tests = (PROJECT / "tests").rglob("*.py")
    assert [path.name for path in tests if imported.search(path.read_text(encoding="utf-8"))] == ["fork_server.py"]
