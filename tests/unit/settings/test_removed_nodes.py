"""Hosts that the setting removed_nodes keeps out of the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.settings import load_cluster
from tests.support.example_cluster import VERSION, six_host_cluster, six_hosts
from tests.support.settings_mistakes import mistakes

BALANCER = {"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}


def test_nobody_is_removed_by_default() -> None:
    cluster = six_host_cluster()
    assert (cluster.removed, cluster.removed_unlisted) == ((), ())
    assert not any(cluster.removes(host.name) for host in cluster.hosts)


def test_a_host_that_is_removed_is_none_of_the_cluster() -> None:
    cluster = six_host_cluster(removed_nodes=["worker2", "master1"])
    assert [host.name for host in cluster.hosts] == ["master2", "master3", "worker1", "master-lb"]
    assert [host.name for host in cluster.nodes] == ["master2", "master3", "worker1"]
    assert "worker2" not in cluster.hostnames
    assert [host.name for host in cluster.removed] == ["master1", "worker2"]
    assert [host.name for host in cluster.former_control_planes] == ["master1"]
    assert (cluster.has("worker2"), cluster.removes("worker2"), cluster.removes("worker1")) == (False, True, False)
    assert cluster.host("worker2").address == "10.0.13.37"  # it is still known where it is


@pytest.mark.parametrize(
    ("named", "removed", "unlisted"),
    [
        (["w-1"], ["worker1"], ()),  # by its node's name
        (["worker1"], ["worker1"], ()),
        (["worker9", "old.example.org"], [], ("worker9", "old.example.org")),
        (["worker2", "worker9"], ["worker2"], ("worker9",)),
    ],
)
def test_whom_a_name_means(named: list[str], removed: list[str], unlisted: tuple[str, ...]) -> None:
    hosts = [host | ({"hostname": "w-1"} if host["name"] == "worker1" else {}) for host in six_hosts()]
    cluster = load_cluster({"kubernetes_version": VERSION, "removed_nodes": named}, hosts)
    assert [host.name for host in cluster.removed] == removed
    assert cluster.removed_unlisted == unlisted


def test_an_inventory_name_comes_before_another_hosts_hostname() -> None:
    hosts = six_hosts()
    hosts[3]["hostname"], hosts[4]["hostname"] = "worker2", "worker1"
    cluster = load_cluster({"kubernetes_version": VERSION, "removed_nodes": ["worker2"]}, hosts)
    assert [host.name for host in cluster.removed] == ["worker2"]


REFUSED: list[tuple[dict[str, Any], list[Any], list[str]]] = [
    ({"removed_nodes": "worker1"}, [], ["removed_nodes: 'worker1'; it is a list; write [...]"]),
    ({"removed_nodes": [""]}, [], ["removed_nodes.0: ''; it is not empty; write one"]),
    (
        {"removed_nodes": ["worker1", "worker1"]},
        [],
        ["removed_nodes: 'worker1' is given 2 times; a host is named once; remove the others"],
    ),
    (
        {"removed_nodes": ["Worker_1"]},
        [],
        [
            "removed_nodes: 'Worker_1'; it is the inventory name of a host, or the name of a node; write one of "
            "`kubectl get nodes`"
        ],
    ),
    (
        {"removed_nodes": ["master1", "master2", "master3"]},
        [],
        [
            "removed_nodes: master1, master2, master3, and no other control plane; a cluster keeps one of them; leave "
            "one out of removed_nodes"
        ],
    ),
    (
        {"removed_nodes": ["master-lb"]},
        [],
        [
            "removed_nodes: master-lb, the only balancer; every node reaches the API through it; take it out of "
            "removed_nodes"
        ],
    ),
    (
        {"removed_nodes": ["master-lb", "master1", "master2"]},
        [],
        [
            "removed_nodes: master-lb, the only balancer; every node reaches the API through it; take it out of "
            "removed_nodes"
        ],
    ),
    (
        {"removed_nodes": ["master-lb"], "control_plane_endpoint": "10.0.1.157:6443"},
        [BALANCER],
        [
            "removed_nodes: master-lb, where control_plane_endpoint '10.0.1.157:6443' is; every node reaches the API "
            "there; take it out of removed_nodes"
        ],
    ),
]


@pytest.mark.parametrize(("settings", "more", "lines"), REFUSED)
def test_what_is_refused(settings: dict[str, Any], more: list[Any], lines: list[str]) -> None:
    assert mistakes({"kubernetes_version": VERSION, **settings}, [*six_hosts(), *more]) == lines


def test_a_host_is_named_by_one_of_its_names() -> None:
    hosts = [host | ({"hostname": "w-1"} if host["name"] == "worker1" else {}) for host in six_hosts()]
    assert mistakes({"kubernetes_version": VERSION, "removed_nodes": ["worker1", "w-1"]}, hosts) == [
        "removed_nodes: 'worker1' and 'w-1' are one host; a host is named once; remove one of them"
    ]


def test_an_address_is_not_given_away_while_its_host_is_removed() -> None:
    worker = {"name": "worker3", "address": "10.0.13.37", "role": "worker"}
    (line,) = mistakes({"kubernetes_version": VERSION, "removed_nodes": ["worker2"]}, [*six_hosts(), worker])
    assert line.startswith("worker2, worker3: address '10.0.13.37'")


@pytest.mark.parametrize(
    "settings",
    [
        {"control_plane_endpoint": "10.0.1.158:6443", "removed_nodes": ["master-lb"]},
        {"removed_nodes": ["lb2"]},
    ],
)
def test_one_of_two_balancers_may_go(settings: dict[str, Any]) -> None:
    cluster = six_host_cluster([BALANCER], **settings)
    assert len(cluster.load_balancers) == 1
    assert cluster.endpoint == f"{cluster.load_balancers[0].address}:6443"


def test_a_balancer_may_go_where_the_only_control_plane_is_the_endpoint() -> None:
    cluster = six_host_cluster(
        control_plane_endpoint="10.0.11.18:6443", removed_nodes=["master-lb", "master2", "master3"]
    )
    assert cluster.endpoint == "10.0.11.18:6443"
