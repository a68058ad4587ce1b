"""The steps from Docker to containerd: which nodes, in which order."""

from __future__ import annotations

import pytest

from k8s_ha.catalog.setting_changes import moves_runtime
from k8s_ha.cluster_state.change_plan import silent_control_planes
from k8s_ha.cluster_state.change_steps import Work
from k8s_ha.cluster_state.runtime_steps import runtime_steps
from tests.support.example_cluster import six_host_cluster
from tests.support.standing_cluster import snapshot_of, view_of

CLUSTER = six_host_cluster()
DOCKER = dict.fromkeys((node.name for node in CLUSTER.nodes), "dockershim")


@pytest.mark.parametrize(
    ("standing", "wanted", "moves"),
    [
        ("dockershim", "containerd", True),
        ("cri-dockerd", "containerd", True),
        ("containerd", "containerd", False),
        ("containerd", "dockershim", False),
        ("dockershim", "cri-dockerd", False),
        (None, "containerd", False),
    ],
)
def test_which_way_a_run_takes(standing: str | None, wanted: str, moves: bool) -> None:
    assert moves_runtime(standing, wanted) is moves


def test_control_planes_one_by_one_behind_the_balancer_then_workers() -> None:
    found = runtime_steps(snapshot_of(CLUSTER), DOCKER)
    acting = [step.hosts for step in found]
    assert acting == [
        *(hosts for name in ("master1", "master2", "master3") for hosts in (("master-lb",), (name,), ("master-lb",))),
        ("worker1",),
        ("worker2",),
    ]
    assert found[1].interrupts == "its API server and etcd member; its pods move"


def test_those_alone_that_have_not_moved_and_are_nodes() -> None:
    assert runtime_steps(snapshot_of(CLUSTER), dict.fromkeys(DOCKER, "containerd")) == ()
    assert runtime_steps(snapshot_of(CLUSTER), dict.fromkeys(DOCKER)) == ()
    (step,) = runtime_steps(snapshot_of(CLUSTER), {"worker2": "dockershim", "worker1": "containerd"})
    assert (step.work, step.hosts) == (Work.RUNTIME, ("worker2",))


def test_one_that_was_cut_off_comes_first_and_keeps_nobody_from_beginning() -> None:
    broken = view_of(CLUSTER, CLUSTER.host("master3"), ready=False)
    snapshot = snapshot_of(CLUSTER, master3=broken)
    found = runtime_steps(snapshot, DOCKER)
    assert [step.hosts[0] for step in found if step.work is Work.RUNTIME][:3] == ["master3", "master1", "master2"]
    assert silent_control_planes(snapshot, found) == []
