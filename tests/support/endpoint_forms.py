"""A simulated cluster that stands, and the forms of another endpoint that it is to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.support.fakes.run import Fleet, Outcome
from tests.support.fakes.scenario import ADDRESSES, GROUPS, SETTINGS
from tests.support.fakes.world import VIRGIN_FILES, Machine, World
from tests.support.whole_cluster import assert_whole

PLANES, WORKER_NAMES = ("master1", "master2", "master3"), ("worker1", "worker2")
NODES = (*PLANES, *WORKER_NAMES)
FORMER = "10.0.1.157:6443"
NEW = "10.0.1.158:6443"
VIRTUAL = "10.0.1.200"

Form = tuple[Mapping[str, str], list[str], dict[str, Any], str]
BOTH: Form = (ADDRESSES | {"lb2": "10.0.1.158"}, ["master-lb", "lb2"], {"control_plane_endpoint": NEW}, NEW)
WITHOUT_FORMER = {name: address for name, address in ADDRESSES.items() if name != "master-lb"}
FORMS: dict[str, Form] = {
    "another balancer beside the former one": BOTH,
    "another balancer in the place of the former one": (WITHOUT_FORMER | {"lb2": "10.0.1.158"}, ["lb2"], {}, NEW),
    "an address that moves between two": (
        BOTH[0],
        BOTH[1],
        {"endpoint": {"virtual_address": VIRTUAL}},
        f"{VIRTUAL}:6443",
    ),
    "a name in front": (ADDRESSES, ["master-lb"], {"endpoint_name": "api.k8s.example"}, "api.k8s.example:6443"),
    "another port": (ADDRESSES, ["master-lb"], {"endpoint": {"port": 8443}}, "10.0.1.157:8443"),
}


def wanting(fleet: Fleet, form: Form, **more: Any) -> Fleet:
    """The fleet with a cluster that stands, and other settings, hosts and groups."""
    addresses, balancers, settings, _ = form
    groups = {**GROUPS, "load_balancers": balancers}

    def known(world: World) -> None:
        if "lb2" in addresses:
            world.machines.setdefault("lb2", Machine("lb2", addresses["lb2"], files=dict(VIRGIN_FILES)))

    fleet.edit(known)
    scenario = replace(fleet.scenario, addresses=dict(addresses), groups=groups, order=tuple(addresses))
    fleet.change(replace(scenario, settings=SETTINGS | settings | more))
    return fleet


def servers(world: World, *names: str) -> set[str]:
    """The servers in the kubeconfigs of hosts, and those that kube-proxy and joining hosts are told."""
    texts = [
        text
        for name in names or NODES
        for path, text in world.machines[name].files.items()
        if path.endswith(("kubelet.conf", "admin.conf", "/.kube/config"))
    ]
    told = {line.split()[1] for text in texts for line in text.splitlines() if "server:" in line}
    return told | {world.cluster_info, world.kube_proxy_server}


def assert_moved(outcome: Outcome, endpoint: str) -> None:
    """All of it names this endpoint alone, certificates the first one, too, and nothing is left of the move."""
    assert_whole(outcome)
    world = outcome.world
    assert servers(world) == {f"https://{endpoint}"}
    assert world.kept["ClusterConfiguration"]["controlPlaneEndpoint"] == endpoint
    assert set(world.noted.values()) <= {""}
    assert [machine.set_aside for machine in world.machines.values() if machine.set_aside] == []
    for name in PLANES:
        assert {"10.0.1.157", endpoint.partition(":")[0]} <= {*world.machines[name].sans}


def behind_an_external_one(fleet: Fleet, kind: str = "api") -> Fleet:
    """The fleet with a cluster that stands, and somebody else's balancer that is wanted.

    + kind: of its answer before the first change
    """
    form: Form = (WITHOUT_FORMER, [], {"endpoint": {"external": "lb.example:6443"}}, "")
    groups = {name: hosts for name, hosts in GROUPS.items() if name != "load_balancers"}
    preflight = {name: ["endpoint_address 10.9.9.9", f"endpoint_answer {kind}"] for name in NODES}
    wanting(fleet, form)
    fleet.change(replace(fleet.scenario, groups=groups, preflight=preflight))
    return fleet
