"""The steps of a reboot: which nodes, in which order, out of the balancer or not."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.cluster_state.change_plan import silent_control_planes
from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.reboot_steps import is_boot_due, only_takes_back, reboot_steps
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.last_boot import LastBoot
from k8s_ha.settings import load_cluster
from tests.support.example_cluster import six_host_cluster, six_hosts
from tests.support.standing_cluster import node_of, snapshot_of, view_of

CLUSTER = six_host_cluster()


def boot(booted: int, **installed: int) -> LastBoot:
    return LastBoot(
        f"boot/{booted}", booted, 1000, installed={name.replace("_", "-"): at for name, at in installed.items()}
    )


WAITS, FINE = boot(100, kernel_core=200, glibc=50), boot(300, kernel_core=200, glibc=50)


def told(snapshot: ClusterSnapshot, since: int | None = None, **boots: LastBoot) -> list[str]:
    known = {node.name: FINE for node in snapshot.cluster.nodes} | boots
    return [f"{' '.join(step.hosts)}: {step.sentence}" for step in reboot_steps(snapshot, known, since)]


def out(name: str, sentence: str) -> list[str]:
    return [
        f"master-lb: {name} out of the balancer",
        f"{name}: {sentence}",
        f"master-lb: {name} back into the balancer",
    ]


REBOOT = "drain, reboot for kernel-core, uncordon"


@pytest.mark.parametrize(
    ("told", "since", "due"),
    [
        (WAITS, None, True),
        (FINE, None, False),
        (boot(100, glibc=100), None, False),
        (boot(100, glibc=1001), None, False),  # installed by a clock that was ahead
        (boot(100), None, False),
        (FINE, 301, True),
        (FINE, 300, False),
        (WAITS, 100, False),
    ],
)
def test_who_is_to_boot(told: LastBoot, since: int | None, due: bool) -> None:
    assert is_boot_due(told, since) is due


def test_nothing_where_nobody_waits() -> None:
    assert told(snapshot_of(CLUSTER)) == []


def test_control_planes_one_by_one_behind_the_balancer_then_workers() -> None:
    all_wait = {node.name: WAITS for node in CLUSTER.nodes}
    assert told(snapshot_of(CLUSTER), **all_wait) == [
        *(line for name in ("master1", "master2", "master3") for line in out(name, REBOOT)),
        f"worker1: {REBOOT}",
        f"worker2: {REBOOT}",
    ]


def test_those_alone_that_wait_or_have_not_booted_since() -> None:
    assert told(snapshot_of(CLUSTER), worker2=WAITS) == [f"worker2: {REBOOT}"]
    late = told(snapshot_of(CLUSTER), 250, master2=boot(200), worker1=boot(260))
    assert late == out("master2", "drain, reboot, uncordon")


@pytest.mark.parametrize("left", [{"is_cordoned": True}, {"is_returned": True}])
def test_one_that_has_booted_and_was_not_taken_back_is_gone_on_with(left: dict[str, Any]) -> None:
    nodes = tuple(node_of(CLUSTER, host, **(left if host.name == "worker1" else {})) for host in CLUSTER.nodes)
    snapshot = snapshot_of(CLUSTER, master1=view_of(CLUSTER, CLUSTER.host("master1"), nodes=nodes))
    assert told(snapshot) == ["worker1: drain, reboot, uncordon"]


@pytest.mark.parametrize(
    ("work", "version", "only"),
    [(Work.KUBELET, "v1.30.14", True), (Work.KUBELET, "v1.30.13", False), (Work.SETTLE, "v1.30.14", False)],
)
def test_a_step_that_only_takes_back_what_was_cordoned(work: Work, version: str, only: bool) -> None:
    nodes = tuple(node_of(CLUSTER, host, version=version) for host in CLUSTER.nodes)
    snapshot = snapshot_of(CLUSTER, master1=view_of(CLUSTER, CLUSTER.host("master1"), nodes=nodes))
    assert only_takes_back(snapshot, ChangeStep(work, ("worker1",), ("worker1",), "1.30.14", "")) is only


def test_one_that_did_not_tell_has_no_step() -> None:
    boots = {node.name: WAITS for node in CLUSTER.nodes if node.name != "worker1"}
    assert "worker1" not in {name for step in reboot_steps(snapshot_of(CLUSTER), boots, None) for name in step.hosts}


def test_workers_go_in_batches_and_their_packages_are_told_together() -> None:
    cluster = load_cluster({"kubernetes_version": "1.30.14", "workers_max_unavailable": 2}, six_hosts())
    boots = {"worker1": WAITS, "worker2": boot(100, glibc=101)}
    assert told(snapshot_of(cluster), **boots) == ["worker1 worker2: drain, reboot for glibc, kernel-core, uncordon"]


def test_the_only_control_plane_stays_in_the_balancer_and_its_outage_is_named() -> None:
    cluster = load_cluster({"kubernetes_version": "1.30.14"}, [six_hosts()[0], *six_hosts()[3:]])
    (step,) = reboot_steps(snapshot_of(cluster), {"master1": WAITS}, None)
    assert step.interrupts == "the API, while it boots; its pods move"


def test_the_only_balancer_is_named_where_it_boots() -> None:
    hosts = [
        host | ({"role": ["control_plane", "load_balancer"]} if host["name"] == "master1" else {})
        for host in six_hosts()[:5]
    ]
    cluster = load_cluster({"kubernetes_version": "1.30.14", "control_plane_endpoint": "10.0.11.18:8443"}, hosts)
    found = reboot_steps(snapshot_of(cluster), {"master1": WAITS, "master2": WAITS}, None)
    assert [step.interrupts for step in found if step.work is Work.REBOOT] == [
        "its API server and etcd member; the endpoint, while it boots; its pods move",
        "its API server and etcd member; its pods move",
    ]


def test_a_silent_control_plane_keeps_all_others_from_booting_but_itself() -> None:
    broken = view_of(CLUSTER, CLUSTER.host("master2"), ready=False)
    snapshot = snapshot_of(CLUSTER, master2=broken)
    of_itself = reboot_steps(snapshot, {"master2": WAITS}, None)
    assert [step.work for step in of_itself] == [Work.LEAVE, Work.REBOOT, Work.COME_BACK]
    assert silent_control_planes(snapshot, of_itself) == []
    of_another = reboot_steps(snapshot, {"worker1": WAITS}, None)
    assert silent_control_planes(snapshot, of_another) == ["master2"]
