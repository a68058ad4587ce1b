"""What the inventory lacks, while a cluster's version moves."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import ClusterNode
from k8s_ha.preflight_checks.unlisted import unlisted_in_an_upgrade
from tests.support.example_cluster import six_host_cluster
from tests.support.standing_cluster import node_of, snapshot_of, view_of

STANDING = six_host_cluster(kubernetes_version="1.34.4")
NODES = tuple(node_of(STANDING, host) for host in STANDING.nodes)
MEMBERS = tuple(
    Member(str(number), host.hostname, (host.address,)) for number, host in enumerate(STANDING.control_planes)
)
ELSEWHERE = "10.9.9.9"


def other(version: str = "v1.34.4", control_plane: bool = False) -> ClusterNode:
    return ClusterNode("other", ready=True, version=version, control_plane=control_plane, address=ELSEWHERE)


def snapshot(*nodes: ClusterNode, members: tuple[Member, ...] = MEMBERS, **settings: Any) -> ClusterSnapshot:
    wanted = six_host_cluster(kubernetes_version="1.35.9", **settings)
    views = {
        host.name: view_of(STANDING, host, nodes=(*NODES, *nodes), members=members) for host in STANDING.control_planes
    }
    return snapshot_of(STANDING, wanted, **views)


COUNTED = "which is no control plane of the inventory"
CASES: dict[str, tuple[ClusterSnapshot, list[tuple[str, str]]]] = {
    "nothing": (snapshot(), []),
    "a worker": (snapshot(other("v1.32.0")), []),
    "a worker out of skew": (
        snapshot(other("v1.31.14")),
        [("upgrade", "other has kubelet v1.31.14, and is not in the inventory")],
    ),
    "a worker of no release, in skew": (snapshot(other("v1.35.0-rc.0")), []),
    "a worker of no release, out of skew": (
        snapshot(other("v1.31.5-gke.1200")),
        [("upgrade", "other has kubelet v1.31.5-gke.1200, and is not in the inventory")],
    ),
    "a node without a kubelet of Kubernetes": (snapshot(other("virtual")), []),
    "a control plane": (
        snapshot(other(control_plane=True), members=(*MEMBERS, Member("9", "other", (ELSEWHERE,)))),
        [
            ("version", "other is a control plane of the cluster, and not in the inventory"),
            ("version", f"etcd has the member other ({ELSEWHERE}), {COUNTED}"),
        ],
    ),
    "one that is removed first": (
        snapshot(
            other(control_plane=True),
            members=(*MEMBERS, Member("9", "other", (ELSEWHERE,))),
            removed_nodes=["other"],
        ),
        [],
    ),
    "a member alone": (
        snapshot(members=(*MEMBERS, Member("9", "", (ELSEWHERE,)))),
        [("version", f"etcd has the member without a name ({ELSEWHERE}), {COUNTED}")],
    ),
    "a member that has not started": (
        snapshot(members=(*MEMBERS[1:], Member("9", "", MEMBERS[0].addresses))),
        [],
    ),
    "no members told": (snapshot(members=()), [("version", "etcd's members could not be read")]),
}


@pytest.mark.parametrize(("standing", "expected"), CASES.values(), ids=CASES)
def test_what_no_step_comes_to(standing: ClusterSnapshot, expected: list[tuple[str, str]]) -> None:
    found = list(unlisted_in_an_upgrade(standing, 35))
    assert [(finding.check, finding.found) for finding in found] == expected
    assert {finding.severity for finding in found} <= {"error"}


def test_the_way_out_names_the_node() -> None:
    (found,) = unlisted_in_an_upgrade(snapshot(other("v1.31.14")), 35)
    assert found.wanted == "beside Kubernetes 1.35 a kubelet is of 1.32 at least"
    assert found.remedy == "add it, or have it removed by removed_nodes = ['other']"
