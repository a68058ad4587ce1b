"""A configuration that a cluster keeps, with some fields of other values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8s_ha.settings.kubeadm_patches import EXTRA_ARGS, is_argument_list


def edited(document: Mapping[str, Any], values: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """The document with other values by path; None takes a field out, and maps that are empty then stay.

    Extra arguments are edited by name, in the form that the document's version has: a map, or from v1beta4 on a list.
    """
    found = dict(document)
    as_list = str(document.get("apiVersion")).endswith("/v1beta4")
    for path, value in values.items():
        _set(found, path, value, as_list)
    return found


def _set(document: dict[str, Any], path: tuple[str, ...], value: Any, as_list: bool) -> None:
    head, *rest = path
    below = document.get(head)
    if rest and head in EXTRA_ARGS and (is_argument_list(below) or (as_list and not below)):
        document[head] = _with_argument(below or [], rest[0], value)
    elif rest:
        inner = dict(below) if isinstance(below, Mapping) else {}
        _set(inner, tuple(rest), value, as_list)
        document[head] = inner
    elif value is None:
        document.pop(head, None)
    else:
        document[head] = value


def _with_argument(arguments: list[dict[str, Any]], name: str, value: Any) -> list[dict[str, Any]]:
    """The list with all values of one argument at the place of its first one; None for none."""
    values = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
    given = [{"name": name, "value": str(entry)} for entry in values]
    at = next((number for number, item in enumerate(arguments) if item["name"] == name), len(arguments))
    others = [item for item in arguments if item["name"] != name]
    return [*others[:at], *given, *others[at:]]
