"""The steps of a renewal: which certificates are due, in which order, out of the balancer or at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from k8s_ha.catalog.certificates import AUTHORITIES, KUBELET_CLIENT, KUBELET_CONF, RENEWABLE
from k8s_ha.cluster_state.change_plan import silent_control_planes
from k8s_ha.cluster_state.change_steps import Work
from k8s_ha.cluster_state.renewal_steps import RENEWS, RENEWS_KUBELET, REVIVES, renewal_steps, revives
from k8s_ha.cluster_state.renewals import BEGUN, ENDED, RenewalRule, rule_of
from k8s_ha.cluster_state.setting_steps import steps_without_leader
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.certificates import Validity
from k8s_ha.observations.node import NodeView
from k8s_ha.preflight_checks.renewal import renewal_findings, waiting_findings
from k8s_ha.settings import Cluster
from tests.support.cluster_health import NOW, until
from tests.support.example_cluster import six_host_cluster
from tests.support.standing_cluster import snapshot_of, view_of

CLUSTER = six_host_cluster()
PLANES, WORKERS = ("master1", "master2", "master3"), ("worker1", "worker2")
RULE = RenewalRule(timedelta(days=60))
ALL = RenewalRule(written_before=NOW)
SERVER = "/etc/kubernetes/pki/apiserver.crt"
ROTATES = "rotateCertificates: true\n"


def after(days: float, life: float = 365) -> Validity:
    return until(NOW + timedelta(days=days), days=life)


def view(
    name: str, cluster: Cluster = CLUSTER, *, renewed: float = 300, kubelet: float = 200, **changes: Any
) -> NodeView:
    """A node whose certificates end after so many days.

    + changes: of the view; ``held`` are certificates, ``rotates``, ``lacking`` and ``aside`` of what stands there
    """
    host = cluster.host(name)
    leads = "control_plane" in host.role
    held: dict[str, Validity | None] = {KUBELET_CLIENT: after(kubelet)}
    held |= {AUTHORITIES[0]: after(3000, 3650)}
    if leads:
        held |= {entry.path: after(renewed) for entry in RENEWABLE}
    held |= changes.pop("held", {})
    rotates = ROTATES if changes.pop("rotates", True) else "rotateCertificates: false\n"
    lacking, aside = changes.pop("lacking", ()), changes.pop("aside", ())
    made = view_of(cluster, host, **changes)
    standing = replace(made.standing, certificates=held, kubelet_config=rotates, lacking_keys=lacking, set_aside=aside)
    return replace(made, standing=standing)


def stands(cluster: Cluster = CLUSTER, **views: NodeView | None) -> ClusterSnapshot:
    known = {host.name: view(host.name, cluster) for host in cluster.nodes}
    return snapshot_of(cluster, **{name.replace("-", "_"): each for name, each in (known | views).items()})


def told(snapshot: ClusterSnapshot, rule: RenewalRule = RULE, versions: Mapping[str, str] | None = None) -> list[str]:
    return [f"{' '.join(step.hosts)}: {step.sentence}" for step in renewal_steps(snapshot, rule, NOW, versions or {})]


def out(name: str) -> list[str]:
    return [
        f"master-lb: {name} out of the balancer",
        f"{name}: {RENEWS}",
        f"master-lb: {name} back into the balancer",
    ]


def dead(name: str, **changes: Any) -> NodeView:
    """A control plane whose API server does not answer, since its certificates have ended."""
    return view(name, **{"renewed": -1, "ready": False, "nodes": (), **changes})


DEAD = {name: dead(name) for name in PLANES}


@pytest.mark.parametrize(
    ("days", "rule"), [(60, RenewalRule(timedelta(days=60))), (1, RenewalRule(timedelta(days=1))), (0, BEGUN)]
)
def test_the_settings_rule(days: int, rule: RenewalRule) -> None:
    assert rule_of(six_host_cluster(renew_certificates_within_days=days)) == rule


@pytest.mark.parametrize(
    ("rule", "held", "due"),
    [
        (RULE, after(59), True),
        (RULE, after(60), False),
        (RULE, after(10, life=30), False),  # a third of a short life
        (RULE, after(10, life=31), True),
        (RULE, after(-1), True),
        (RULE, after(0), True),
        (ENDED, after(1), False),
        (ENDED, after(-1), True),
        (ALL, after(300), True),  # nobody says when it was written
        (ALL, replace(after(300), written=NOW - timedelta(seconds=1)), True),
        (ALL, replace(after(300), written=NOW), False),
        (ALL, replace(after(-1), written=NOW), True),
    ],
)
def test_what_is_due(rule: RenewalRule, held: Validity, due: bool) -> None:
    assert rule.is_due(held, NOW) is due


def test_nothing_where_all_last() -> None:
    assert told(stands()) == []
    assert told(stands(), ENDED) == []


def test_control_planes_are_renewed_one_by_one_behind_the_balancer() -> None:
    snapshot = stands(**{name: view(name, renewed=50) for name in PLANES})
    assert told(snapshot) == [line for name in PLANES for line in out(name)]
    assert told(snapshot, ENDED) == []


def test_one_certificate_is_enough_and_others_wait() -> None:
    assert told(stands(master2=view("master2", held={SERVER: after(5)}))) == out("master2")


def test_all_on_demand_and_kubelets_that_renew_their_own_are_left_alone() -> None:
    assert told(stands(), ALL) == [line for name in PLANES for line in out(name)]


def test_one_at_which_a_run_was_cut_off_comes_first() -> None:
    cut = view("master3", aside=("certificates",), ready=False, nodes=())
    snapshot = stands(master1=view("master1", renewed=50), master3=cut)
    assert told(snapshot) == [*out("master3"), *out("master1")]
    assert silent_control_planes(snapshot, renewal_steps(snapshot, RULE, NOW, {})) == []


def test_one_that_is_out_comes_before_kubelets_elsewhere() -> None:
    cut = view("master3", aside=("certificates",), ready=False, nodes=())
    snapshot = stands(master1=view("master1", kubelet=-1), master3=cut)
    assert told(snapshot) == [*out("master3"), f"master1: {RENEWS_KUBELET}"]
    assert refused(snapshot) == []


@pytest.mark.parametrize("rule", [RULE, ENDED, BEGUN])
def test_what_was_begun_is_ended_whatever_the_settings_say(rule: RenewalRule) -> None:
    cut = view("master3", aside=("certificates",))
    unseen = view("worker1", aside=("kubelet-certificate",))
    snapshot = stands(master3=cut, worker1=unseen)
    assert told(snapshot, rule) == [*out("master3"), f"worker1: {RENEWS_KUBELET}"]
    nobody = {name: view(name, ready=False, nodes=(), aside=("certificates",)) for name in PLANES}
    assert told(stands(**nobody), rule) == [f"master1 master2 master3: {REVIVES}"]


def test_what_a_renewal_has_kept_is_not_what_is_put_back() -> None:
    nobody = {name: view(name, ready=False, nodes=(), aside=("certificates",)) for name in PLANES}
    both = view("master2", ready=False, nodes=(), aside=("etcd", "kubelet-certificate"))
    assert steps_without_leader(stands(**nobody)) == ()
    (step,) = steps_without_leader(stands(**{**nobody, "master2": both}))
    assert step.hosts == ("master2",)


def test_a_dead_cluster_comes_back_at_a_former_endpoint() -> None:
    old = {name: dead(name, api_server_url="https://10.9.9.9:6443") for name in PLANES}
    assert told(stands(**old)) == []
    snapshot = replace(stands(**old), former=("10.9.9.9:6443",))
    assert told(snapshot) == [f"master1 master2 master3: {REVIVES}"]
    assert refused(snapshot) == []


def test_nothing_that_ended_is_renewed_where_only_what_was_begun_is() -> None:
    ended = {name: view(name, kubelet=-1) for name in WORKERS}
    assert told(stands(master1=view("master1", renewed=5), **ended), BEGUN) == []
    assert told(stands(**DEAD, **ended), BEGUN) == []


def test_a_host_is_judged_by_its_own_clock() -> None:
    """It makes its certificates by it, and one that the operator's clock had ended for ever would be made for ever."""
    ahead = replace(view("master1", renewed=100), clock=NOW + timedelta(days=50))
    assert told(stands(master1=ahead)) == out("master1")
    behind = replace(view("master1", renewed=50, kubelet=-1), clock=NOW - timedelta(days=50))
    assert told(stands(master1=behind)) == []


def test_the_outage_is_told() -> None:
    (_, step, _) = renewal_steps(stands(master1=view("master1", renewed=5)), RULE, NOW, {})
    assert step.interrupts == "its API server and etcd member"


@pytest.mark.parametrize(
    ("changes", "is_due"),
    [
        ({"kubelet": 5}, False),  # it is the kubelet's own work
        ({"kubelet": -1}, True),
        ({"kubelet": 5, "rotates": False}, True),
        ({"kubelet": 300, "rotates": False}, False),
        ({"held": {KUBELET_CLIENT: None}}, True),
        ({"held": {KUBELET_CONF: after(-1)}}, True),  # what kubeadm 1.16 and older left in it
        ({"held": {KUBELET_CONF: after(1)}}, False),
    ],
)
def test_kubelets(changes: dict[str, Any], is_due: bool) -> None:
    assert told(stands(worker1=view("worker1", **changes))) == [f"worker1: {RENEWS_KUBELET}"] * is_due


def test_a_configuration_that_cannot_be_read_is_told_elsewhere() -> None:
    odd = view("worker1", kubelet=5)
    odd = replace(odd, standing=replace(odd.standing, kubelet_config="- a list"))
    assert told(stands(worker1=odd)) == []


def test_kubelets_of_control_planes_come_before_what_they_restart_and_workers_last_in_batches() -> None:
    cluster = six_host_cluster(workers_max_unavailable=2)
    views = {name: view(name, cluster, kubelet=-1) for name in WORKERS}
    snapshot = stands(cluster, master1=view("master1", cluster, kubelet=-1, renewed=5), **views)
    assert told(snapshot) == [f"master1: {RENEWS_KUBELET}", *out("master1"), f"worker1 worker2: {RENEWS_KUBELET}"]


def test_a_dead_cluster_comes_back_at_once_then_its_workers() -> None:
    snapshot = stands(**DEAD, worker1=view("worker1", kubelet=-1), worker2=view("worker2"))
    steps = renewal_steps(snapshot, RULE, NOW, {})
    assert told(snapshot) == [f"master1 master2 master3: {REVIVES}", f"worker1: {RENEWS_KUBELET}"]
    assert revives(steps)
    assert silent_control_planes(snapshot, steps) == []
    assert [*renewal_findings(snapshot, steps, NOW)] == []


@pytest.mark.parametrize(
    "one",
    [
        dead("master2", renewed=100, kubelet=-1),  # its kubelet does not start, and nothing that it runs
        dead("master2", renewed=100, aside=("certificates",)),
        dead("master2", renewed=100, held={SERVER: after(-1)}),
    ],
)
def test_what_keeps_a_control_plane_from_serving(one: NodeView) -> None:
    others = {name: view(name, ready=False, nodes=()) for name in ("master1", "master3")}
    snapshot = stands(**others, master2=one)
    assert told(snapshot) == [f"master2: {REVIVES}"]
    # The others serve as soon as etcd has its majority.
    assert refused(snapshot) == []


@pytest.mark.parametrize(
    ("away", "says_no"),
    [
        ({"master3": None}, False),
        ({"master3": dead("master3", api_server_url="https://10.9.9.9:6443")}, False),
        ({"master2": None, "master3": None}, True),
        ({"master2": None, "master3": dead("master3", api_server_url="https://10.9.9.9:6443")}, True),
    ],
)
def test_a_dead_cluster_comes_back_by_most_of_its_control_planes(
    away: dict[str, NodeView | None], says_no: bool
) -> None:
    snapshot = stands(**{**DEAD, **away})
    assert told(snapshot) == [f"{' '.join(name for name in PLANES if name not in away)}: {REVIVES}"]
    assert bool(refused(snapshot)) is says_no


def test_a_cluster_that_is_silent_for_another_reason_has_no_step() -> None:
    assert told(stands(**{name: view(name, ready=False, nodes=(), renewed=5) for name in PLANES})) == []


@pytest.mark.parametrize(
    "changes", [{"api_server_url": "https://10.9.9.9:6443"}, {"init_begun": True}, {"artifacts": ()}]
)
def test_what_is_not_proven_to_be_this_clusters_is_not_touched(changes: dict[str, Any]) -> None:
    snapshot = stands(**{**DEAD, "master3": dead("master3", **changes)})
    assert told(snapshot) == [f"master1 master2: {REVIVES}"]


def test_where_others_serve_the_dead_come_back_one_by_one_before_all_others() -> None:
    snapshot = stands(master1=view("master1", renewed=5), master2=dead("master2"), master3=dead("master3"))
    assert told(snapshot) == [f"master2: {REVIVES}", f"master3: {REVIVES}", *out("master1")]
    assert silent_control_planes(snapshot, renewal_steps(snapshot, RULE, NOW, {})) == []


def test_a_silent_one_whose_certificates_last_keeps_the_others_waiting() -> None:
    silent = view("master2", ready=False, nodes=())
    snapshot = stands(master1=view("master1", renewed=5), master2=silent)
    steps = renewal_steps(snapshot, RULE, NOW, {})
    (finding,) = renewal_findings(snapshot, steps, NOW)
    assert (finding.host, finding.found) == ("master2", "its API server does not answer")


@pytest.mark.parametrize("beside", [view("master2", ready=False, nodes=()), None])
def test_a_silent_one_keeps_neither_kubelets_nor_the_dead_waiting(beside: NodeView | None) -> None:
    snapshot = stands(master2=beside, worker1=view("worker1", kubelet=-1), master1=view("master1", kubelet=-1))
    assert told(snapshot) == [f"master1: {RENEWS_KUBELET}", f"worker1: {RENEWS_KUBELET}"]
    assert refused(snapshot) == []


def test_the_kubeadm_that_is_there_does_it() -> None:
    versions = {"master1": "1.29.15", "master2": "1.30.14", "master3": "1.29.15"}
    (step,) = renewal_steps(stands(**DEAD), RULE, NOW, versions)
    assert (step.work, step.version) == (Work.REVIVE, "1.29.15")
    assert {step.version for step in renewal_steps(stands(), ALL, NOW, {})} == {"1.30.14"}


# What is refused


def refused(snapshot: ClusterSnapshot, rule: RenewalRule = RULE) -> list[str]:
    return [str(found) for found in renewal_findings(snapshot, renewal_steps(snapshot, rule, NOW, {}), NOW)]


def test_an_external_ca_is_refused_with_the_way_out() -> None:
    key = "/etc/kubernetes/pki/etcd/ca.key"
    assert refused(stands(master1=view("master1", lacking=(key,)))) == []
    (said,) = refused(stands(master1=view("master1", renewed=5, lacking=(key,))))
    assert said == (
        f"master1: certificates end, and {key} is not there: an external CA; kubeadm signs with it; renew them with "
        "your CA, then restart etcd and the control plane; or put the key there; or set "
        "renew_certificates_within_days = 0"
    )


@pytest.mark.parametrize("dead_too", [False, True])
def test_a_ca_that_is_being_replaced_is_refused(dead_too: bool) -> None:
    """kubeadm signs with the first certificate in the file, and the key may be the other's."""
    views = {name: made for name, made in DEAD.items() if dead_too} or {"master1": view("master1", renewed=5)}
    mended = {
        name: replace(made, standing=replace(made.standing, bundles=(AUTHORITIES[0],))) for name, made in views.items()
    }
    found = refused(stands(**mended))
    assert len(found) == len(views)
    assert all(
        f"certificates end, and {AUTHORITIES[0]} holds more than one: a CA is being replaced; kubeadm would sign"
        in said
        for said in found
    )
    assert "renew_certificates_within_days = 0 until then" in found[0]
    lasting = view("master1")
    assert (
        refused(stands(master1=replace(lasting, standing=replace(lasting.standing, bundles=(AUTHORITIES[0],))))) == []
    )


def test_a_ca_that_has_ended_is_refused() -> None:
    ended = view("master1", renewed=5, held={AUTHORITIES[0]: after(-1, 3650)})
    (said,) = refused(stands(master1=ended))
    assert said.startswith(f"master1: {AUTHORITIES[0]} has ended on 2026-11-24; what it signs is not valid either; ")


@pytest.mark.parametrize(("aside", "count"), [((), 1), (("certificates",), 0)])
def test_what_holds_no_certificate_is_refused_but_where_a_cut_has_kept_one(aside: tuple[str, ...], count: int) -> None:
    broken = view("master1", renewed=5, held={SERVER: None}, aside=aside)
    found = refused(stands(master1=broken))
    assert len(found) == count
    assert all(said.startswith(f"master1: {SERVER} holds no certificate; a new one gets its names; ") for said in found)


def test_a_name_that_the_kubeadm_there_does_not_know_is_no_hindrance() -> None:
    old = view("master1", renewed=5, held={"/etc/kubernetes/super-admin.conf": None})
    snapshot = stands(master1=old)
    steps = renewal_steps(snapshot, RULE, NOW, {"master1": "1.28.15"})
    assert [*renewal_findings(snapshot, steps, NOW)] == []


def test_kubelets_need_a_control_plane_that_signs() -> None:
    lacking = {name: view(name, lacking=("/etc/kubernetes/pki/ca.key",)) for name in PLANES}
    due = view("worker1", kubelet=-1)
    (said,) = refused(stands(**lacking, worker1=due))
    assert said.startswith("worker1: no control plane has /etc/kubernetes/pki/ca.key of the CA that it trusts, and its")
    assert refused(stands(**{**lacking, "master3": view("master3")}, worker1=due)) == []


def test_an_upgrade_waits_for_what_has_ended() -> None:
    snapshot = stands(worker1=view("worker1", kubelet=-1))
    (finding,) = waiting_findings(renewal_steps(snapshot, ENDED, NOW, {}))
    assert (finding.host, finding.severity) == ("worker1", "error")
    assert finding.remedy == "run `pyinfra inventory.py k8s_ha.renew_certificates`, then this again"
