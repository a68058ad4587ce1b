"""containerd's hosts.toml, read back by another reader of TOML."""

from __future__ import annotations

import tomllib

import pytest

from k8s_ha.desired.registry_hosts import hosts_file, hosts_toml


@pytest.mark.parametrize(
    ("registry", "server"), [("docker.io", "https://registry-1.docker.io"), ("quay.io:5000", "https://quay.io:5000")]
)
@pytest.mark.parametrize(
    "mirrors",
    [[], ["https://b.example", "https://a.example/v2"], ['https://x.example/"]\n[host."y', "https://\\u0041"]],
)
def test_mirrors_stand_in_their_order_whatever_is_in_them(registry: str, server: str, mirrors: list[str]) -> None:
    read = tomllib.loads(hosts_toml(registry, mirrors))
    assert read["server"] == server
    assert list(read["host"]) == mirrors
    assert all(host == {"capabilities": ["pull", "resolve"]} for host in read["host"].values())
    assert hosts_file(registry) == f"/etc/containerd/certs.d/{registry}/hosts.toml"
