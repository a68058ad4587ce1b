"""What stands in the way of a host's traffic: a table of what it told to the exact findings."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.findings import Finding
from k8s_ha.preflight_checks.model import HostContext, Listener
from tests.support.cases import context, found, warning

NODE = {"node": True, "hostname": "worker1"}
OURS_LISTEN = (
    Listener(6443, "kube-apiserver", 1),
    Listener(2379, "etcd", 2),
    Listener(2380, "etcd", 2),
    Listener(10250, "kubelet", 3),
    Listener(10248, "kubelet", 3),
    Listener(10257, "kube-controller", 4),
    Listener(10259, "kube-scheduler", 5),
    Listener(22, "sshd", 6),
)
PROXIED = {"environment": {"https_proxy": "set", "no_proxy": "localhost"}}


def taken(host: str, process: str, pid: int, port: int, owner: str) -> Finding:
    return Finding(
        host,
        "ports",
        f"{process} (pid {pid}) listens on port {port}",
        f"{owner} listens there",
        "end that program, or move it to another port",
    )


def overlapping(route: str, setting: str, network: str) -> Finding:
    return Finding(
        "worker1",
        "networks",
        f"its route {route} overlaps {setting} {network}",
        "the hosts' networks and the cluster's are apart",
        f"choose another {setting}, or remove that route if nothing needs it",
    )


def elsewhere(host: str, name: str, address: str, right: str, severity: Any = "warning") -> Finding:
    return Finding(
        host,
        "hostname",
        f"{name} is {address} in its /etc/hosts",
        f"it is {right}",
        "correct or remove that line; it comes before those that this run writes",
        severity,
    )


EVERYBODY = "10.0.1.157, 10.0.11.18, 10.0.12.55, 10.0.13.22, 10.0.12.16, 10.0.13.37"


def proxied(where: str, kinds: str, without: str, severity: Any = "error") -> Finding:
    return Finding(
        "worker1",
        "proxies",
        f"{kinds} is set ({where}) without {without} in no_proxy",
        "hosts, pods and Services speak to each other directly",
        "add these to no_proxy there",
        severity,
    )


NETWORK = {
    "a node's own programs": (context("master1", listeners=OURS_LISTEN), None),
    "a web server at the API's port": (
        context("master1", listeners=(Listener(6443, "httpd", 812),)),
        taken("master1", "httpd", 812, 6443, "kube-apiserver"),
    ),
    "another kubelet's port on a worker": (
        context(listeners=(Listener(10250, "k3s-server", 7), Listener(6443, "k3s-server", 7))),
        taken("worker1", "k3s-server", 7, 10250, "kubelet"),
    ),
    "a listener on both families is told once": (
        context("master1", listeners=(Listener(2379, "consul", 9), Listener(2379, "consul", 9))),
        taken("master1", "consul", 9, 2379, "etcd"),
    ),
    "haproxy before the API": (
        context("master-lb", listeners=(Listener(6443, "haproxy", 44),)),
        taken("master-lb", "haproxy", 44, 6443, "nginx"),
    ),
    "nginx before the API": (context("master-lb", listeners=(Listener(6443, "nginx", 44),)), None),
    "somebody, without ss": (
        context("master-lb", listeners=(Listener(6443),)),
        warning(
            "master-lb",
            "ports",
            "somebody listens on port 6443, and ss is missing to tell who",
            "nginx listens there",
            "make sure that it is no other program",
        ),
    ),
    "its name on loopback": (
        context(hosts_lines=("127.0.1.1 worker1.example worker1", "10.0.12.16 worker1")),
        elsewhere("worker1", "worker1", "127.0.1.1", "10.0.12.16"),
    ),
    "its name where it belongs": (context(hosts_lines=("10.0.12.16 worker1", "::1 worker1")), None),
    "another host's name elsewhere": (context(hosts_lines=("10.9.9.9 master1",)), None),
    "the endpoint's name elsewhere": (
        context(hosts_lines=("10.9.9.9 master-lb",), settings={"control_plane_endpoint": "master-lb:6443"}),
        elsewhere("worker1", "master-lb", "10.9.9.9", "10.0.1.157", "error"),
    ),
    "a route to the endpoint": (context(endpoint_route="10.0.1.157 dev eth0 src 10.0.12.16 uid 0"), None),
    "the endpoint itself": (context("master-lb", endpoint_route="local 10.0.1.157 dev lo src 10.0.1.157 uid 0"), None),
    "no route to the endpoint": (
        context(endpoint_route="RTNETLINK answers: Network is unreachable"),
        Finding(
            "worker1",
            "endpoint",
            "has no route to the endpoint 10.0.1.157:6443 (RTNETLINK answers: Network is unreachable)",
            "every host reaches the API there",
            "add a route, or choose an endpoint that it reaches",
        ),
    ),
    "a route within the pods' network": (
        context(routes=("default via 10.0.0.1 dev eth0", "10.244.7.0/24 via 10.0.0.9 dev eth0")),
        overlapping("10.244.7.0/24 via 10.0.0.9 dev eth0", "pod_cidr", "10.244.0.0/16"),
    ),
    "a wider route over the Services": (
        context(routes=("10.0.0.0/8 via 10.0.0.1 dev eth0",), settings={"pod_cidr": "192.168.0.0/16"}),
        overlapping("10.0.0.0/8 via 10.0.0.1 dev eth0", "service_cidr", "10.96.0.0/12"),
    ),
    "Docker's bridge": (
        context(
            routes=("172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown",),
            settings={"pod_cidr": "172.16.0.0/12"},
        ),
        overlapping(
            "172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown", "pod_cidr", "172.16.0.0/12"
        ),
    ),
    "a single address, blocked": (
        context(routes=("unreachable 10.96.0.10",)),
        overlapping("unreachable 10.96.0.10", "service_cidr", "10.96.0.0/12"),
    ),
    "routes of an earlier node of the cluster": (
        context(
            routes=(
                "10.244.0.0/24 via 10.0.11.18 dev eth0",
                "10.244.1.0/24 dev cni0 proto kernel scope link src 10.244.1.1",
                "10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink",
            )
        ),
        None,
    ),
    "another pod network through a node of the cluster": (
        context(routes=("10.244.0.0/16 via 10.0.12.55 dev eth0",)),
        overlapping("10.244.0.0/16 via 10.0.12.55 dev eth0", "pod_cidr", "10.244.0.0/16"),
    ),
    "blocks of another pod network through a node of the cluster": (
        context(routes=("10.244.7.64/26 via 10.0.12.55 dev tunl0 proto bird onlink",)),
        overlapping("10.244.7.64/26 via 10.0.12.55 dev tunl0 proto bird onlink", "pod_cidr", "10.244.0.0/16"),
    ),
    "Services of another cluster through a node of this one": (
        context(routes=("10.96.7.0/24 via 10.0.12.55 dev eth0",)),
        overlapping("10.96.7.0/24 via 10.0.12.55 dev eth0", "service_cidr", "10.96.0.0/12"),
    ),
    "a node's other network": (context(routes=("10.244.7.0/24 dev tunl0",), surveyed=NODE), None),
    "a route that cannot be read": (context(routes=("", "nexthop via 10.0.0.1")), None),
    "a proxy before everybody": (
        context(proxies=PROXIED),
        proxied(
            "in root's environment or /etc/environment", "https_proxy", f"{EVERYBODY}, 10.244.0.0/16, 10.96.0.0/12"
        ),
    ),
    "a proxy of the kubelet's": (
        context(proxies={"kubelet": {"https_proxy": "set", "no_proxy": "10.0.0.0/16"}}),
        proxied("in the kubelet's unit", "https_proxy", "10.244.0.0/16, 10.96.0.0/12", "warning"),
    ),
    "a proxy before pods and Services": (
        context(proxies={"systemd": {"https_proxy": "set", "http_proxy": "set", "no_proxy": "10.0.0.0/16"}}),
        proxied(
            "in systemd's DefaultEnvironment", "https_proxy and http_proxy", "10.244.0.0/16, 10.96.0.0/12", "warning"
        ),
    ),
    "a proxy before most of the pods": (
        context(proxies={"systemd": {"https_proxy": "set", "no_proxy": "10.0.0.0/16,10.244.1.0/24,10.96.0.0/12"}}),
        proxied("in systemd's DefaultEnvironment", "https_proxy", "10.244.0.0/16", "warning"),
    ),
    "a proxy that leaves the cluster alone": (
        context(proxies={"environment": {"https_proxy": "set", "no_proxy": "localhost, 10.0.0.0/8"}}),
        None,
    ),
    "a proxy for nobody": (context(proxies={"environment": {"http_proxy": "set", "no_proxy": "*"}}), None),
    "a proxy before a load balancer": (context("master-lb", proxies=PROXIED), None),
    "no_proxy alone": (context(proxies={"environment": {"no_proxy": "localhost"}}), None),
}


@pytest.mark.parametrize(("given", "finding"), NETWORK.values(), ids=NETWORK)
def test_the_network(given: HostContext, finding: Finding | None) -> None:
    assert found(given) == ([finding] if finding else [])
