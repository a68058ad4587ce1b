"""One line for every mistake in a host, and in how the hosts fit together."""

from typing import Any

import pytest

from tests.support.example_cluster import six_hosts
from tests.support.settings_mistakes import mistakes

HOSTNAME_RULE = (
    "a hostname is an RFC 1123 name: lower-case letters, digits and '-', labels of up to 63 characters joined by '.'; "
)
LABEL_RULE = (
    "of the kubernetes.io and k8s.io labels a node may give itself only node.kubernetes.io/*, kubelet.kubernetes.io/*, "
    "topology.kubernetes.io/region, topology.kubernetes.io/zone; use a domain of your own, or kubectl label once the "
    "node has joined"
)
TAINT_RULE = "a taint is written key=value:Effect with an effect of NoSchedule, PreferNoSchedule, NoExecute; correct it"
KEY_RULE = "key is [DOMAIN/]NAME, the name of up to 63 letters, digits, '-', '_', '.'; correct it"
ADDRESS_REMEDY = "set k8s_ha_host = {'address': …} to the one that the other nodes reach it by"

# Changes to the first worker (hosts[3]).
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"hostname": "Worker_1"}, f"worker1: hostname 'Worker_1'; {HOSTNAME_RULE}set hostname to 'worker-1'"),
    ({"hostname": "-"}, f"worker1: hostname '-'; {HOSTNAME_RULE}set hostname to such a name"),
    (
        {"hostname": "a" * 40 + "." + "b" * 40},
        f"worker1: hostname '{'a' * 40}.{'b' * 40}'; a hostname has at most 63 characters, because the kubelet makes a "
        "label of it; set a shorter hostname",
    ),
    (
        {"hostname": "localhost"},
        "worker1: hostname 'localhost'; a hostname is a name of its own, neither localhost nor an address; set "
        "hostname",
    ),
    (
        {"name": "10.0.12.16"},
        "10.0.12.16: hostname '10.0.12.16'; a hostname is a name of its own, neither localhost nor an address; set "
        "hostname",
    ),
    ({"name": ""}, "host 4: name ''; it is not empty; write one"),
    (
        {"hostname": "master1"},
        "master1, worker1: hostname 'master1'; each host has its own hostname; set hostname on one of them",
    ),
    (
        {"address": "10.0.11.18"},
        "master1, worker1: address '10.0.11.18'; each host has its own address; correct one of them",
    ),
    (
        {"address": "10.0.11.256"},
        f"worker1: address '10.0.11.256'; a host's address is an IPv4 address; {ADDRESS_REMEDY}",
    ),
    ({"address": "fd00::1"}, "worker1: address 'fd00::1'; IPv6 is not supported; give the host's IPv4 address"),
    (
        {"address": "127.0.0.1"},
        "worker1: address '127.0.0.1'; a host's address is one that other hosts reach, not loopback, unspecified, "
        f"multicast or link-local; {ADDRESS_REMEDY}",
    ),
    (
        {"role": "master"},
        "worker1: role.0 'master'; it is one of 'control_plane', 'worker', 'load_balancer' or 'admin'; choose one of "
        "them",
    ),
    ({"role": []}, "worker1: no role; each host has a use; give it one of control_plane, worker, load_balancer, admin"),
    (
        {"role": ["worker", "control_plane"]},
        "worker1: role control_plane and worker; a node is one or the other; make it a control_plane, with taints = "
        "[] if "
        "it shall run workloads too",
    ),
    (
        {"labels": {"node-role.kubernetes.io/worker": ""}},
        f"worker1: labels.node-role.kubernetes.io/worker 'node-role.kubernetes.io/worker'; {LABEL_RULE}",
    ),
    ({"labels": {"a b": "c"}}, f"worker1: labels.a b 'a b'; a label {KEY_RULE}"),
    (
        {"labels": {"disk": "a,b"}},
        "worker1: labels.disk 'a,b'; a label value is up to 63 letters, digits, '-', '_', '.'; correct it",
    ),
    ({"labels": {"disk": 1}}, "worker1: labels.disk 1; it is text; write it in quotes"),
    ({"taints": ["gpu"]}, f"worker1: taints.0 'gpu'; {TAINT_RULE}"),
    ({"taints": ["gpu=yes:Never"]}, f"worker1: taints.0 'gpu=yes:Never'; {TAINT_RULE}"),
    ({"taints": ["=yes:NoSchedule"]}, f"worker1: taints.0 '=yes:NoSchedule'; a taint {KEY_RULE}"),
    (
        {"adress": "10.0.12.17"},
        "worker1: adress: unknown setting; settings are spelt as in HostSettings; did you mean address?",
    ),
]


@pytest.mark.parametrize(("changes", "line"), MISTAKES)
def test_mistake_in_a_host(changes: dict[str, Any], line: str) -> None:
    hosts = six_hosts()
    hosts[3] |= changes
    assert mistakes({}, hosts) == [line]


@pytest.mark.parametrize("missing", ["name", "address", "role"])
def test_missing_in_a_host(missing: str) -> None:
    hosts = six_hosts()
    del hosts[3][missing]
    where = "host 4" if missing == "name" else "worker1"
    assert mistakes({}, hosts) == [f"{where}: {missing} not given; it has no default; set it"]


def test_mistakes_in_the_topology() -> None:
    assert mistakes({}, []) == [
        "hosts: no control plane; a cluster has at least one; give a host the role control_plane"
    ]
    assert mistakes({}, six_hosts()[:3]) == [
        "hosts: 3 control planes and no load balancer; several control planes stand behind one; give a host the role "
        "load_balancer, or name one that somebody else runs in endpoint.external"
    ]
    assert mistakes({}, [*six_hosts(), six_hosts()[0]]) == [
        "master1: 2 hosts have this name; a host is given once; give it all its roles at once",
    ]
    assert mistakes({}, [*six_hosts(), "master4"]) == [
        "host 7: 'master4'; it is a map of settings; write {name: value}"
    ]


def test_a_load_balancer_on_a_control_plane_leaves_its_port() -> None:
    hosts = six_hosts()[:3]
    hosts[0]["role"] = ("control_plane", "load_balancer")
    assert mistakes({}, hosts) == [
        "master1: load balancer at port 6443; its API server has that port already; set control_plane_endpoint to "
        "10.0.11.18:8443"
    ]


def test_without_a_load_balancer_the_port_is_the_api_servers() -> None:
    assert mistakes({"control_plane_endpoint": "master1:8443"}, six_hosts()[:1]) == [
        "control_plane_endpoint: 'master1:8443'; without a load balancer in between it is the API server's own port; "
        "write master1:6443"
    ]
