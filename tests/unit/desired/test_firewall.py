"""What stands open on which host."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.desired.firewall import open_ports, trusted_sources
from k8s_ha.settings import load_cluster
from tests.support.example_cluster import six_host_cluster, six_hosts

NODE_PORTS = ("30000-32767/tcp", "30000-32767/udp")
ADDRESSES = ("10.0.11.18", "10.0.12.55", "10.0.13.22", "10.0.12.16", "10.0.13.37", "10.0.1.157")


@pytest.mark.parametrize(
    ("name", "ports"), [("master1", NODE_PORTS), ("worker1", NODE_PORTS), ("master-lb", ("6443/tcp",))]
)
def test_open_to_everybody(name: str, ports: tuple[str, ...]) -> None:
    cluster = six_host_cluster()
    assert open_ports(cluster, cluster.host(name)) == ports


@pytest.mark.parametrize(
    ("role", "settings", "ports"),
    [
        ("control_plane", {}, ("6443/tcp", *NODE_PORTS)),
        (["control_plane", "load_balancer"], {"control_plane_endpoint": "10.0.0.5:8443"}, ("8443/tcp", *NODE_PORTS)),
    ],
)
def test_a_control_plane_that_is_asked_from_outside(
    role: Any, settings: dict[str, Any], ports: tuple[str, ...]
) -> None:
    cluster = load_cluster(settings, [{"name": "one", "address": "10.0.0.5", "role": role}])
    assert open_ports(cluster, cluster.host("one")) == ports


def test_nobody_trusts_a_host_that_is_for_admins_alone() -> None:
    hosts = [*six_hosts(), {"name": "desk", "address": "10.0.9.9", "role": "admin"}]
    cluster = load_cluster({}, hosts)
    assert all("10.0.9.9" not in trusted_sources(cluster, host) for host in cluster.hosts)


def test_hosts_of_a_cluster_trust_each_other_and_nodes_the_pods() -> None:
    cluster = six_host_cluster()
    for host in cluster.hosts:
        others = {address for address in ADDRESSES if address != host.address}
        assert set(trusted_sources(cluster, host)) == others | ({"10.244.0.0/16"} if host.is_node else set())
