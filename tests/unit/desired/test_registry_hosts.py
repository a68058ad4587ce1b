"""containerd's hosts.toml, read back by another reader of TOML."""

from __future__ import annotations

import tomllib

import pytest

from k8s_ha.catalog.credentials import Login
from k8s_ha.desired.registry_hosts import hosts_file, hosts_toml, registry_hosts


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


LOGIN = Login("ci", "s3cret")
HEADER = {"capabilities": ["pull", "resolve"], "header": {"Authorization": "Basic Y2k6czNjcmV0"}}
PLAIN = {"capabilities": ["pull", "resolve"]}
HUB, OWN = hosts_file("docker.io"), hosts_file("r.example")


@pytest.mark.parametrize(
    ("logins", "open_to_all", "secret"),
    [
        ({}, {HUB: {"https://m.example": PLAIN}}, {}),
        ({"https://elsewhere.example": LOGIN}, {HUB: {"https://m.example": PLAIN}}, {}),
        ({"https://m.example": LOGIN}, {}, {HUB: {"https://m.example": HEADER}}),
        ({"https://r.example": LOGIN}, {HUB: {"https://m.example": PLAIN}}, {OWN: {"https://r.example": HEADER}}),
    ],
)
def test_a_file_with_a_login_is_told_from_those_for_everybody(
    logins: dict[str, Login], open_to_all: dict[str, object], secret: dict[str, object]
) -> None:
    found = registry_hosts({"docker.io": ["https://m.example"]}, ["r.example"], logins)
    read = [{path: tomllib.loads(text)["host"] for path, text in files.items()} for files in found]
    assert read == [open_to_all, secret]
