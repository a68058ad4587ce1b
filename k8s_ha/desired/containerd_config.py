"""What somebody's own configuration of containerd has that this package's has not."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from k8s_ha.untrusted import LEVELS_AT_MOST, is_deeper, short

CONFIG: Final = "/etc/containerd/config.toml"
PROGRAM: Final = "/usr/bin/containerd"
OURS: Final = b"# Written by k8s_ha"
CERTS_FOLDER: Final = "/etc/containerd/certs.d"

_CRI: Final = (
    "cri",
    "io.containerd.grpc.v1.cri",
    "io.containerd.cri.v1.images",
    "io.containerd.cri.v1.runtime",
)
"""Tables of the CRI plugin, in the configuration's versions 1, 2 and 3 (containerd's docs/cri/config.md)."""

_DEFAULTS: Final[Mapping[str, str]] = {
    "root": "/var/lib/containerd",
    "state": "/run/containerd",
    "grpc.address": "/run/containerd/containerd.sock",
}
_PACKAGED: Final[tuple[Mapping[str, Any], ...]] = ({}, {"disabled_plugins": ["cri"]})
"""What containerd.io's own file says."""


def is_somebodys(content: bytes) -> bool:
    """Whether a user wrote the file: not this package, and not that of containerd."""
    if not content.strip() or content.startswith(OURS):
        return False
    document = _document(content)
    return document is None or document not in _PACKAGED


def lost(content: bytes) -> list[str]:
    """What of a user's file is gone where this package's takes its place, in phrases without a secret."""
    document = _document(content)
    if document is None:
        return ["what cannot be read as TOML"]
    return [*_moved(document), *(entry for name in _CRI for entry in _of_cri(_table(document, "plugins", name)))]


def _document(content: bytes) -> dict[str, Any] | None:
    """The file's; None where it is no TOML, or nested too deep."""
    try:
        document = tomllib.loads(content.decode())
    except (ValueError, RecursionError):
        return None
    return None if is_deeper(document, LEVELS_AT_MOST, len(content)) else document


def _moved(document: Mapping[str, Any]) -> Iterator[str]:
    values = {**document, "grpc.address": _table(document, "grpc").get("address")}
    for key, default in _DEFAULTS.items():
        if values.get(key) not in (None, "", default):
            yield f"{key} {_shown(values[key])}"
    if document.get("imports"):
        yield "imports"
    for name in _table(document, "proxy_plugins"):
        yield f"plugin {name}"


def _shown(value: object) -> str:
    return value if isinstance(value, str) else short(value)


def _of_cri(cri: Mapping[str, Any]) -> Iterator[str]:
    containerd, registry = _table(cri, "containerd"), _table(cri, "registry")
    for name in _table(containerd, "runtimes"):
        if name != "runc":
            yield f"runtime {name}"
    for table, key, default in (
        (containerd, "default_runtime_name", "runc"),
        (containerd, "snapshotter", "overlayfs"),
        (cri, "snapshotter", "overlayfs"),
        (registry, "config_path", CERTS_FOLDER),
    ):
        if table.get(key) not in (None, "", default):
            yield f"{key} {_shown(table[key])}"
    for name in _table(registry, "mirrors"):
        yield f"mirrors of {name}"
    for name in _table(registry, "configs"):
        yield f"access to {name}"


def _table(document: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """A table below others; an empty one where there is none."""
    found: Any = document
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
