"""Whether the address that moves between balancers is where it should be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.settings import load_cluster
from k8s_ha.verification.virtual_address import virtual_address_findings
from tests.support.cluster_health import complete_statuses
from tests.support.example_cluster import VERSION, six_hosts

HOSTS = [*six_hosts(), {"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}]
CLUSTER = load_cluster({"kubernetes_version": VERSION, "endpoint": {"virtual_address": "10.0.1.100"}}, HOSTS)
BOTH = ("master-lb", "lb2")


@pytest.mark.parametrize(
    ("read", "running", "holding", "told"),
    [
        (BOTH, BOTH, ["lb2"], []),
        (BOTH, ["lb2"], ["lb2"], [("master-lb", "keepalived is not running")]),
        (BOTH, BOTH, BOTH, [(THE_CLUSTER, "master-lb, lb2 have the virtual address 10.0.1.100 at once")]),
        (BOTH, BOTH, [], [(THE_CLUSTER, "no balancer has the virtual address 10.0.1.100")]),
        (["lb2"], ["lb2"], [], []),
    ],
    ids=["well", "one is down", "both have it", "none has it", "one could not be read"],
)
def test_what_is_told(
    read: Collection[str], running: Collection[str], holding: Collection[str], told: list[tuple[str, str]]
) -> None:
    statuses = {
        name: replace(status, keepalived=name in running, has_virtual_address=name in holding)
        for name, status in complete_statuses(CLUSTER).items()
        if name in read
    }
    assert [(finding.host, finding.found) for finding in virtual_address_findings(statuses, CLUSTER)] == told


MACS = {"master-lb": "76:e5:6c:ba:47:48", "lb2": "42:7d:d8:a4:c7:0e"}
STRANGER = "0a:00:00:00:00:01"


@pytest.mark.parametrize(
    ("read", "answered", "own", "told"),
    [
        (BOTH, [MACS["lb2"]], MACS, []),
        (BOTH, [MACS["lb2"], STRANGER], MACS, [f"{STRANGER} answers at the virtual address 10.0.1.100, too"]),
        (["master-lb"], [MACS["lb2"]], MACS, []),
        (BOTH, [MACS["lb2"]], {**MACS, "lb2": ""}, []),
    ],
    ids=["a balancer", "somebody else", "one could not be read", "one does not know its own"],
)
def test_who_answers_at_the_address(
    read: Collection[str], answered: Collection[str], own: dict[str, str], told: list[str]
) -> None:
    statuses = {
        name: replace(
            status,
            keepalived=True,
            has_virtual_address=name == "lb2",
            own_interface=own.get(name, ""),
            virtual_answers=tuple(answered) if name == "master-lb" else (),
        )
        for name, status in complete_statuses(CLUSTER).items()
        if name in read
    }
    assert [finding.found for finding in virtual_address_findings(statuses, CLUSTER)] == told


def test_nothing_is_told_where_there_is_none() -> None:
    cluster = load_cluster({"kubernetes_version": VERSION}, six_hosts())
    assert not list(virtual_address_findings(complete_statuses(cluster), cluster))
