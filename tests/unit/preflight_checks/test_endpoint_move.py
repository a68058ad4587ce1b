"""What stands against another endpoint for a cluster that stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.findings import errors
from k8s_ha.observations.endpoint_proof import EndpointProof
from k8s_ha.observations.node import Kubeconfig
from k8s_ha.preflight_checks.endpoint_move import held_addresses, left_alone, not_together, other_proxy, unproven
from k8s_ha.settings import Cluster, load_cluster
from tests.support.authorities import authority
from tests.support.example_cluster import VERSION, six_host_cluster, six_hosts
from tests.support.standing_cluster import objects, snapshot_of, view_of

LB2 = {"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}
OLD = six_host_cluster()
NEW = six_host_cluster(endpoint_name="api.k8s.example")


def replaced_balancer() -> Cluster:
    settings = {"kubernetes_version": VERSION, "removed_nodes": ["master-lb"], "endpoint_name": "api.k8s.example"}
    return load_cluster(settings, [*six_hosts(), LB2])


STEP = ChangeStep(Work.RUNTIME, ("worker1",), ("worker1",), "1.30.14", "drain")


@pytest.mark.parametrize(
    ("upgrades", "removals", "runtime", "what"),
    [
        (True, (), (), "an upgrade"),
        (False, (STEP,), (), "the removal of a node"),
        (False, (), (STEP,), "the move to another runtime"),
    ],
)
def test_other_changes_wait(
    upgrades: bool, removals: tuple[ChangeStep, ...], runtime: tuple[ChangeStep, ...], what: str
) -> None:
    (found,) = not_together(snapshot_of(OLD, NEW), upgrades, removals, runtime)
    assert found.found == f"the endpoint moves from 10.0.1.157:6443, and {what} is due"
    assert [*not_together(snapshot_of(OLD), upgrades, removals, runtime)] == []


def test_alone_it_does_not_wait() -> None:
    assert [*not_together(snapshot_of(OLD, NEW), False, (), ())] == []


@pytest.mark.parametrize(
    ("endpoint", "addresses", "refused"),
    [
        ({"virtual_address": "10.0.1.201"}, ("10.0.1.158", "10.0.1.200"), True),
        ({"virtual_address": "10.0.1.201"}, ("10.0.1.158",), False),
        ({"virtual_address": "10.0.1.200", "port": 8443}, ("10.0.1.158", "10.0.1.200"), False),
        ({"port": 8443}, ("10.0.1.158", "10.0.1.200"), False),
    ],
    ids=["another", "another, which nobody has", "another port", "none any more"],
)
def test_a_virtual_address_is_not_replaced_by_another(
    endpoint: dict[str, object], addresses: tuple[str, ...], refused: bool
) -> None:
    standing = six_host_cluster(endpoint={"virtual_address": "10.0.1.200"}, more_hosts=[LB2])
    wanted = six_host_cluster(endpoint=endpoint, more_hosts=[LB2])
    found = [*held_addresses(snapshot_of(standing, wanted), {"lb2": addresses})]
    assert [(finding.host, finding.severity) for finding in found] == [("lb2", "error")] * refused


def test_a_kubeconfig_of_another_cluster_is_named_and_left() -> None:
    worker = OLD.host("worker1")
    other = Kubeconfig("/root/.kube/config", "https://10.0.1.157:6443", True, authority("another"))
    view = view_of(OLD, worker)
    view = replace(view, named_clusters=(*view.named_clusters, other, other))
    (found,) = left_alone(snapshot_of(OLD, NEW, worker1=view))
    assert (found.host, found.severity) == ("worker1", "warning")
    assert found.found.startswith("its /root/.kube/config names https://10.0.1.157:6443")


def test_a_kubelets_own_that_proves_nothing_ends_the_run() -> None:
    worker = OLD.host("worker1")
    own = Kubeconfig("/etc/kubernetes/kubelet.conf", "https://10.0.1.157:6443", True, "")
    view = replace(view_of(OLD, worker), named_clusters=(own,))
    (found,) = left_alone(snapshot_of(OLD, NEW, worker1=view))
    assert (found.host, found.severity) == ("worker1", "error")


@pytest.mark.parametrize(
    ("wanted", "without", "named"), [(NEW, ["kube-proxy"], True), (NEW, [], False), (OLD, ["kube-proxy"], False)]
)
def test_who_serves_the_services_without_kube_proxy_is_told_of(
    wanted: Cluster, without: Sequence[str], named: bool
) -> None:
    view = view_of(OLD, OLD.host("master1"))
    held = objects(OLD, kept_configuration(OLD), without)
    snapshot = snapshot_of(OLD, wanted, master1=replace(view, standing=replace(view.standing, objects=held)))
    assert [finding.severity for finding in other_proxy(snapshot)] == ["warning"] * named


def test_a_balancer_is_not_removed_while_the_endpoint_moves() -> None:
    (found,) = not_together(snapshot_of(OLD, replaced_balancer()), False, (), ())
    assert found.found == "the endpoint moves from 10.0.1.157:6443, and the removal of a balancer is due"


ENDS = [datetime(2027, 11, day, tzinfo=UTC) for day in (1, 2, 3)]
OF_PLANES = {f"master{number}": EndpointProof((ENDS[0],), (), end) for number, end in enumerate(ENDS, 1)}
EXTERNAL = load_cluster({"kubernetes_version": "1.30.14", "endpoint": {"external": "lb.example:6443"}}, six_hosts()[:5])


def test_who_leads_everybody_to_every_control_plane_is_proved() -> None:
    assert [*unproven(NEW, OF_PLANES | {"worker1": EndpointProof((*ENDS[1:],))})] == []


@pytest.mark.parametrize("external", [False, True])
def test_a_control_plane_that_nobody_met(external: bool) -> None:
    found = [*unproven(EXTERNAL if external else NEW, OF_PLANES | {"worker1": EndpointProof((ENDS[1],))})]
    assert [(finding.host, finding.severity) for finding in found] == [("master3", "warning" if external else "error")]


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (None, "an answer over SSH is missing"),
        (EndpointProof(()), "no answer"),
        (EndpointProof((ENDS[0],), ("no connection",)), "no connection"),
    ],
)
def test_a_node_that_is_not_led_to_the_cluster(proof: EndpointProof | None, words: str) -> None:
    (found,) = errors([*unproven(NEW, OF_PLANES | {"worker1": proof, "worker2": proof})])
    where = "the endpoint api.k8s.example:6443 does not lead to this cluster from"
    assert found.found == f"{where} worker1, worker2: {words}"
