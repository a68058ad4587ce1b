"""A configuration that a cluster keeps, with some fields of other values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def edited(document: Mapping[str, Any], values: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """The document with other values by path; None takes a field out, and maps that are empty then stay."""
    found = dict(document)
    for path, value in values.items():
        _set(found, path, value)
    return found


def _set(document: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    head, *rest = path
    if rest:
        below = document.get(head)
        inner = dict(below) if isinstance(below, Mapping) else {}
        _set(inner, tuple(rest), value)
        document[head] = inner
    elif value is None:
        document.pop(head, None)
    else:
        document[head] = value
