"""daemon.json: what this package needs, laid over what a user has there and in dockerd's flags."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8s_ha.desired.daemon_json import Unusable, merged, needs_a_restart, texts
from k8s_ha.observations.dockerd_flags import Flags, parsed
from k8s_ha.observations.service_command import Word

DRIVER = "native.cgroupdriver=systemd"
ROTATED: dict[str, Any] = {"log-driver": "json-file", "log-opts": {"max-size": "100m", "max-file": "3"}}
FILE = "/etc/docker/daemon.json"


def flags(line: str, path: str = "/etc/drop-in") -> Flags:
    return parsed([Word(text, path) for text in ["/usr/bin/dockerd", *line.split()]])


MERGED: dict[str, tuple[dict[str, Any] | None, list[str] | None, dict[str, Any]]] = {
    "no file": (None, None, {"exec-opts": [DRIVER], **ROTATED}),
    "mirrors": (None, ["https://m"], {"exec-opts": [DRIVER], **ROTATED, "registry-mirrors": ["https://m"]}),
    "another key": ({"data-root": "/data"}, None, {"data-root": "/data", "exec-opts": [DRIVER], **ROTATED}),
    "another driver": (
        {"exec-opts": ["native.cgroupdriver=cgroupfs", "native.umask=normal"], "log-driver": "journald"},
        None,
        {"exec-opts": ["native.umask=normal", DRIVER], "log-driver": "journald"},
    ),
    "two drivers": (
        {"exec-opts": [DRIVER, "native.cgroupdriver=cgroupfs"], "log-driver": "journald"},
        None,
        {"exec-opts": [DRIVER], "log-driver": "journald"},
    ),
    "options for logs": (
        {"log-opts": {"max-size": "1g"}},
        None,
        {"log-opts": {"max-size": "1g"}, "exec-opts": [DRIVER]},
    ),
    "a user's mirrors": (
        {"registry-mirrors": ["https://own"], **ROTATED},
        None,
        {"registry-mirrors": ["https://own"], **ROTATED, "exec-opts": [DRIVER]},
    ),
    "no mirrors any more": (
        {"registry-mirrors": ["https://own"], **ROTATED},
        [],
        {**ROTATED, "exec-opts": [DRIVER]},
    ),
    "other mirrors": (
        {"registry-mirrors": ["https://own"], **ROTATED},
        ["https://m"],
        {"registry-mirrors": ["https://m"], **ROTATED, "exec-opts": [DRIVER]},
    ),
}


@pytest.mark.parametrize(("before", "mirrors", "after"), MERGED.values(), ids=MERGED)
def test_merged(before: dict[str, Any] | None, mirrors: list[str] | None, after: dict[str, Any]) -> None:
    content = merged(json.dumps(before).encode() if before is not None else b"", mirrors)
    assert json.loads(content) == after
    assert list(json.loads(content)) == list(after)
    assert merged(content, mirrors) == content


SATISFIED = {
    "in another order": b'{"log-opts": {}, "exec-opts": ["native.cgroupdriver=systemd", "a=b"]}',
    "in other words": b'{ "exec-opts":["Native.CgroupDriver = systemd"],"log-driver":"journald" }\n\n',
    "mirrors with a slash": b"""{"exec-opts": ["native.cgroupdriver=systemd"], "log-driver": "a",
        "registry-mirrors": ["https://m/"]}""",
    "odd numbers": b'{"mtu": 1.40e3, "exec-opts": ["native.cgroupdriver=systemd"], "log-opts": {}}',
}


@pytest.mark.parametrize("content", SATISFIED.values(), ids=SATISFIED)
def test_a_file_that_says_what_is_wanted_stays_byte_for_byte(content: bytes) -> None:
    assert merged(content, ["https://m"] if b"mirrors" in content else None) is content


BY_FLAGS: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {
    "the driver": (f"--exec-opt {DRIVER}", None, ROTATED),
    "logs": ("--log-driver journald", None, {"exec-opts": [DRIVER]}),
    "options of logs": ("--log-opt max-size=50m", None, {"exec-opts": [DRIVER]}),
    "the mirrors": ("--registry-mirror=https://m/", ["https://m"], {"exec-opts": [DRIVER], **ROTATED}),
    "mirrors that nobody speaks of": ("--registry-mirror=https://own", None, {"exec-opts": [DRIVER], **ROTATED}),
}


@pytest.mark.parametrize(("line", "mirrors", "after"), BY_FLAGS.values(), ids=BY_FLAGS)
def test_what_stands_as_a_flag_is_not_written(line: str, mirrors: list[str] | None, after: dict[str, Any]) -> None:
    assert json.loads(merged(b"", mirrors, flags(line))) == after


REFUSED: dict[str, tuple[str, str, list[str] | None, tuple[str, str, str]]] = {
    "another driver": (
        "",
        "--exec-opt native.cgroupdriver=cgroupfs",
        None,
        (
            "/etc/drop-in starts dockerd with --exec-opt native.cgroupdriver=cgroupfs",
            "the kubelet's cgroup driver is systemd",
            f"write --exec-opt {DRIVER} there, or remove the flag from /etc/drop-in, then run this again",
        ),
    ),
    "options without a driver": (
        "",
        "--exec-opt a=b",
        None,
        (
            "/etc/drop-in starts dockerd with --exec-opt a=b",
            "the kubelet's cgroup driver is systemd",
            f"write --exec-opt {DRIVER} there, or remove the flag from /etc/drop-in, then run this again",
        ),
    ),
    "other mirrors": (
        "",
        "--registry-mirror https://own",
        ["https://m"],
        (
            "/etc/drop-in starts dockerd with --registry-mirror https://own",
            "registry_mirrors has https://m",
            "remove the flag from /etc/drop-in, then run this again",
        ),
    ),
    "no mirrors": (
        "",
        "--registry-mirror https://own",
        [],
        (
            "/etc/drop-in starts dockerd with --registry-mirror https://own",
            "registry_mirrors has none",
            "remove the flag from /etc/drop-in, then run this again",
        ),
    ),
    "a key that stands in both": (
        '{"data-root": "/a"}',
        "--data-root /b",
        None,
        (
            f"'data-root' stands in {FILE} and as --data-root in /etc/drop-in",
            "dockerd does not start with both",
            "remove it from one of the two, then run this again",
        ),
    ),
}


@pytest.mark.parametrize(("text", "line", "mirrors", "phrases"), REFUSED.values(), ids=REFUSED)
def test_flags_that_clash(text: str, line: str, mirrors: list[str] | None, phrases: tuple[str, str, str]) -> None:
    with pytest.raises(Unusable) as caught:
        merged(text.encode(), mirrors, flags(line))
    assert (caught.value.found, caught.value.wanted, caught.value.remedy) == phrases


@pytest.mark.parametrize("path", ["", "/usr/lib/systemd/system/docker.service"])
def test_hosts_beside_those_of_dockers_own_unit(path: str) -> None:
    with pytest.raises(Unusable) as caught:
        merged(b'{"hosts": ["tcp://0.0.0.0:2375"]}', None, flags("-H fd://", path=path))
    assert str(caught.value) == (
        f"'hosts' stands in {FILE} and as -H in Docker's own unit; dockerd does not start with both; remove it from "
        f"{FILE}, then run this again"
    )


def test_runtimes_may_stand_in_both() -> None:
    assert b"runtimes" in merged(b'{"runtimes": {}}', None, flags("--add-runtime a=/b"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('{"a": 1,}', "is not JSON: Expecting property name enclosed in double quotes in line 1, column 9"),
        ("[]", "holds no JSON object"),
        ('{"exec-opts": "x"}', "has \"x\" as 'exec-opts', which must be a list"),
        ('{"exec-opts": [1]}', "has 1 in 'exec-opts', whose values must be text in quotes"),
        ('{"log-driver": 1}', "has 1 as 'log-driver', which must be text"),
        ('{"log-opts": []}', "has [] as 'log-opts', which must be an object"),
        ('{"log-opts": {"max-file": 3}}', "has 3 in 'log-opts', whose values must be text in quotes"),
        ('{"log-opts": {"compress": true}}', "has true in 'log-opts', whose values must be text in quotes"),
        ('{"registry-mirrors": {}}', "has {} as 'registry-mirrors', which must be a list"),
        ('{"exec-opts": [], "exec-opts": []}', "has 'exec-opts' twice"),
    ],
)
def test_what_dockerd_would_refuse(text: str, wrong: str) -> None:
    with pytest.raises(Unusable) as caught:
        merged(text.encode(), None)
    assert caught.value.found == f"{FILE} {wrong}"


def test_only_mirrors_are_read_without_a_restart() -> None:
    plain = merged(b"", None)
    assert not needs_a_restart(plain, merged(b"", ["https://m"]))
    assert needs_a_restart(plain, merged(b'{"debug": true}', None))
    assert texts(plain, "registry-mirrors") == []
    assert texts(merged(b"", ["https://m"]), "registry-mirrors") == ["https://m"]
