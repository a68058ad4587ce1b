"""Which endpoints count as the cluster's while it moves, and whose hosts are not taken for its own."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from k8s_ha.cluster_state.node_state import NodeState
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.desired.kubeadm_config import dump, kept_configuration
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.standing import FORMER
from k8s_ha.settings import Cluster
from tests.support.authorities import authority
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import CLEAN
from tests.support.standing_cluster import objects, snapshot_of, view_of

OLD = six_host_cluster()
NEW = six_host_cluster(endpoint_name="api.k8s.example")
THIRD = six_host_cluster(endpoint={"port": 8443})


def noted(kept: Cluster, *former: Cluster) -> str:
    """The ConfigMaps of a cluster that notes what it kept before."""
    listed = json.loads(objects(kept, kept_configuration(kept)))
    texts = [dump(dict(kept_configuration(each)["ClusterConfiguration"])) for each in former]
    for item in listed["items"]:
        if item["metadata"]["name"] == "kubeadm-config":
            item["metadata"]["annotations"] = {FORMER: json.dumps(texts)}
    return json.dumps(listed)


def moving(wanted: Cluster, kept: Cluster, *former: Cluster, **stands: Cluster) -> ClusterSnapshot:
    """A cluster that keeps one endpoint and notes others, whose hosts name those of ``stands``, else the kept one."""
    views = {}
    for host in kept.hosts:
        view = view_of(stands.get(host.name.replace("-", "_"), kept), host)
        if "control_plane" in host.role:
            view = replace(view, standing=replace(view.standing, objects=noted(kept, *former)))
        views[host.name] = view
    return ClusterSnapshot(wanted, views)


CASES: dict[str, tuple[ClusterSnapshot, tuple[str, ...]]] = {
    "it stays": (moving(OLD, OLD), ()),
    "before it": (moving(NEW, OLD), ("10.0.1.157:6443",)),
    "before the first node": (
        moving(NEW, NEW, OLD, **dict.fromkeys(("master1", "master2"), OLD)),
        ("10.0.1.157:6443",),
    ),
    "behind it, not forgotten yet": (moving(NEW, NEW, OLD), ("10.0.1.157:6443",)),
    "turned back half way": (moving(OLD, NEW, OLD, master1=OLD), ("api.k8s.example:6443",)),
    "turned to a third half way": (moving(THIRD, NEW, OLD, master2=OLD), ("api.k8s.example:6443", "10.0.1.157:6443")),
    "another setting is under way": (moving(OLD, OLD, six_host_cluster(cert_extra_sans=["a.example"])), ()),
}


@pytest.mark.parametrize(("snapshot", "expected"), CASES.values(), ids=CASES)
def test_the_former_endpoints(snapshot: ClusterSnapshot, expected: tuple[str, ...]) -> None:
    assert snapshot.former_endpoints == expected


@pytest.mark.parametrize("snapshot", [snapshot for snapshot, _ in CASES.values()], ids=CASES)
def test_all_hosts_are_of_the_cluster_then(snapshot: ClusterSnapshot) -> None:
    assert snapshot.leader is not None
    assert {snapshot.state(host) for host in snapshot.cluster.nodes} == {NodeState.JOINED}


def of_another_ca(view: NodeView) -> NodeView:
    other = authority("another")
    return replace(view, ca_certificate=other, named_clusters=())


def test_a_host_of_another_cluster_at_that_endpoint_stays_foreign() -> None:
    worker = OLD.host("worker1")
    snapshot = snapshot_of(OLD, NEW, worker1=of_another_ca(view_of(OLD, worker)))
    assert snapshot.state(worker) is NodeState.FOREIGN


@pytest.mark.parametrize("knows", [False, True], ids=["none names the wanted one", "others name the wanted one"])
def test_where_control_planes_are_of_two_clusters_none_moves(knows: bool) -> None:
    third = of_another_ca(view_of(OLD, OLD.host("master3")))
    snapshot = snapshot_of(OLD, OLD if knows else NEW, master3=replace(third, api_server_url="https://10.9.9.9:6443"))
    assert snapshot.former_endpoints == ()
    assert (snapshot.leader is not None) is knows
    assert snapshot.state(OLD.host("master3")) is NodeState.FOREIGN


def test_the_wanted_endpoints_own_cluster_does_not_take_over_another() -> None:
    """One control plane of the wanted cluster among two of another: theirs is no former endpoint of it."""
    views = {name: of_another_ca(view_of(OLD, OLD.host(name))) for name in ("master1", "master2")}
    snapshot = snapshot_of(NEW, NEW, **views)
    assert snapshot.former_endpoints == ()
    assert snapshot.leader == NEW.host("master3")


def test_where_none_serves_nothing_is_known() -> None:
    views = {host.name: replace(view_of(OLD, host), ready=False, nodes=()) for host in OLD.control_planes}
    snapshot = snapshot_of(OLD, NEW, **views)
    assert (snapshot.former_endpoints, snapshot.leader) == ((), None)


def test_one_whose_own_server_knows_another_host_under_its_name_does_not_count() -> None:
    def elsewhere(view: NodeView) -> NodeView:
        return replace(view, nodes=tuple(replace(node, address="10.9.9.9") for node in view.nodes))

    views = {host.name: elsewhere(view_of(OLD, host)) for host in OLD.control_planes}
    assert snapshot_of(OLD, NEW, **views).former_endpoints == ()


@pytest.mark.parametrize("text", ["", "a b:6443", "10.0.1.157", "$(reboot):6443", "10.0.1.157:0"])
def test_what_is_no_endpoint_is_not_carried_on(text: str) -> None:
    kept = noted(OLD).replace("10.0.1.157:6443", text)
    views = {}
    for host in OLD.control_planes:
        view = view_of(OLD, host, api_server_url=f"https://{text}")
        views[host.name] = replace(view, standing=replace(view.standing, objects=kept))
    assert snapshot_of(OLD, NEW, **views).former_endpoints == ()


def test_what_an_earlier_look_found_is_believed_where_the_views_do_not_tell() -> None:
    bare = {host.name: view_of(OLD, host, standing=type(view_of(OLD, host).standing)()) for host in OLD.control_planes}
    snapshot = replace(snapshot_of(OLD, NEW, **bare), former=("10.0.1.157:6443",))
    assert snapshot.leader == OLD.control_planes[0]


def test_clean_hosts_have_none() -> None:
    assert snapshot_of(OLD, NEW, **{host.name: CLEAN for host in OLD.nodes}).former_endpoints == ()
