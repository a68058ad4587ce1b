"""What is due on a standing cluster, by what the cluster and its hosts tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8s_ha.cluster_state.change_plan import (
    changes_due,
    is_moving,
    kept_version,
    kubelet_minors,
    minors_between,
    silent_control_planes,
    standing_versions,
)
from k8s_ha.cluster_state.change_steps import Work
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.cluster_state.upgrade_path import NoPath
from k8s_ha.desired.kubeadm_config import kept_configuration
from tests.support.example_cluster import six_host_cluster
from tests.support.standing_cluster import node_of, snapshot_of, static_pods, view_of

STANDING = six_host_cluster(kubernetes_version="1.34.4")
WANTED = six_host_cluster(kubernetes_version="1.34.11")
AVAILABLE = {33: ["1.33.13"], 34: ["1.34.4", "1.34.11"], 35: ["1.35.9"]}
ETCD = {host.name: "3.6.16" for host in WANTED.control_planes}


def with_static_pods(name: str, version: str, wanted: str = "1.34.11") -> ClusterSnapshot:
    pods = static_pods(STANDING, kept_configuration(STANDING), version=version)
    view = view_of(STANDING, STANDING.host(name))
    views = {name: replace(view, standing=replace(view.standing, static_pods=pods))}
    return snapshot_of(STANDING, six_host_cluster(kubernetes_version=wanted), **views)


def with_node(name: str, **changes: object) -> ClusterSnapshot:
    """The wanted cluster with another Node of this host."""
    nodes = tuple(node_of(WANTED, node, **(changes if node.name == name else {})) for node in WANTED.nodes)
    return snapshot_of(WANTED, **{host.name: view_of(WANTED, host, nodes=nodes) for host in WANTED.control_planes})


def test_a_cluster_that_stands_as_wanted() -> None:
    assert not is_moving(snapshot_of(WANTED))
    assert changes_due(snapshot_of(WANTED), AVAILABLE, ETCD) == ()


def test_what_runs_where() -> None:
    found = standing_versions(with_static_pods("master2", "1.34.11"))
    assert set(found) == {host.name for host in STANDING.nodes}
    assert found["master2"].components == dict.fromkeys(
        ("kube-apiserver", "kube-controller-manager", "kube-scheduler"), "1.34.11"
    )
    assert found["master1"].components["kube-scheduler"] == "1.34.4"
    assert (found["worker1"].kubelet, found["worker1"].components) == ("1.34.4", {})


def test_a_wanted_patch() -> None:
    snapshot = snapshot_of(STANDING, WANTED)
    assert is_moving(snapshot)
    assert kept_version(snapshot) == "1.34.4"
    assert minors_between(snapshot) == range(34, 35)
    steps = changes_due(snapshot, AVAILABLE, ETCD)
    assert {step.version for step in steps} == {"1.34.11"}
    assert [step.work for step in steps].count(Work.KUBELET) == 5


def test_minors_one_after_the_other() -> None:
    snapshot = snapshot_of(
        six_host_cluster(kubernetes_version="1.33.13"), six_host_cluster(kubernetes_version="1.35.9")
    )
    assert minors_between(snapshot) == range(33, 36)
    versions = [step.version for step in changes_due(snapshot, AVAILABLE, ETCD)]
    assert list(dict.fromkeys(versions)) == ["1.34.11", "1.35.9"]


def test_kubelets_on_cgroup_v1_are_allowed_it_once_before_the_line_that_asks() -> None:
    snapshot = snapshot_of(
        six_host_cluster(kubernetes_version="1.33.13"), six_host_cluster(kubernetes_version="1.36.4")
    )
    available = AVAILABLE | {36: ["1.36.4"]}
    steps = changes_due(snapshot, available, ETCD, on_cgroup_v1=True)
    (configured,) = [step for step in steps if step.work is Work.CONFIGURE]
    assert configured.version == "1.35.9"
    assert configured.sentence == "kubelets keep failCgroupV1 = false"
    assert steps.index(configured) < min(
        number for number, step in enumerate(steps) if step.work is Work.APPLY and step.version == "1.35.9"
    )
    assert not any(step.work is Work.CONFIGURE for step in changes_due(snapshot, available, ETCD))


def test_a_control_plane_that_was_upgraded_by_hand_is_gone_on_with() -> None:
    snapshot = with_static_pods("master1", "1.34.11")
    assert is_moving(snapshot)
    acting = [(step.work, step.subjects) for step in changes_due(snapshot, AVAILABLE, ETCD)]
    assert (Work.APPLY, ("master1",)) in acting  # what the cluster keeps is not moved yet


@pytest.mark.parametrize("wanted", ["1.34.4", "1.34.9"])
def test_nothing_goes_back(wanted: str) -> None:
    with pytest.raises(NoPath, match="does not go back") as raised:
        changes_due(with_static_pods("master1", "1.34.11", wanted), AVAILABLE, ETCD)
    assert raised.value.remedy == "set kubernetes_version = '1.34.11' or newer"


@pytest.mark.parametrize("version", ["v1.34.4-rc.0", "v2", "vx"])
def test_a_part_of_no_release(version: str) -> None:
    with pytest.raises(NoPath, match=version.removeprefix("v")):
        changes_due(with_node("worker1", version=version), AVAILABLE, ETCD)


def test_a_kubelet_that_lags_behind() -> None:
    snapshot = with_node("worker1", version="v1.34.4")
    steps = changes_due(snapshot, AVAILABLE, ETCD)
    assert [(step.work, step.hosts) for step in steps] == [(Work.FETCH, ("worker1",)), (Work.KUBELET, ("worker1",))]


def test_no_kubelet_passes_over_a_minor() -> None:
    """The API servers came to 1.34 in a run that was cut off before this kubelet's turn."""
    nodes = tuple(
        node_of(WANTED, node, **({"version": "v1.33.13"} if node.name == "worker1" else {})) for node in WANTED.nodes
    )
    wanted = six_host_cluster(kubernetes_version="1.35.9")
    views = {host.name: view_of(WANTED, host, nodes=nodes) for host in WANTED.control_planes}
    steps = changes_due(snapshot_of(WANTED, wanted, **views), AVAILABLE, ETCD)
    reached = [step.version for step in steps if step.work is Work.KUBELET and "worker1" in step.hosts]
    assert reached == ["1.34.11", "1.35.9"]
    assert [step.work for step in steps if step.version == "1.34.11"] == [Work.FETCH, Work.KUBELET]


def test_an_upgrade_that_did_not_end_well_is_made_again() -> None:
    view = view_of(WANTED, WANTED.host("master2"), upgrade_unfinished=True)
    snapshot = snapshot_of(WANTED, master2=view)
    assert is_moving(snapshot)
    works = [(step.work, step.subjects) for step in changes_due(snapshot, AVAILABLE, ETCD)]
    assert (Work.CONTROL_PLANE, ("master2",)) in works


def test_a_cordon_of_a_run_that_was_cut_off() -> None:
    snapshot = with_node("worker1", is_cordoned=True)
    assert is_moving(snapshot)
    assert [(step.work, step.hosts) for step in changes_due(snapshot, AVAILABLE, ETCD)] == [
        (Work.KUBELET, ("worker1",))
    ]


@pytest.mark.parametrize(
    ("silent", "expected"),
    [
        ((), []),
        (("master1",), []),  # its own step comes first, and mends it
        (("master2",), ["master2"]),
        (("master1", "master3"), ["master3"]),
    ],
)
def test_control_planes_that_keep_the_first_step_from_beginning(silent: tuple[str, ...], expected: list[str]) -> None:
    views = {name: view_of(STANDING, STANDING.host(name), ready=False, nodes=()) for name in silent}
    snapshot = snapshot_of(STANDING, WANTED, **views)
    assert silent_control_planes(snapshot, changes_due(snapshot, AVAILABLE, ETCD)) == expected
    assert silent_control_planes(snapshot, ()) == []


def test_one_whose_kubelet_a_run_that_was_cut_off_has_stopped_is_gone_on_with() -> None:
    nodes = tuple(
        node_of(WANTED, node, version="v1.34.4") if node.name == "master2" else node_of(WANTED, node)
        for node in WANTED.nodes
    )
    views = {host.name: view_of(WANTED, host, nodes=nodes) for host in WANTED.control_planes}
    views["master2"] = view_of(WANTED, WANTED.host("master2"), ready=False, nodes=())
    snapshot = snapshot_of(WANTED, **views)
    steps = changes_due(snapshot, AVAILABLE, ETCD)
    assert (Work.KUBELET, ("master2",)) in [(step.work, step.hosts) for step in steps]
    assert silent_control_planes(snapshot, steps) == []


def test_a_control_plane_that_could_not_be_read_keeps_it_too() -> None:
    snapshot = snapshot_of(STANDING, WANTED)
    unread = replace(snapshot, views={**snapshot.views, "master3": None})
    assert silent_control_planes(unread, changes_due(unread, AVAILABLE, ETCD)) == ["master3"]


def test_without_a_leader_nothing_is_due() -> None:
    silent = {host.name: view_of(STANDING, host, ready=False, nodes=()) for host in STANDING.control_planes}
    assert not is_moving(snapshot_of(STANDING, WANTED, **silent))


def lagging(standing: str, wanted: str, **kubelets: str) -> ClusterSnapshot:
    """A cluster that stands with one version, but for the kubelets of some nodes."""
    stands = six_host_cluster(kubernetes_version=standing)
    versions = {host.name: f"v{kubelets.get(host.name, standing)}" for host in stands.nodes}
    nodes = tuple(node_of(stands, host, version=versions[host.name]) for host in stands.nodes)
    views = {host.name: view_of(stands, host, nodes=nodes) for host in stands.control_planes}
    return snapshot_of(stands, six_host_cluster(kubernetes_version=wanted), **views)


def test_the_minor_of_each_kubelet() -> None:
    found = kubelet_minors(lagging("1.34.4", "1.35.9", worker1="1.33.13", worker2="1.34.0-rc.0"))
    assert found == {"master1": 34, "master2": 34, "master3": 34, "worker1": 33}


def ahead(standing: str, wanted: str, version: str) -> ClusterSnapshot:
    """A cluster that stands with one version, but for the static pods of its first control plane."""
    stands = six_host_cluster(kubernetes_version=standing)
    view = view_of(stands, stands.host("master1"))
    pods = static_pods(stands, kept_configuration(stands), version=version)
    master1 = replace(view, standing=replace(view.standing, static_pods=pods))
    return snapshot_of(stands, six_host_cluster(kubernetes_version=wanted), master1=master1)


@pytest.mark.parametrize(
    ("has", "hop"),
    [(["1.34.11", "1.34.12"], "1.34.12"), (["1.34.12"], "1.34.12"), (["1.34.11", "1.34.12", "1.34.14"], "1.34.14")],
)
def test_no_hop_goes_back_to_an_older_patch(has: list[str], hop: str) -> None:
    steps = changes_due(ahead("1.33.13", "1.35.9", "1.34.12"), AVAILABLE | {34: has}, ETCD)
    assert list(dict.fromkeys(step.version for step in steps)) == [hop, "1.35.9"]


@pytest.mark.parametrize(
    ("version", "found", "remedy"),
    [
        (
            "1.34.12",
            "kube-apiserver of master1 is of Kubernetes 1.34.12, and the mirrors of the nodes lack it",
            "use a mirror that has 1.34.12 or a newer 1.34",
        ),
        (
            "1.35.9",
            "kube-apiserver of master1 is of Kubernetes 1.35.9, and the others come to 1.34.11 next",
            "bring what is older to 1.34.11 by hand, or take that node out by removed_nodes",
        ),
    ],
)
def test_a_hop_that_would_go_back_is_refused(version: str, found: str, remedy: str) -> None:
    with pytest.raises(NoPath, match="does not go back") as raised:
        changes_due(ahead("1.33.13", "1.35.9", version), AVAILABLE, ETCD)
    assert (raised.value.found, raised.value.remedy) == (found, remedy)


def test_kubelets_that_come_first_do_not_go_back_either() -> None:
    """One of them lags behind API servers that another is a patch ahead of."""
    snapshot = lagging("1.34.4", "1.35.9", worker1="1.33.13", worker2="1.34.11")
    steps = changes_due(snapshot, AVAILABLE, ETCD)
    assert list(dict.fromkeys(step.version for step in steps)) == ["1.34.11", "1.35.9"]
    assert [step.hosts for step in steps if step.version == "1.34.11" and step.work is Work.KUBELET][-1] == ("worker1",)
    to_wanted = changes_due(lagging("1.34.4", "1.34.11", worker1="1.33.13", worker2="1.34.11"), AVAILABLE, ETCD)
    assert {step.version for step in to_wanted} == {"1.34.11"}


@pytest.mark.parametrize(
    ("has", "hop"), [(["1.34.4", "1.34.11"], "1.34.4"), (["1.34.11"], "1.34.11"), (["1.34.2"], "")]
)
def test_kubelets_come_first_to_what_can_be_had(has: list[str], hop: str) -> None:
    snapshot, available = lagging("1.34.4", "1.35.9", worker1="1.33.13"), AVAILABLE | {34: has}
    if not hop:
        with pytest.raises(NoPath, match=r"a control plane is of Kubernetes 1\.34\.4, and the mirrors"):
            changes_due(snapshot, available, ETCD)
        return
    steps = changes_due(snapshot, available, ETCD)
    assert list(dict.fromkeys(step.version for step in steps)) == [hop, "1.35.9"]


def test_kubelets_come_first_where_patches_of_control_planes_differ() -> None:
    snapshot = ahead("1.34.4", "1.35.9", "1.34.11")
    nodes = tuple(replace(node, version="v1.33.13") for node in snapshot.views["master1"].nodes)  # type: ignore[union-attr]
    views = {name: replace(view, nodes=nodes) for name, view in snapshot.views.items() if view is not None}
    steps = changes_due(replace(snapshot, views=views), AVAILABLE, ETCD)
    assert list(dict.fromkeys(step.version for step in steps)) == ["1.34.11", "1.35.9"]


@pytest.mark.parametrize("wanted", ["1.35.9", "1.36.4"])
def test_a_kubelet_that_would_pass_over_a_minor_is_refused_by_name(wanted: str) -> None:
    available = AVAILABLE | {36: ["1.36.4"]}
    with pytest.raises(NoPath, match="no kubelet passes over a minor") as raised:
        changes_due(lagging("1.35.9", wanted, worker1="1.33.13"), available, ETCD)
    assert raised.value.found == "the kubelet of worker1 is more than a minor behind Kubernetes 1.35.9"
    assert raised.value.remedy == "take these nodes out by removed_nodes, then have them join again"
