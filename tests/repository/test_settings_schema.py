"""The published JSON schema of the settings."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.support import settings_schema
from tests.support.paths import PROJECT

SCHEMA = json.loads(settings_schema.FILE.read_text(encoding="utf-8"))
FILES = sorted([*PROJECT.glob("group_data/*.py"), *PROJECT.glob("examples/*/group_data/*.py")])

WRONG: list[dict[str, Any]] = [
    {"k8s_ha": {"firewal": "keep"}},
    {"k8s_ha": {"firewall": "open"}},
    {"k8s_ha": {"pod_cidr": 10}},
    {"k8s_ha": {"mirror": "tsinghua"}},
    {"k8s_ha": {"mirror": {"credentials": {"https://a.example": {"username": "a", "password": "b"}}}}},
    {"k8s_ha": {"verify_timeout_seconds": 0}},
    {"k8s_ha_host": {"adress": "10.0.12.16"}},
    {"k8s_ha_host": {"role": "worker"}},
]


def mistakes(data: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(data)]


def settings_in(path: Path) -> dict[str, Any]:
    """What a file of group_data sets of this package's."""
    named = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
            named[target.id] = ast.literal_eval(node.value)
    return {name: named[name] for name in ("k8s_ha", "k8s_ha_host") if name in named}


def properties() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(model, name, schema) of each setting."""
    for model, definition in SCHEMA["$defs"].items():
        for name, row in definition["properties"].items():
            yield model, name, row


def test_it_is_made_of_the_models() -> None:
    written = settings_schema.FILE.read_text(encoding="utf-8")
    assert written == settings_schema.schema(), "run python -m tests.support.settings_schema"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_what_this_project_shows_fits(path: Path) -> None:
    assert settings_in(path)
    assert mistakes(settings_in(path)) == []


@pytest.mark.parametrize("data", WRONG, ids=str)
def test_a_mistake_does_not_fit(data: dict[str, Any]) -> None:
    assert len(mistakes(data)) == 1


def test_every_setting_is_described() -> None:
    assert [(model, name) for model, name, row in properties() if not row.get("description")] == []


def test_what_leads_to_a_secret_has_no_value_in_it() -> None:
    secret = {name: row for model, name, row in properties() if model == "Credentials"}
    assert {"username", "password_env", "password_file"} == set(secret)
    assert [
        name for name, row in secret.items() if row.get("default") or {"examples", "example", "const"} & set(row)
    ] == []
    assert SCHEMA["$defs"]["MirrorSettings"]["properties"]["credentials"]["default"] == {}
    assert SCHEMA["$defs"]["ClusterSettings"]["properties"]["mirror"]["default"]["credentials"] == {}
