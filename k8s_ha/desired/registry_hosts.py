"""containerd's hosts.toml: where it pulls a registry's images from (containerd's docs/hosts.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import tomli_w

from k8s_ha.catalog.compatibility import DOCKER_HUB

CERTS_FOLDER: Final = "/etc/containerd/certs.d"
"""containerd reads what stands here at every pull."""


def hosts_file(registry: str) -> str:
    """The path of a registry's hosts.toml."""
    return f"{CERTS_FOLDER}/{registry}/hosts.toml"


def hosts_toml(registry: str, mirrors: Sequence[str]) -> str:
    """The text of a registry's hosts.toml.

    + registry: HOST[:PORT], as images name it
    + mirrors: URLs, tried in this order before the registry itself
    """
    server = "registry-1.docker.io" if registry == DOCKER_HUB else registry
    document: Mapping[str, Any] = {
        "server": f"https://{server}",
        "host": {url: {"capabilities": ["pull", "resolve"]} for url in mirrors},
    }
    return tomli_w.dumps(document)
