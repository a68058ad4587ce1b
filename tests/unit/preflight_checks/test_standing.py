"""The settings against the cluster that stands, as preflight tells it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.plan import Action, decide
from k8s_ha.findings import Finding, errors
from k8s_ha.preflight_checks.standing import standing_findings, steps_left_out, unfinished
from k8s_ha.settings import Cluster, load_cluster
from tests.support.example_cluster import six_host_cluster, six_hosts
from tests.support.node_views import CLEAN
from tests.support.standing_cluster import node_of, snapshot_of, view_of

CLUSTER = six_host_cluster()


def labeled(name: str = "worker1", **settings: Any) -> Cluster:
    return load_cluster(
        {"kubernetes_version": "1.30.14"}, [host | (settings if host["name"] == name else {}) for host in six_hosts()]
    )


def test_a_cluster_as_the_settings_say_has_nothing() -> None:
    assert standing_findings(snapshot_of(CLUSTER)) == []


def test_clean_hosts_have_nothing() -> None:
    clean = {host.name.replace("-", "_"): CLEAN for host in CLUSTER.hosts}
    assert standing_findings(snapshot_of(CLUSTER, **clean)) == []


def test_a_difference_ends_the_run() -> None:
    (finding,) = standing_findings(snapshot_of(CLUSTER, six_host_cluster(pod_cidr="10.245.0.0/16")))
    assert finding == Finding(
        "the cluster",
        "settings",
        "pod_cidr stands as '10.244.0.0/16'",
        "the settings say '10.245.0.0/16', but every node has its part of it",
        "set it back to '10.244.0.0/16'",
    )


def test_what_a_step_carries_out_is_no_finding() -> None:
    wanted = six_host_cluster(kubeadm_patches={"KubeletConfiguration": {"maxPods": 200}}, cert_extra_sans=["a.example"])
    assert standing_findings(snapshot_of(CLUSTER, wanted)) == []


def test_another_endpoint_is_no_finding() -> None:
    wanted = six_host_cluster(control_plane_endpoint="master-lb:6443")
    assert errors(standing_findings(snapshot_of(CLUSTER, wanted))) == []


def test_what_only_later_nodes_get_is_a_warning() -> None:
    patch = {"JoinConfiguration": {"nodeRegistration": {"kubeletExtraArgs": {"v": "4"}}}}
    findings = standing_findings(snapshot_of(CLUSTER, six_host_cluster(kubeadm_patches=patch)))
    assert [finding.host for finding in findings] == [node.name for node in CLUSTER.nodes]
    assert errors(findings) == []


def test_flannel_that_the_run_brings_is_no_finding() -> None:
    assert standing_findings(snapshot_of(six_host_cluster(pod_network="none"), CLUSTER)) == []


def test_a_node_that_the_inventory_lacks_is_named() -> None:
    worker = {"name": "old", "address": "10.0.14.9", "role": "worker"}
    (finding,) = standing_findings(snapshot_of(six_host_cluster(more_hosts=[worker]), CLUSTER))
    assert (finding.severity, finding.found) == ("warning", "old is a node of the cluster, and not in the inventory")
    assert finding.remedy == "add it, or have it removed by removed_nodes = ['old']"


@pytest.mark.parametrize("removed", [[{"name": "old", "address": "10.0.14.9", "role": "worker"}], []])
def test_a_node_that_is_to_be_removed_is_told_of_elsewhere(removed: list[dict[str, Any]]) -> None:
    worker = {"name": "old", "address": "10.0.14.9", "role": "worker"}
    wanted = six_host_cluster(removed, removed_nodes=["old"])
    assert standing_findings(snapshot_of(six_host_cluster([worker]), wanted)) == []


@pytest.mark.parametrize(
    ("left_out", "option", "way"),
    [
        (set(), None, None),
        (set(), "--serial", "--serial"),
        ({"worker1"}, "--serial", "--limit"),
        ({"x"}, None, "--limit"),
    ],
)
def test_steps_are_taken_all_or_none(left_out: set[str], option: str | None, way: str | None) -> None:
    step = ChangeStep(Work.DRAIN, ("master1",), ("worker1",), "1.30.14", "drain worker1")
    found = list(steps_left_out([step, step], left_out, option))
    assert [(finding.found, finding.remedy.split()[3].rstrip(",")) for finding in found] == [
        ("drain worker1 is due, and 1 more steps", way)
    ] * (way is not None)
    assert list(steps_left_out([], left_out, option)) == []


def test_a_configuration_that_cannot_be_read_ends_the_run() -> None:
    views = {host.name: view_of(CLUSTER, host) for host in CLUSTER.control_planes}
    unread = {name: replace(view, standing=replace(view.standing, objects="")) for name, view in views.items()}
    (finding,) = standing_findings(snapshot_of(CLUSTER, **unread))
    assert (finding.severity, finding.found) == ("error", "the ConfigMaps of kube-system could not be read")


def test_a_cluster_that_is_down_is_said_not_to_have_been_compared() -> None:
    down = {host.name: view_of(CLUSTER, host, ready=False, nodes=()) for host in CLUSTER.control_planes}
    (finding,) = standing_findings(snapshot_of(CLUSTER, six_host_cluster(pod_cidr="10.245.0.0/16"), **down))
    assert (finding.severity, finding.found) == ("warning", "no API server of the cluster answers")


def test_labels_and_taints_are_in_the_plan() -> None:
    plan = decide(snapshot_of(CLUSTER, labeled(labels={"zone": "b"})))
    assert plan.lines == ["worker1: gets label zone=b"]
    assert plan.sentence("worker1") == "gets label zone=b"
    assert plan.sentence("worker2") == "the host is a node of the cluster"
    assert {step.action for step in plan.steps.values()} == {Action.NOTHING}


@pytest.mark.parametrize(
    ("left_out", "option", "way"),
    [
        (set(), None, None),
        (set(), "--serial", "--serial"),
        (set(), "--no-wait", "--no-wait"),
        ({"worker1"}, None, "--limit"),
        ({"master1"}, None, "--limit"),
        ({"worker2"}, None, None),
    ],
)
def test_a_change_over_the_whole_cluster_is_not_made_by_half(
    left_out: set[str], option: str | None, way: str | None
) -> None:
    found = list(unfinished(snapshot_of(CLUSTER, labeled(labels={"zone": "b"})), left_out, option))
    assert [(finding.host, finding.severity, way in finding.remedy) for finding in found if way] == [
        ("worker1", "error", True)
    ] * (way is not None)
    assert bool(found) is (way is not None)


def test_a_mere_note_is_made_by_whatever_run() -> None:
    wanted = labeled(labels={"zone": "b"})
    nodes = tuple(node_of(wanted, node) for node in wanted.nodes)
    views = {host.name: view_of(wanted, host, nodes=nodes) for host in wanted.control_planes}
    assert list(unfinished(snapshot_of(wanted, **views), {"worker1"}, "--serial")) == []
