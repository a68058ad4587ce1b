"""Docker's daemon.json: this package's keys laid over a user's, beside the flags that dockerd is started with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from k8s_ha.desired.json_text import JsonText, Number
from k8s_ha.observations.dockerd_flags import MERGED, Flag, Flags

RELOADABLE: Final = ("registry-mirrors",)
"""Keys of ours that dockerd reads again on SIGHUP (moby's daemon/reload.go)."""

CGROUP_DRIVER: Final = "native.cgroupdriver"
_SYSTEMD: Final = f"{CGROUP_DRIVER}=systemd"
# Docker's own default keeps every line a container ever wrote.
_LOG_ROTATION: Final[Mapping[str, Any]] = {
    "log-driver": "json-file",
    "log-opts": {"max-size": "100m", "max-file": "3"},
}
_TYPES: Final[Mapping[str, tuple[type, str]]] = {
    "exec-opts": (list, "a list"),
    "registry-mirrors": (list, "a list"),
    "log-driver": (str, "text"),
    "log-opts": (dict, "an object"),
}
NO_FLAGS: Final = Flags()
PACKAGED_UNITS: Final = "/usr/lib/systemd/system/"
"""Whose files the next update of a package replaces."""


class Unusable(ValueError):
    """That Docker cannot be configured beside what its user has configured.

    + found, wanted, remedy: a phrase each, as a finding has them
    """

    def __init__(self, found: str, wanted: str, remedy: str) -> None:
        super().__init__(f"{found}; {wanted}; {remedy}")
        self.found, self.wanted, self.remedy = found, wanted, remedy


def merged(content: bytes, registry_mirrors: Sequence[str] | None, flags: Flags = NO_FLAGS) -> bytes:
    """The file with what Kubernetes needs of Docker, and everything else in it byte for byte as it was.

    Logs are rotated where the user has chosen neither a log driver nor options for one. What stands as a flag is left
    to it.

    + content: the file as it is, empty where there is none
    + registry_mirrors: of Docker Hub; an empty list removes them, None leaves those that are there
    + flags: that dockerd will be started with

    Raises Unusable where the file is broken or dockerd would not start, or not as wanted.
    """
    document = _parsed(content, flags)
    _refuse_conflicts(document, flags)
    wanted = _with_cgroup_driver(document, flags)
    if not set(_LOG_ROTATION) & {*document.keys(), *flags.by_key}:
        for key, value in _LOG_ROTATION.items():
            wanted = wanted.having(key, value)
    wanted = _with_mirrors(wanted, registry_mirrors, flags)
    return content if wanted is document else wanted.text.encode()


def needs_a_restart(before: bytes, after: bytes) -> bool:
    """Whether two usable files differ in what dockerd reads at its start only."""
    return _lasting(before) != _lasting(after)


def texts(content: bytes, key: str) -> list[str]:
    """The entries of a list that a usable file has; none where it has no such key."""
    return [str(entry) for entry in JsonText(content).value_of(key) or []]


def _lasting(content: bytes) -> str:
    document = JsonText(content)
    return json.dumps(
        {member.key: member.value for member in document.members if member.key not in RELOADABLE}, sort_keys=True
    )


def _parsed(content: bytes, flags: Flags) -> JsonText:
    """The file's content; Unusable where one of our keys holds what dockerd would refuse."""
    try:
        document = JsonText(content)
        for key, (kind, kind_name) in _TYPES.items():
            value = document.value_of(key)
            entries = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            if value is not None and type(value) is not kind:
                raise ValueError(f"has {_shown(value)} as {key!r}, which must be {kind_name}")
            odd = next((entry for entry in entries if type(entry) is not str), None)
            if odd is not None:
                raise ValueError(f"has {_shown(odd)} in {key!r}, whose values must be text in quotes")
    except ValueError as error:
        raise Unusable(
            f"{flags.config} {error}", "dockerd would not start with it", "repair it or remove it, then run this again"
        ) from None
    return document


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, Number) else json.dumps(value)


def _refuse_conflicts(document: JsonText, flags: Flags) -> None:
    both = sorted((set(document.keys()) & set(flags.by_key)) - MERGED)
    if not both:
        return
    flag = flags.by_key[both[0]]
    packaged = not flag.path or flag.path.startswith(PACKAGED_UNITS)
    where = "in Docker's own unit" if packaged else f"in {flag.path}"
    raise Unusable(
        f"{both[0]!r} stands in {flags.config} and as {flag.name} {where}",
        "dockerd does not start with both",
        f"remove it from {flags.config if packaged else 'one of the two'}, then run this again",
    )


def _with_cgroup_driver(document: JsonText, flags: Flags) -> JsonText:
    flag = flags.by_key.get("exec-opts")
    if flag:
        if _driver(flag.values) != "systemd":
            raise _not_by_flag(flag, f"--exec-opt {_SYSTEMD}", "the kubelet's cgroup driver is systemd")
        return document
    options = document.value_of("exec-opts") or []
    if _driver(options) == "systemd":
        return document
    return document.having("exec-opts", [*(option for option in options if not _is_driver(option)), _SYSTEMD])


def _driver(options: Sequence[str]) -> str | None:
    """The cgroup driver that options choose; None where none does, or where they contradict each other."""
    chosen = {option.partition("=")[2].strip() for option in options if _is_driver(option)}
    return chosen.pop() if len(chosen) == 1 else None


def _is_driver(option: str) -> bool:
    return option.partition("=")[0].strip().lower() == CGROUP_DRIVER


def _with_mirrors(document: JsonText, registry_mirrors: Sequence[str] | None, flags: Flags) -> JsonText:
    flag = flags.by_key.get("registry-mirrors")
    if registry_mirrors is None:
        return document
    if flag:
        if _comparable(flag.values) != _comparable(registry_mirrors):
            raise _not_by_flag(flag, None, f"registry_mirrors has {', '.join(registry_mirrors) or 'none'}")
        return document
    if _comparable(document.value_of("registry-mirrors") or []) == _comparable(registry_mirrors):
        return document
    return document.having("registry-mirrors", list(registry_mirrors) or None)


def _comparable(urls: Sequence[str]) -> list[str]:
    return [url.rstrip("/") for url in urls]


def _not_by_flag(flag: Flag, instead: str | None, wanted: str) -> Unusable:
    place = flag.path or "docker.service"
    remedy = f"write {instead} there, or remove the flag" if instead else "remove the flag"
    return Unusable(f"{place} starts dockerd with {flag}", wanted, f"{remedy} from {place}, then run this again")
