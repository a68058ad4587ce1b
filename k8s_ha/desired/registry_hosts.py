"""containerd's hosts.toml: where it pulls a registry's images from (containerd's docs/hosts.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import tomli_w

from k8s_ha.catalog.compatibility import DOCKER_HUB
from k8s_ha.catalog.credentials import Login, Logins, login_at

CERTS_FOLDER: Final = "/etc/containerd/certs.d"
"""containerd reads what stands here at every pull."""


def hosts_file(registry: str) -> str:
    """The path of a registry's hosts.toml."""
    return f"{CERTS_FOLDER}/{registry}/hosts.toml"


def hosts_toml(registry: str, mirrors: Sequence[str], logins: Logins | None = None) -> str:
    """The text of a registry's hosts.toml.

    + registry: HOST[:PORT], as images name it
    + mirrors: URLs, tried in this order before the registry itself
    + logins: at any mirror or registry; with one of them the text is secret
    """
    logins = logins or {}
    server = "registry-1.docker.io" if registry == DOCKER_HUB else registry
    hosts = {url: _host(login_at(url, logins)) for url in mirrors}
    own = login_at(f"https://{server}", logins)
    if own:
        hosts[f"https://{server}"] = _host(own)
    return tomli_w.dumps({"server": f"https://{server}", "host": hosts})


def _host(login: Login | None) -> dict[str, Any]:
    header = {"header": {"Authorization": login.authorization}} if login else {}
    return {"capabilities": ["pull", "resolve"], **header}


def registry_hosts(
    mirrors: Mapping[str, Sequence[str]], registries: Iterable[str], logins: Logins
) -> tuple[dict[str, str], dict[str, str]]:
    """The hosts.toml of every registry with mirrors or a login, by path: those for everybody, and those with secrets.

    + mirrors: by registry
    + registries: that images come from
    """
    open_to_all, secret = {}, {}
    for registry in dict.fromkeys([*mirrors, *registries]):
        urls = mirrors.get(registry, ())
        text = hosts_toml(registry, urls, logins)
        if any(login.authorization in text for login in logins.values()):
            secret[hosts_file(registry)] = text
        elif registry in mirrors:
            open_to_all[hosts_file(registry)] = text
    return open_to_all, secret
