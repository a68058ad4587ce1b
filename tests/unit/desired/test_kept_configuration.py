"""What a cluster keeps, with other values: nothing else of it changes, whatever form its version has."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.desired.kept_configuration import edited

V3, V4 = {"apiVersion": "kubeadm.k8s.io/v1beta3"}, {"apiVersion": "kubeadm.k8s.io/v1beta4"}
PLACE = ("apiServer", "extraArgs", "v")


def listed(*arguments: tuple[str, str]) -> dict[str, Any]:
    return {"apiServer": {"extraArgs": [{"name": name, "value": value} for name, value in arguments]}}


ROWS: dict[str, tuple[dict[str, Any], dict[tuple[str, ...], Any], dict[str, Any]]] = {
    "a field": ({"a": 1, "b": 2}, {("a",): 3}, {"a": 3, "b": 2}),
    "a field that is new": ({}, {("a", "b"): 3}, {"a": {"b": 3}}),
    "a field that is taken out": ({"a": {"b": 1, "c": 2}}, {("a", "b"): None}, {"a": {"c": 2}}),
    "a key with a dot": (
        {},
        {("evictionHard", "memory.available"): "1Gi"},
        {"evictionHard": {"memory.available": "1Gi"}},
    ),
    "a map of arguments": (
        V3 | {"apiServer": {"extraArgs": {"a": "1"}}},
        {PLACE: "4"},
        V3 | {"apiServer": {"extraArgs": {"a": "1", "v": "4"}}},
    ),
    "the first of a map": (V3, {PLACE: "4"}, V3 | {"apiServer": {"extraArgs": {"v": "4"}}}),
    "an argument that leaves a map": (
        V3 | {"apiServer": {"extraArgs": {"a": "1", "v": "4"}}},
        {PLACE: None},
        V3 | {"apiServer": {"extraArgs": {"a": "1"}}},
    ),
    "a list of arguments": (V4 | listed(("a", "1")), {PLACE: "4"}, V4 | listed(("a", "1"), ("v", "4"))),
    "another value in its place": (
        V4 | listed(("v", "2"), ("a", "1")),
        {PLACE: "4"},
        V4 | listed(("v", "4"), ("a", "1")),
    ),
    "the first of a list": (
        V4 | {"apiServer": {"certSANs": ["x"]}},
        {PLACE: "4"},
        V4 | {"apiServer": {"certSANs": ["x"], "extraArgs": [{"name": "v", "value": "4"}]}},
    ),
    "an argument that leaves a list": (V4 | listed(("v", "2"), ("a", "1")), {PLACE: None}, V4 | listed(("a", "1"))),
    "several values of one": (
        V4 | listed(("v", "2"), ("a", "1"), ("v", "3")),
        {PLACE: ["4", "5"]},
        V4 | listed(("v", "4"), ("v", "5"), ("a", "1")),
    ),
}


@pytest.mark.parametrize(("document", "values", "expected"), ROWS.values(), ids=ROWS)
def test_edits(document: dict[str, Any], values: dict[tuple[str, ...], Any], expected: dict[str, Any]) -> None:
    before = repr(document)
    assert edited(document, values) == expected
    assert repr(document) == before
