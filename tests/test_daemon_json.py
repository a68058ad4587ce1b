"""daemon.json: what this package needs, laid over what a user has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8s_ha.daemon_json import merged, without_reloadable

DRIVER = "native.cgroupdriver=systemd"
ROTATED: dict[str, Any] = {"log-driver": "json-file", "log-opts": {"max-size": "100m", "max-file": "3"}}


@pytest.mark.parametrize(
    ("before", "mirrors", "after"),
    [
        (None, None, {"exec-opts": [DRIVER], **ROTATED}),
        (None, ["https://m"], {"exec-opts": [DRIVER], **ROTATED, "registry-mirrors": ["https://m"]}),
        ({"data-root": "/data"}, None, {"data-root": "/data", "exec-opts": [DRIVER], **ROTATED}),
        (
            {"exec-opts": ["native.cgroupdriver=cgroupfs", "native.umask=normal"], "log-driver": "journald"},
            None,
            {"exec-opts": ["native.umask=normal", DRIVER], "log-driver": "journald"},
        ),
        ({"log-opts": {"max-size": "1g"}}, None, {"log-opts": {"max-size": "1g"}, "exec-opts": [DRIVER]}),
        ({"registry-mirrors": ["https://own"], **ROTATED}, None, {"registry-mirrors": ["https://own"], **ROTATED}),
        ({"registry-mirrors": ["https://own"], **ROTATED}, [], ROTATED),
        (
            {"registry-mirrors": ["https://own"], **ROTATED},
            ["https://m"],
            {"registry-mirrors": ["https://m"], **ROTATED},
        ),
    ],
)
def test_merged(before: dict[str, Any] | None, mirrors: list[str] | None, after: dict[str, Any]) -> None:
    text = merged(json.dumps(before) if before is not None else "", mirrors)
    assert json.loads(text) == {"exec-opts": [DRIVER], **after}
    assert merged(text, mirrors) == text


def test_the_users_order_stays() -> None:
    text = merged('{"zeta": 1, "alpha": "日"}', None)
    assert list(json.loads(text))[:2] == ["zeta", "alpha"]
    assert '"日"' in text


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('{"a": 1,}', "is not JSON: Expecting property name enclosed in double quotes in line 1, column 9"),
        ("{\n  'a': 1\n}", "is not JSON: Expecting property name enclosed in double quotes in line 2, column 3"),
        ("[]", "holds no JSON object"),
        ('{"exec-opts": "x"}', "has \"x\" as 'exec-opts', which must be a list"),
        ('{"log-opts": []}', "has [] as 'log-opts', which must be an object"),
        ('{"registry-mirrors": {}}', "has {} as 'registry-mirrors', which must be a list"),
    ],
)
def test_what_dockerd_would_refuse(text: str, wrong: str) -> None:
    with pytest.raises(ValueError) as caught:
        merged(text, None)
    assert str(caught.value) == wrong


def test_only_mirrors_are_read_without_a_restart() -> None:
    plain = without_reloadable(merged("", None))
    assert without_reloadable(merged("", ["https://m"])) == plain
    assert without_reloadable(merged('{"debug": true}', None)) != plain
