"""What stands for an endpoint that is left."""

from __future__ import annotations

import pytest

from k8s_ha.desired.former_endpoint import former_ports, is_told, may_be_virtual, names_kept, without_new_listeners
from tests.support.example_cluster import six_host_cluster

LB2 = {"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}
PLAIN = six_host_cluster()
NAMED = six_host_cluster(endpoint_name="api.k8s.example")
MOVING = six_host_cluster(endpoint={"virtual_address": "10.0.1.200"}, more_hosts=[LB2])


@pytest.mark.parametrize(
    ("former", "ports"), [(["10.0.1.1:6443"], ()), (["a:8443", "b:8443", "c:443", "d:6443"], (443, 8443))]
)
def test_ports_that_are_passed_on_besides(former: list[str], ports: tuple[int, ...]) -> None:
    assert former_ports(PLAIN, former) == ports


@pytest.mark.parametrize(
    ("former", "names"),
    [("10.0.1.157:6443", ()), ("api.k8s.example:6443", ("api.k8s.example",)), ("master-lb:6443", ())],
)
def test_names_that_hosts_go_on_to_know(former: str, names: tuple[str, ...]) -> None:
    assert names_kept(PLAIN, [former]) == names


def test_a_name_that_stays_is_written_anyway() -> None:
    assert names_kept(NAMED, ["api.k8s.example:8443"]) == ()


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        *(("10.0.1.157:6443", True), ("master-lb:8443", True), ("10.0.1.200:8443", True)),
        *(("10.0.1.99:6443", False), ("api.k8s.example:6443", False)),
    ],
)
def test_whether_its_balancers_are_this_runs(endpoint: str, expected: bool) -> None:
    assert is_told(MOVING, endpoint) is expected


@pytest.mark.parametrize(
    ("former", "expected"), [("10.0.1.157:6443", False), ("10.0.1.200:6443", True), ("api.k8s.example:6443", False)]
)
def test_whether_a_host_may_have_its_address_yet(former: str, expected: bool) -> None:
    assert may_be_virtual(PLAIN, [former]) is expected


TEXT = "server {\n    listen 8443;\n    listen 6443; # of the former endpoint\n    proxy_pass a;\n}\n"


@pytest.mark.parametrize(
    ("standing", "stays"),
    [
        ("", False),
        ("        listen 6443;\n", True),
        ("    listen 6443; # of the former endpoint\n", True),
        ("    listen 16443;\n", False),
        ("    listen 8443;\n", False),
    ],
)
def test_nginx_goes_on_to_listen_and_does_not_begin_to(standing: str, stays: bool) -> None:
    lines = TEXT.splitlines(keepends=True)
    assert without_new_listeners(TEXT, standing) == "".join(lines if stays else [*lines[:2], *lines[3:]])
