"""Which room of the package may import which, and which of them know pyinfra."""

from __future__ import annotations

import grimp
import pytest

PURE = {
    "findings": set(),
    "resources": set(),
    "local_files": set(),
    "restart_gate": set(),
    "catalog": set(),
    "settings": {"catalog"},
    "observations": {"catalog", "findings", "settings"},
    "cluster_state": {"catalog", "observations", "settings"},
    "desired": {"catalog", "observations", "settings"},
    "preflight_checks": {"catalog", "cluster_state", "desired", "findings", "observations", "settings"},
    "verification": {"cluster_state", "findings", "observations", "settings"},
}
"""Values in, values out: what knows no pyinfra, and what each may import."""

EFFECTFUL = {
    "pyinfra_internals": set(),
    # Is told, and asks nobody.
    "reporting": {"catalog", "cluster_state", "desired", "findings", "local_files", "observations", "settings"},
    "run": {"catalog", "cluster_state", "observations", "reporting", "settings"},
    "facts": {"catalog", "desired", "observations", "preflight_checks", "resources", "verification"},
    "operations": {"facts", "pyinfra_internals", "reporting", "run", *PURE},
    "deploys": {"facts", "operations", "pyinfra_internals", "reporting", "run", *PURE}
    - {"local_files", "restart_gate", "verification"},
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
