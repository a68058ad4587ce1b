"""Whom somebody else's balancer leads to, by what hosts met there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from k8s_ha.observations.certificates import printed_end
from k8s_ha.observations.host_status import HostStatus, asked
from k8s_ha.settings import Cluster, load_cluster
from k8s_ha.verification.balancer import unmet_findings
from tests.support.cluster_health import complete_api_status, complete_statuses
from tests.support.example_cluster import VERSION, six_host_cluster, six_hosts

ENDPOINT = "lb.example:6443"
NODES = [host for host in six_hosts() if host["name"] != "master-lb"]
CLUSTER = load_cluster({"kubernetes_version": VERSION, "endpoint": {"external": ENDPOINT}}, NODES)
ENDS = {f"master{number}": datetime(2027, 11, 27, 10, number, tzinfo=UTC) for number in (1, 2, 3)}


def statuses(met: Mapping[str, tuple[str, ...]], ends: Mapping[str, datetime] = ENDS) -> dict[str, HostStatus]:
    """What hosts tell.

    + met: whom each of them met at the endpoint, in its order
    + ends: of each control plane's certificate, as it tells of itself
    """
    found = {}
    for name, status in complete_statuses(CLUSTER).items():
        servers = {ENDPOINT: tuple(ENDS[each] for each in met.get(name, ()))}
        if name in ends:
            servers[f"{CLUSTER.host(name).address}:6443"] = (ends[name],)
        found[name] = replace(status, servers=servers)
    return found


@pytest.mark.parametrize(
    ("met", "ends", "unmet"),
    [
        ({"worker1": ("master1", "master2", "master3")}, ENDS, []),
        ({"worker1": ("master1",), "worker2": ("master2",), "master1": ("master3",)}, ENDS, []),
        ({"worker1": ("master1", "master1"), "worker2": ("master1",)}, ENDS, ["master2", "master3"]),
        ({"worker1": ("master1", "master2")}, ENDS | {"master3": ENDS["master2"]}, []),
        ({"worker1": ("master1", "master2")}, {"master1": ENDS["master1"]}, []),
        ({}, ENDS, []),
    ],
    ids=["one met all", "all met one", "two are none", "two alike", "they do not tell", "nobody met any"],
)
def test_a_control_plane_that_nobody_met(
    met: dict[str, tuple[str, ...]], ends: dict[str, datetime], unmet: list[str]
) -> None:
    found = list(unmet_findings(statuses(met, ends), CLUSTER))
    assert [finding.host for finding in found] == unmet
    assert {finding.severity for finding in found} <= {"warning"}


def test_what_is_said_of_it() -> None:
    (finding,) = unmet_findings(statuses({"worker1": ("master1",) * 8, "worker2": ("master2",) * 8}), CLUSTER)
    assert (finding.found, finding.remedy) == (
        "none of 16 requests to the endpoint lb.example:6443 led to it",
        "add 10.0.13.22:6443 to its members, or see why its own checks leave it out",
    )


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("Dec  5 07:08:09 2027 GMT", datetime(2027, 12, 5, 7, 8, 9, tzinfo=UTC)),
        ("Dec 05 07:08:09 2027 GMT", datetime(2027, 12, 5, 7, 8, 9, tzinfo=UTC)),
        ("", None),
        ("soon", None),
    ],
)
def test_an_end_as_each_curl_prints_it(text: str, end: datetime | None) -> None:
    assert printed_end(text) == end


@pytest.mark.parametrize(
    ("cluster", "host", "count"), [(CLUSTER, "worker1", 8), (CLUSTER, "master1", 9), (six_host_cluster(), "master1", 0)]
)
def test_who_is_asked(cluster: Cluster, host: str, count: int) -> None:
    assert len(asked(cluster, cluster.host(host), complete_api_status(cluster))["servers"]) == count
