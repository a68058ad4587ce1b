"""What stands against an address that is to move between balancers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.observations.virtual_address import InterfaceAddress, VirtualAddressState
from k8s_ha.preflight_checks.endpoint import name
from k8s_ha.preflight_checks.model import HostContext
from k8s_ha.preflight_checks.virtual_address import joins_alone, name_stays, network, owned, router, taken
from k8s_ha.settings import load_cluster
from tests.support.cases import context
from tests.support.example_cluster import VERSION, six_hosts

HOSTS = [*six_hosts(), {"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}]
WELL = VirtualAddressState(InterfaceAddress("eth0", 24), is_taken=False, heard=())


def balancer(
    state: VirtualAddressState | None, host: str = "master-lb", virtual: str = "10.0.1.100", **settings: Any
) -> HostContext:
    given = context("master-lb")
    endpoint = {"virtual_address": virtual}
    cluster = load_cluster({"kubernetes_version": VERSION, "endpoint": endpoint, **settings}, HOSTS)
    preflight = replace(given.preflight, virtual_address=state)
    return HostContext(cluster, cluster.host(host), given.survey, preflight)


def placed(interface: str, prefix: int | None) -> VirtualAddressState:
    return replace(WELL, place=InterfaceAddress(interface, prefix))


@pytest.mark.parametrize(
    ("state", "virtual", "told"),
    [
        (WELL, "10.0.1.100", None),
        (None, "10.0.1.100", None),
        (placed("", None), "10.0.1.100", "has its address 10.0.1.157 on no interface"),
        (placed("eth0", 99), "10.0.1.100", "has its address 10.0.1.157 on no interface"),
        (placed("eth0", 27), "10.0.1.100", "is in 10.0.1.128/27, by eth0"),
        (placed("eth0", 32), "10.0.1.100", "is in 10.0.1.157/32, by eth0"),
        (WELL, "10.0.1.255", "is in 10.0.1.0/24, whose first or last address 10.0.1.255 is"),
        (WELL, "10.0.1.0", "is in 10.0.1.0/24, whose first or last address 10.0.1.0 is"),
    ],
)
def test_its_network(state: VirtualAddressState | None, virtual: str, told: str | None) -> None:
    assert [finding.found for finding in network(balancer(state, virtual=virtual))] == ([told] if told else [])


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        (None, []),
        ((), []),
        (("10.0.1.158",), []),
        (("10.0.1.9", "10.0.1.158"), ["hears 10.0.1.9 speak for virtual router 51"]),
        (("10.0.1.8", "10.0.1.9"), ["hears 10.0.1.8, 10.0.1.9 speak for virtual router 51"]),
    ],
)
def test_a_router_of_somebody_else(heard: tuple[str, ...] | None, told: list[str]) -> None:
    form = {"virtual_address": "10.0.1.100", "virtual_router_id": 51}
    asked = balancer(replace(WELL, heard=heard), endpoint=form)
    assert [finding.found for finding in router(asked)] == told


def test_a_keepalived_of_somebody_else() -> None:
    assert not list(owned(balancer(WELL)))
    (finding,) = owned(balancer(replace(WELL, is_owned=True)))
    assert (finding.severity, finding.found) == (
        "error",
        "its /etc/keepalived/keepalived.conf is somebody's own",
    )


FREE, TAKEN, UNTOLD, HERE, KEPT = (
    WELL,
    replace(WELL, is_taken=True),
    replace(WELL, is_taken=None),
    VirtualAddressState(WELL.place, is_here=True, is_kept=True),
    VirtualAddressState(WELL.place, is_kept=True),
)


@pytest.mark.parametrize(
    ("one", "other", "severities"),
    [
        (FREE, FREE, []),
        (TAKEN, FREE, ["error"]),
        (TAKEN, HERE, []),
        (UNTOLD, UNTOLD, ["warning"]),
        (UNTOLD, FREE, []),
        (TAKEN, None, []),
        (TAKEN, KEPT, []),
        (replace(FREE, heard=None), replace(FREE, heard=None), ["warning"]),
        (replace(FREE, heard=None), FREE, []),
    ],
    ids=[
        *("free", "taken", "the other's", "nobody can tell", "one can tell", "the other was not asked"),
        *("of one that left", "nobody can listen", "one can listen"),
    ],
)
def test_who_has_it(one: VirtualAddressState, other: VirtualAddressState | None, severities: list[str]) -> None:
    contexts = [balancer(one), balancer(other, "lb2")]
    assert [finding.severity for finding in taken(contexts)] == severities


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [(FREE, FREE, 0), (FREE, None, 1), (KEPT, None, 0), (HERE, FREE, 0)],
    ids=["all new", "one is away", "no new one", "one is new"],
)
def test_a_balancer_begins_with_all_others(
    one: VirtualAddressState, other: VirtualAddressState | None, count: int
) -> None:
    contexts = [balancer(one), *([balancer(other, "lb2")] if other else [])]
    told = [finding.found for finding in joins_alone(contexts)]
    assert told == ["master-lb begins to keep the virtual address, and lb2 takes no part in this run"] * count


@pytest.mark.parametrize(
    ("state", "at", "is_node", "count"),
    [
        (FREE, "10.0.1.157", True, 1),
        (FREE, "10.0.1.157", False, 0),
        (FREE, "10.0.1.100", True, 0),
        (FREE, "", True, 0),
        (HERE, "10.0.1.157", True, 0),
    ],
    ids=["elsewhere", "no cluster yet", "there", "no such name", "the address is there"],
)
def test_a_name_does_not_lead_to_an_address_that_nobody_has(
    state: VirtualAddressState, at: str, is_node: bool, count: int
) -> None:
    asked = balancer(state, endpoint_name="api.k8s.example")
    preflight, survey = replace(asked.preflight, endpoint_name_at=at), replace(asked.survey, node=is_node)
    told = [finding.found for finding in name_stays([replace(asked, preflight=preflight, survey=survey)])]
    assert told == ["api.k8s.example leads its hosts to 10.0.1.157, and shall lead to 10.0.1.100"] * count


@pytest.mark.parametrize(("addresses", "count"), [(("10.0.1.100",), 0), (("10.0.1.157",), 1)])
def test_its_name_leads_to_it_and_not_to_one_balancer(addresses: tuple[str, ...], count: int) -> None:
    asked = balancer(WELL, "worker1", endpoint_name="api.k8s.example", endpoint_name_in_hosts=False)
    told = replace(asked, preflight=replace(asked.preflight, endpoint_addresses=addresses))
    assert len(list(name(told))) == count
