"""The endpoint: where it is by the settings and the hosts, and which forms of it do not fit."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.settings import load_cluster
from tests.support.example_cluster import six_hosts
from tests.support.settings_mistakes import mistakes

SIX = six_hosts()
NODES = [host for host in SIX if host["name"] != "master-lb"]
ALONE = SIX[:1]
TWO = [*SIX, {"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}]
THREE = [host | {"role": ["control_plane", "load_balancer"]} for host in SIX[:3]]


@pytest.mark.parametrize(
    ("settings", "hosts", "endpoint", "is_external", "target"),
    [
        ({}, SIX, "10.0.1.157:6443", False, "10.0.1.157"),
        ({}, ALONE, "10.0.11.18:6443", False, "10.0.11.18"),
        ({"control_plane_endpoint": "master-lb:8443"}, SIX, "master-lb:8443", False, "10.0.1.157"),
        ({"endpoint": {"port": 8443}}, SIX, "10.0.1.157:8443", False, "10.0.1.157"),
        ({"endpoint": {"port": 8443}}, THREE, "10.0.11.18:8443", False, "10.0.11.18"),
        ({"endpoint_name": "api.k8s.example"}, SIX, "api.k8s.example:6443", False, "10.0.1.157"),
        (
            {"endpoint_name": "api.k8s.example", "endpoint_name_in_hosts": False},
            SIX,
            "api.k8s.example:6443",
            False,
            "api.k8s.example",
        ),
        (
            {"endpoint_name": "api.k8s.example", "control_plane_endpoint": "10.0.1.157:8443"},
            SIX,
            "api.k8s.example:8443",
            False,
            "10.0.1.157",
        ),
        ({"endpoint": {"external": "10.9.9.9:443"}}, NODES, "10.9.9.9:443", True, "10.9.9.9"),
        (
            {"endpoint": {"external": "lb01.corp.example:6443"}},
            NODES,
            "lb01.corp.example:6443",
            True,
            "lb01.corp.example",
        ),
        (
            {"endpoint": {"external": "10.0.1.157.nip.io:6443"}},
            NODES,
            "10.0.1.157.nip.io:6443",
            True,
            "10.0.1.157.nip.io",
        ),
        ({"endpoint": {"virtual_address": "10.0.1.100"}}, TWO, "10.0.1.100:6443", False, "10.0.1.100"),
        (
            {"endpoint": {"virtual_address": "10.0.1.100", "port": 8443}, "endpoint_name": "api.k8s.example"},
            THREE,
            "api.k8s.example:8443",
            False,
            "10.0.1.100",
        ),
        ({"control_plane_endpoint": "lb.example:6443"}, NODES, "lb.example:6443", True, "lb.example"),
        ({"control_plane_endpoint": "10.9.9.9:6443"}, ALONE, "10.9.9.9:6443", True, "10.9.9.9"),
        ({"endpoint": {"external": "10.0.11.18:8443"}}, NODES, "10.0.11.18:8443", True, "10.0.11.18"),
    ],
)
def test_where_it_is(
    settings: dict[str, Any], hosts: list[dict[str, Any]], endpoint: str, is_external: bool, target: str
) -> None:
    cluster = load_cluster(settings, hosts)
    assert (cluster.endpoint, cluster.is_external, cluster.endpoint_target) == (endpoint, is_external, target)


@pytest.mark.parametrize(
    ("settings", "hosts", "line"),
    [
        (
            {"endpoint": {"external": "10.9.9.9"}},
            NODES,
            "endpoint.external: '10.9.9.9'; the endpoint is written HOST:PORT with a name or an IPv4 address; write "
            "ADDRESS:6443",
        ),
        (
            {"endpoint": {"external": "[fd00::1]:6443"}},
            NODES,
            "endpoint.external: '[fd00::1]:6443'; IPv6 is not supported; write an IPv4 address or a name, and the port",
        ),
        (
            {"endpoint": {"external": "10.9.9.999:6443"}},
            NODES,
            "endpoint.external: '10.9.9.999:6443'; the endpoint is an IPv4 address that other hosts reach, or a name "
            "that "
            "does not end like an address; correct it",
        ),
        (
            {"endpoint": {"external": "127.0.0.1:6443"}},
            NODES,
            "endpoint.external: '127.0.0.1:6443'; the endpoint is an IPv4 address that other hosts reach, or a name "
            "that "
            "does not end like an address; correct it",
        ),
        (
            {"endpoint": {"externals": "lb:6443"}},
            SIX,
            "endpoint.externals: unknown setting; settings are spelt as in EndpointSettings; did you mean external?",
        ),
        ({"endpoint": "lb:6443"}, SIX, "endpoint: 'lb:6443'; it is a map of settings; write {name: value}"),
        (
            {"endpoint": {"port": 8443}, "control_plane_endpoint": "10.0.1.157:6443"},
            SIX,
            "control_plane_endpoint: '10.0.1.157:6443' beside endpoint; they are one setting; remove "
            "control_plane_endpoint",
        ),
        (
            {"endpoint": {"external": "lb:6443", "port": 6443}},
            NODES,
            "endpoint.external: 'lb:6443' beside endpoint.port; that is the port of this package's own balancers; "
            "remove "
            "endpoint.port",
        ),
        (
            {"endpoint": {"external": "lb:6443"}},
            SIX,
            "endpoint.external: 'lb:6443' beside the load balancer master-lb; nothing would pass through that; take it "
            "out of the inventory, or remove endpoint.external",
        ),
        (
            {"endpoint": {"external": "10.0.11.18:6443"}},
            NODES,
            "endpoint.external: '10.0.11.18:6443'; that is the API server of master1 itself; write where the balancer "
            "listens",
        ),
        (
            {"endpoint": {"external": "lb:6443"}, "endpoint_name": "api.example"},
            NODES,
            "endpoint_name: 'api.example' beside a balancer that somebody else runs; that one has a name of its own; "
            "write it into endpoint.external, and remove endpoint_name",
        ),
        (
            {"endpoint": {"external": "10.244.0.1:6443"}},
            NODES,
            "pod_cidr: 10.244.0.0/16 holds the endpoint's address 10.244.0.1; pods and Services have networks of their "
            "own; choose another pod_cidr, or another endpoint",
        ),
        (
            {"endpoint": {"external": "10.0.13.22:6443"}, "removed_nodes": ["master3"]},
            NODES,
            "endpoint.external: '10.0.13.22:6443'; that is the API server of master3 itself; write where the balancer "
            "listens",
        ),
        (
            {"endpoint": {"virtual_address": "10.0.1.100"}},
            SIX,
            "endpoint.virtual_address: '10.0.1.100' with 1 load balancer; it moves between two or more; give another "
            "host the role load_balancer, or remove endpoint.virtual_address",
        ),
        (
            {"endpoint": {"virtual_address": "10.0.12.16"}},
            TWO,
            "endpoint.virtual_address: '10.0.12.16' is the address of worker1; it is nobody's own; choose a free one "
            "of that network",
        ),
        (
            {"endpoint": {"virtual_router_id": 51}},
            SIX,
            "endpoint.virtual_router_id: 51 without endpoint.virtual_address; it belongs to one; set that, or remove "
            "it",
        ),
        (
            {"endpoint": {"virtual_address": "10.0.1.100"}},
            THREE,
            "master1, master2, master3: load balancer at port 6443; its API server has that port already; set "
            "endpoint.port to 8443",
        ),
        (
            {"endpoint": {"virtual_address": "10.244.0.9"}},
            TWO,
            "pod_cidr: 10.244.0.0/16 holds the endpoint's address 10.244.0.9; pods and Services have networks of their "
            "own; choose another pod_cidr, or another endpoint",
        ),
        (
            {"endpoint_name": "worker1"},
            SIX,
            "endpoint_name: 'worker1' is the hostname of worker1; it leads to the endpoint; choose another",
        ),
        (
            {"endpoint_name": "10.0.1.157"},
            SIX,
            "endpoint_name: '10.0.1.157'; it is a DNS name in lower case; write one such as api.k8s.example",
        ),
        (
            {"endpoint": {}},
            THREE,
            "master1: load balancer at port 6443; its API server has that port already; set endpoint.port to 8443",
        ),
        (
            {"endpoint": {"port": 8443}},
            ALONE,
            "endpoint.port: '10.0.11.18:8443'; without a load balancer in between it is the API server's own port; "
            "write 6443",
        ),
        (
            {"control_plane_endpoint": "master1:6443"},
            NODES,
            "hosts: 3 control planes and no load balancer; several control planes stand behind one; give a host the "
            "role load_balancer, or name one that somebody else runs in endpoint.external",
        ),
    ],
)
def test_what_does_not_fit(settings: dict[str, Any], hosts: list[dict[str, Any]], line: str) -> None:
    assert mistakes(settings, hosts) == [line]


def test_every_host_knows_the_name() -> None:
    named = load_cluster({"endpoint_name": "api.k8s.example"}, SIX)
    assert named.names["api.k8s.example"] == "10.0.1.157"
    for settings in ({"endpoint_name_in_hosts": False}, {"control_plane_endpoint": "master-lb:6443"}):
        given = {"endpoint_name": "api.k8s.example" if "endpoint_name_in_hosts" in settings else "master-lb"}
        assert load_cluster(settings | given, SIX).names == load_cluster({}, SIX).names


def test_an_endpoint_that_may_be_mistyped_is_said() -> None:
    found = load_cluster({"control_plane_endpoint": "10.9.9.9:6443"}, NODES).warnings
    assert any("is at no host of the inventory, so it is taken for a balancer" in warning for warning in found)
    found = load_cluster({"endpoint": {"external": "10.9.9.9:6443"}}, NODES).warnings
    assert not any("endpoint" in warning for warning in found)
