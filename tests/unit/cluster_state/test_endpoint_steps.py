"""The steps by which an endpoint moves: which, in which order, and which of them a run that was cut off has left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.endpoint_steps import kubeconfigs_due, kubeconfigs_of_others
from k8s_ha.cluster_state.node_difference import differences
from k8s_ha.cluster_state.setting_steps import setting_steps
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.desired.kubeadm_config import dump, kept_configuration
from k8s_ha.observations.certificates import fingerprints
from k8s_ha.observations.node import Kubeconfig, NodeView
from k8s_ha.observations.standing import FORMER, KEPT_KUBECONFIGS
from k8s_ha.settings import Cluster, load_cluster
from tests.support.authorities import authority
from tests.support.example_cluster import six_host_cluster, six_hosts
from tests.support.node_views import CA_CERTIFICATE
from tests.support.standing_cluster import objects, snapshot_of, view_of

OLD = six_host_cluster()
LB2 = {"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}
PLANES, WORKERS = ("master1", "master2", "master3"), ("worker1", "worker2")
OURS = fingerprints(CA_CERTIFICATE)


def told(snapshot: ClusterSnapshot) -> list[str]:
    found = setting_steps(snapshot, differences(snapshot), "master1")
    return [f"{' '.join(step.hosts)}: {step.work.value}" for step in found]


def certificates(*balancers: str) -> list[str]:
    around = " ".join(balancers)
    found = []
    for name in PLANES:
        found += [f"{around}: leave"] * bool(balancers)
        found += [f"{name}: certificate"]
        found += [f"{around}: come back"] * bool(balancers)
    return found


NAMES = ["master1: reconfigure"]
KUBECONFIGS = [f"{name}: kubeconfigs" for name in (*PLANES, *WORKERS)]
EVERYBODY = " ".join((*PLANES, *WORKERS, "master-lb"))
MOVED = ["master1: endpoint", *KUBECONFIGS, "master1: kube-proxy server"]
FORGET = ["master1: settle"]
PROVE = ["master1: prove"]

EXTERNAL = load_cluster({"kubernetes_version": "1.30.14", "endpoint": {"external": "lb.example:6443"}}, six_hosts()[:5])
ELSEWHERE = load_cluster({"kubernetes_version": "1.30.14"}, [*six_hosts()[:5], LB2])
FORMS: dict[str, tuple[Cluster, Cluster, list[str]]] = {
    "another balancer beside the former one": (
        OLD,
        six_host_cluster(control_plane_endpoint="10.0.1.158:6443", more_hosts=[LB2]),
        [*PROVE, *NAMES, *certificates("master-lb", "lb2"), *MOVED, *FORGET],
    ),
    "another balancer in the place of the former one": (
        OLD,
        ELSEWHERE,
        [*PROVE, *NAMES, *certificates("lb2"), *MOVED, f"{' '.join((*PLANES, *WORKERS, 'lb2'))}: retire", *FORGET],
    ),
    "two balancers with a virtual address": (
        OLD,
        six_host_cluster(endpoint={"virtual_address": "10.0.1.200"}, more_hosts=[LB2]),
        [*PROVE, *NAMES, *certificates("master-lb", "lb2"), *MOVED, *FORGET],
    ),
    "a name in front": (
        OLD,
        six_host_cluster(endpoint_name="api.k8s.example"),
        [*PROVE, *NAMES, *certificates("master-lb"), *MOVED, *FORGET],
    ),
    "a name no more": (
        six_host_cluster(endpoint_name="api.k8s.example"),
        OLD,
        [*PROVE, *MOVED, f"{EVERYBODY}: retire", *FORGET],
    ),
    "another port": (
        OLD,
        six_host_cluster(endpoint={"port": 8443}),
        [*PROVE, *MOVED, "master-lb: retire", *FORGET],
    ),
    "somebody else's balancer": (
        OLD,
        EXTERNAL,
        [*PROVE, *NAMES, *certificates(), *MOVED, f"{' '.join((*PLANES, *WORKERS))}: retire", *FORGET],
    ),
    "and back": (
        EXTERNAL,
        OLD,
        [*PROVE, *NAMES, *certificates("master-lb"), *MOVED, f"{EVERYBODY}: retire", *FORGET],
    ),
}


@pytest.mark.parametrize(("standing", "wanted", "expected"), FORMS.values(), ids=FORMS)
def test_from_one_form_to_another(standing: Cluster, wanted: Cluster, expected: list[str]) -> None:
    assert told(snapshot_of(standing, wanted)) == expected


def test_what_is_as_wanted_takes_no_step() -> None:
    assert told(snapshot_of(OLD)) == []


def noted(kept: Cluster, former: Cluster, server: Cluster) -> str:
    listed = json.loads(objects(kept, kept_configuration(kept)))
    text = dump(dict(kept_configuration(former)["ClusterConfiguration"]))
    for item in listed["items"]:
        if item["metadata"]["name"] == "kubeadm-config":
            item["metadata"]["annotations"] = {FORMER: json.dumps([text])}
        if item["metadata"]["name"] == "kube-proxy":
            item["data"]["kubeconfig.conf"] = f"clusters:\n- cluster:\n    server: https://{server.endpoint}\n"
    return json.dumps(listed)


NEW = six_host_cluster(endpoint={"port": 8443})


def cut(done: Sequence[str], server: Cluster = OLD, **changes: Any) -> ClusterSnapshot:
    """A move that was cut off behind its ConfigMaps: ``done`` name the new endpoint, the others the former one."""
    views: dict[str, NodeView | None] = {}
    for host in OLD.hosts:
        view = view_of(NEW if host.name in done else OLD, host)
        if "control_plane" in host.role:
            view = replace(view, standing=replace(view.standing, objects=noted(NEW, OLD, server)))
        views[host.name] = view
    return ClusterSnapshot(NEW, views | changes)


@pytest.mark.parametrize("number", range(6))
def test_a_run_that_was_cut_off_goes_on_where_it_was(number: int) -> None:
    done = (*PLANES, *WORKERS)[:number]
    assert told(cut(done)) == [
        *PROVE,
        "master1: endpoint",
        *KUBECONFIGS[number:],
        "master1: kube-proxy server",
        "master-lb: retire",
        *FORGET,
    ]


def test_behind_kube_proxy_it_is_forgotten() -> None:
    snapshot = cut((*PLANES, *WORKERS), NEW)
    assert told(snapshot) == [*PROVE, "master1: endpoint", "master-lb: retire", *FORGET]


def test_one_whose_former_kubeconfigs_are_kept_is_not_done() -> None:
    view = view_of(NEW, NEW.host("worker1"))
    view = replace(view, standing=replace(view.standing, set_aside=(KEPT_KUBECONFIGS,)))
    assert "worker1: kubeconfigs" in told(cut((*PLANES, *WORKERS), NEW, worker1=view))


def test_the_former_endpoint_stays_as_long_as_a_node_cannot_be_read() -> None:
    steps = told(cut((*PLANES, "worker1"), worker2=None))
    assert steps == [*PROVE, "master1: endpoint", "master1: kube-proxy server"]


def test_the_former_endpoint_stays_beside_a_node_that_the_inventory_lacks() -> None:
    view = view_of(OLD, OLD.host("master1"))
    stranger = replace(view.nodes[-1], name="w9", address="10.0.9.9")
    steps = told(snapshot_of(OLD, NEW, master1=replace(view, nodes=(*view.nodes, stranger))))
    assert steps[-1] == "master1: kube-proxy server"


def test_the_former_endpoint_stays_as_long_as_an_admin_host_cannot_be_read() -> None:
    admin = [{"name": "admin1", "address": "10.0.9.1", "role": "admin"}]
    standing, wanted = (six_host_cluster(more_hosts=admin, **more) for more in ({}, {"endpoint": {"port": 8443}}))
    assert told(snapshot_of(standing, wanted, admin1=None))[-1] == "master1: kube-proxy server"


def test_admin_hosts_come_together_behind_the_nodes() -> None:
    admins = [{"name": f"admin{number}", "address": f"10.0.9.{number}", "role": "admin"} for number in (1, 2)]
    standing, wanted = (six_host_cluster(more_hosts=admins, **more) for more in ({}, {"endpoint": {"port": 8443}}))
    own = Kubeconfig("/root/.kube/config", "https://10.0.1.157:6443", True, CA_CERTIFICATE)
    views = {name: NodeView((), None, None, named_clusters=(own,)) for name in ("admin1", "admin2")}
    steps = told(snapshot_of(standing, wanted, **views))
    assert steps[-5:-2] == ["worker2: kubeconfigs", "admin1 admin2: kubeconfigs", "master1: kube-proxy server"]


def test_workers_come_in_batches() -> None:
    workers = {"workers_max_unavailable": 2}
    standing, wanted = (six_host_cluster(**workers, **more) for more in ({}, {"endpoint": {"port": 8443}}))
    assert "worker1 worker2: kubeconfigs" in told(snapshot_of(standing, wanted))


def test_other_settings_come_first_and_in_the_same_run() -> None:
    audit = {"kubeadm_patches": {"ClusterConfiguration": {"apiServer": {"extraArgs": {"audit-log-path": "/a"}}}}}
    pods = {"KubeletConfiguration": {"maxPods": 200}}
    audit["kubeadm_patches"] |= pods
    steps = told(snapshot_of(OLD, six_host_cluster(endpoint={"port": 8443}, **audit)))
    assert steps[:5] == [*PROVE, *NAMES, "master-lb: leave", "master1: static pods", "master-lb: come back"]
    assert steps.index("worker2: kubelet config") < steps.index("master1: endpoint")
    # What kubeadm-config held before is forgotten once, last of all.
    assert steps[-2:] == ["master-lb: retire", *FORGET]
    assert steps.count("master1: settle") == 2  # and the kubelets' own


def step_of(standing: Cluster, wanted: Cluster, work: Work) -> ChangeStep:
    snapshot = snapshot_of(standing, wanted)
    return next(step for step in setting_steps(snapshot, differences(snapshot), "master1") if step.work is work)


@pytest.mark.parametrize(
    ("wanted", "is_told"),
    [(six_host_cluster(endpoint_name="api.example"), True), (ELSEWHERE, False), (EXTERNAL, False)],
    ids=["the same balancer", "another one", "somebody else's"],
)
def test_a_balancer_that_is_not_told_who_is_out_is_named(wanted: Cluster, is_told: bool) -> None:
    step = step_of(OLD, wanted, Work.CERTIFICATE)
    assert ("the former balancer leaves it out by its own checks" in step.interrupts) is not is_told


def test_the_kept_configuration_changes_with_the_endpoint_and_not_with_the_names() -> None:
    names = step_of(OLD, ELSEWHERE, Work.RECONFIGURE).edits
    assert [path for _, path in names] == [("apiServer", "certSANs")]
    assert names["ClusterConfiguration", ("apiServer", "certSANs")] == ["10.0.1.157", "master-lb", "10.0.1.158", "lb2"]
    edits = step_of(OLD, ELSEWHERE, Work.ENDPOINT).edits
    assert edits == {("ClusterConfiguration", ("controlPlaneEndpoint",)): "10.0.1.158:6443"}


OWN = OLD.host("master1")
HERE = f"https://{OWN.address}:6443"
ROOTS, FORMER_ONE = "/root/.kube/config", "https://10.0.1.157:6443"


def entry_of(path: str, server: str, held: str | None = CA_CERTIFICATE) -> Kubeconfig:
    return Kubeconfig(path, server, True, held)


KINDS: dict[str, tuple[Kubeconfig, bool, bool]] = {
    "at the former endpoint": (entry_of("/a/kubelet.conf", FORMER_ONE), True, False),
    "at the new one": (entry_of("/a/kubelet.conf", "https://10.0.1.157:8443"), False, False),
    "of another CA": (entry_of(ROOTS, FORMER_ONE, authority("b")), False, True),
    "of a CA in a file": (entry_of(ROOTS, FORMER_ONE, None), False, True),
    "another cluster's": (entry_of(ROOTS, "https://10.9.9.9:6443", authority("b")), False, False),
    "the scheduler's at its own server": (entry_of("/a/scheduler.conf", HERE), False, False),
    "the kubelet's at its own server": (entry_of("/a/kubelet.conf", HERE), False, False),
    "the admin's at the only control plane": (entry_of("/a/admin.conf", HERE), True, False),
}


@pytest.mark.parametrize(("entry", "due", "others"), KINDS.values(), ids=KINDS)
def test_which_kubeconfigs_are_changed_and_which_named(entry: Kubeconfig, due: bool, others: bool) -> None:
    view = NodeView((), None, None, named_clusters=(entry,))
    former = ("10.0.1.157:6443", f"{OWN.address}:6443")
    assert kubeconfigs_due(view, OWN, former, OURS) == (entry,) * due
    assert kubeconfigs_of_others(view, OWN, former, OURS) == (entry,) * others


def test_from_the_only_control_planes_own_address_to_a_balancer_and_back() -> None:
    alone = [six_hosts()[0], six_hosts()[3]]
    own, behind = (
        load_cluster({"kubernetes_version": "1.30.14"}, hosts) for hosts in (alone, [*alone, six_hosts()[5]])
    )
    steps = told(snapshot_of(own, behind))
    # Its kubelet asks its own API server, and goes on to; admin.conf and root's kubeconfig move.
    moved = ["master1: endpoint", "master1: kubeconfigs", "worker1: kubeconfigs", "master1: kube-proxy server"]
    assert steps == [*PROVE, *NAMES, "master1: certificate", *moved, *FORGET]
    assert step_of(own, behind, Work.CERTIFICATE).interrupts == "the API, for a minute or two"
    assert told(snapshot_of(behind, own))[-4:-1] == ["worker1: kubeconfigs", *moved[3:], "master1 worker1: retire"]
