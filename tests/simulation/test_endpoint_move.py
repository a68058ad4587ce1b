"""The endpoint of a standing cluster moves, through pyinfra's command line: its order, and what a cut run has left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.observations.host_status import PROXY_CONFIG
from tests.support.endpoint_forms import (
    BOTH,
    FORMER,
    FORMS,
    NEW,
    NODES,
    PLANES,
    VIRTUAL,
    Form,
    assert_moved,
    behind_an_external_one,
    servers,
    wanting,
)
from tests.support.fakes.run import VERIFY, Fleet, Outcome
from tests.support.fakes.scenario import ADDRESSES, SETTINGS
from tests.support.fakes.world import KUBERNETES, VIRGIN_FILES, Machine, World
from tests.support.whole_cluster import assert_whole

AROUND = [f"{name} {what}" for name in PLANES for what in ("out", "certificate", "back")]
MOVED = [
    *("master1 ClusterConfiguration", "master1 cluster-info"),
    *(f"{name} kubeconfigs" for name in NODES),
    *("master1 KubeProxyConfiguration", "master1 kube-proxy", "master1 KubeProxyConfiguration"),
]
FORGOTTEN = "master1 ClusterConfiguration"
NAMES = "master1 ClusterConfiguration"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_from_one_form_to_another_and_a_second_run_finds_nothing(finished: Fleet, form: Form) -> None:
    outcome = wanting(finished, form).run("-y")
    assert_moved(outcome, form[3])
    names = [] if "port" in str(form[2]) else [NAMES, *AROUND]
    assert outcome.world.history == [*names, *MOVED, FORGOTTEN]
    assert f"The endpoint is {form[3]}. Nothing of the cluster names {FORMER} any more" in outcome.sentences
    assert "the API servers' certificates keep that name" in outcome.sentences
    is_gone = "master-lb" not in form[0]
    assert (f"What listens at {FORMER} was left running, and may be stopped" in outcome.sentences) is is_gone
    again = finished.run("-y")
    assert_whole(again)
    assert (again.world.history, again.changes) == ([], [])


def test_a_virtual_address_that_is_left_is_given_up(finished: Fleet) -> None:
    fleet = wanting(finished, FORMS["an address that moves between two"])
    assert keepers(fleet.run("-y")) == ["master-lb", "lb2"]
    survey = {name: {"installed": "keepalived 2.1.5-9.el8"} for name in ("master-lb", "lb2")}
    fleet.change(replace(fleet.scenario, settings=SETTINGS | {"control_plane_endpoint": FORMER}, survey=survey))
    outcome = fleet.run("-y")
    assert_moved(outcome, FORMER)
    assert keepers(outcome) == []
    again = fleet.run("-y")
    assert (again.world.history, again.changes) == ([], [])


def test_what_proves_the_new_endpoint_comes_before_the_first_change_of_the_cluster(finished: Fleet) -> None:
    outcome = wanting(finished, BOTH).run("-y")
    proofs = outcome.steps("endpoint proof")
    assert {step.host for step in proofs} == {*NODES}
    assert max(step.ended for step in proofs) < min(step.begun for step in outcome.steps("configuration"))


def test_a_dry_run_shows_the_steps_and_changes_nothing(finished: Fleet) -> None:
    outcome = wanting(finished, BOTH).run("--dry")
    assert outcome.exit_code == 0, outcome.output
    assert "Plan: 19 steps, one after the other:" in outcome.output
    for sentence in (
        f"prove that {NEW} leads to this cluster",
        f"kubeadm-config and cluster-info name {NEW}",
        f"kubeconfigs name {NEW}, and restarts of who reads them",
        f"kube-proxy asks {NEW}; restart its pods",
        f"forget {FORMER}; the certificates keep that name",
    ):
        assert sentence in outcome.sentences
    assert (outcome.changes, outcome.world.history) == ([], [])
    assert [step["sentence"] for step in outcome.reports[0]["steps"]][:1] == [f"prove that {NEW} leads to this cluster"]


CUTS: dict[str, tuple[str, str, list[str]]] = {
    "its names in kubeadm-config": ("master1", "replace -f -", [NAMES, *AROUND, *MOVED, FORGOTTEN]),
    "a certificate": ("master2", "issue-serving-certificate", [NAMES, *AROUND[3:], *MOVED, FORGOTTEN]),
    "cluster-info": ("master1", "get configmap cluster-info", [*MOVED[1:], FORGOTTEN]),
    "the kubeconfigs of a control plane": ("master2", "NAME=move-kubeconfigs", [*MOVED[3:], FORGOTTEN]),
    "the kubeconfigs of a worker": ("worker2", "NAME=move-kubeconfigs", [*MOVED[6:], FORGOTTEN]),
    "kube-proxy": ("master1", "NAME=roll-kube-proxy", [*MOVED[7:], FORGOTTEN]),
}


@pytest.mark.parametrize("acts", [False, True], ids=["failed", "done, and not told"])
@pytest.mark.parametrize(("host", "command", "rest"), CUTS.values(), ids=CUTS)
def test_a_run_that_was_cut_off_is_gone_on_with(
    finished: Fleet, host: str, command: str, rest: list[str], acts: bool
) -> None:
    fleet = wanting(finished, BOTH)
    scenario = fleet.scenario
    fleet.change(replace(scenario, answers=[(host, command, {"success": False, "acts": acts})]))
    first = fleet.run("-y")
    assert first.exit_code == 1
    assert "Traceback" not in first.output
    # Whoever was moved is Ready, and whoever was not is, too: both endpoints are there.
    assert servers(first.world) <= {f"https://{FORMER}", f"https://{NEW}"}
    fleet.change(scenario)
    outcome = fleet.run("-y")
    assert_moved(outcome, NEW)
    if not acts:
        assert outcome.world.history[-len(rest) :] == rest
    again = fleet.run("-y")
    assert (again.world.history, again.changes) == ([], [])


def test_turned_back_half_way(finished: Fleet) -> None:
    fleet = wanting(finished, BOTH)
    fleet.change(replace(fleet.scenario, answers=[("master2", "NAME=move-kubeconfigs", {"success": False})]))
    assert fleet.run("-y").exit_code == 1
    fleet.change(replace(fleet.scenario, answers=[], settings=SETTINGS | {"control_plane_endpoint": FORMER}))
    outcome = fleet.run("-y")
    assert_moved(outcome, FORMER)
    # master2 had not been moved.
    assert [line for line in outcome.world.history if "kubeconfigs" in line] == ["master1 kubeconfigs"]


def listens(outcome: Outcome) -> list[str]:
    text = outcome.world.machines["master-lb"].files[PROXY_CONFIG]
    return [line.split()[1].rstrip(";") for line in text.splitlines() if line.strip().startswith("listen ")]


def test_both_ports_are_passed_on_until_nobody_names_the_former_one(finished: Fleet) -> None:
    fleet = wanting(finished, FORMS["another port"])
    scenario = fleet.scenario
    fleet.change(replace(scenario, answers=[("worker2", "NAME=move-kubeconfigs", {"success": False})]))
    cut = fleet.run("-y")
    assert (cut.exit_code, listens(cut)) == (1, ["8443", "6443"])
    fleet.change(scenario)
    outcome = fleet.run("-y")
    assert_moved(outcome, "10.0.1.157:8443")
    assert listens(outcome) == ["8443"]


def known(outcome: Outcome, name: str) -> bool:
    return all(f" {name}\n" in machine.files["/etc/hosts"] for machine in outcome.world.machines.values())


def test_a_former_name_is_known_until_nobody_has_it(finished: Fleet) -> None:
    form = FORMS["a name in front"]
    assert known(wanting(finished, form).run("-y"), "api.k8s.example")
    fleet = wanting(finished, (ADDRESSES, ["master-lb"], {"endpoint_name": "k8s.example"}, ""))
    scenario = fleet.scenario
    fleet.change(replace(scenario, answers=[("worker2", "NAME=move-kubeconfigs", {"success": False})]))
    cut = fleet.run("-y")
    assert (known(cut, "api.k8s.example"), known(cut, "k8s.example")) == (True, True)
    fleet.change(scenario)
    outcome = fleet.run("-y")
    assert_moved(outcome, "k8s.example:6443")
    assert not known(outcome, "api.k8s.example")
    assert fleet.run("-y").changes == []


def keepers(outcome: Outcome) -> list[str]:
    return [name for name, machine in outcome.world.machines.items() if "keepalived.service" in machine.active]


def test_an_address_that_moved_stays_until_nobody_names_it(finished: Fleet) -> None:
    """One of its balancers is an admin host, too, and is nothing else afterwards."""
    addresses = {**ADDRESSES, "lb2": "10.0.1.158", "desk": "10.0.1.159"}

    def wanted(balancers: list[str], settings: dict[str, Any]) -> Fleet:
        wanting(finished, (addresses, balancers, settings, ""))
        finished.change(replace(finished.scenario, groups={**finished.scenario.groups, "admins": ["desk"]}))
        return finished

    finished.edit(
        lambda world: world.machines.update(desk=Machine("desk", addresses["desk"], files=dict(VIRGIN_FILES)))
    )
    assert_moved(wanted(["desk", "lb2"], {"endpoint": {"virtual_address": VIRTUAL}}).run("-y"), f"{VIRTUAL}:6443")
    fleet = wanted(["lb2"], {})
    scenario = replace(fleet.scenario, survey={"desk": {"installed": "keepalived 2.1.5-9.el8"}})
    fleet.change(replace(scenario, answers=[("worker1", "NAME=move-kubeconfigs", {"success": False})]))
    assert "desk" in keepers(fleet.run("-y"))
    fleet.change(scenario)
    outcome = fleet.run("-y")
    assert_moved(outcome, NEW)
    assert "desk" not in keepers(outcome)
    assert fleet.run("-y").changes == []


def test_to_somebody_elses_balancer_and_back(finished: Fleet) -> None:
    fleet = behind_an_external_one(finished)
    outcome = fleet.run("-y")
    assert_moved(outcome, "lb.example:6443")
    away = "your balancer leaves it out by its own checks; the former balancer leaves it out by its own checks"
    interrupts = {step["interrupts"] for step in outcome.reports[0]["steps"] if step["kind"] == "certificate"}
    assert interrupts == {f"its API server; {away}"}
    assert [line for line in outcome.world.history if line.endswith((" out", " back"))] == []
    assert fleet.run("-y").changes == []
    fleet.change(replace(fleet.scenario, preflight={}))
    back = wanting(fleet, (ADDRESSES, ["master-lb"], {}, "")).run("-y")
    assert_moved(back, FORMER)
    assert "What listens at lb.example:6443 was left running" in back.sentences


def test_a_kubeconfig_of_another_cluster_is_left_alone_and_named(finished: Fleet) -> None:
    text = f"# other\n    server: https://{FORMER}\n"
    finished.edit(lambda world: world.machines["worker1"].files.update({"/root/.kube/config": text}))
    outcome = wanting(finished, BOTH).run("-y")
    assert_whole(outcome)
    assert outcome.world.machines["worker1"].files["/root/.kube/config"] == text
    assert "a kubeconfig of another cluster is left alone" in outcome.sentences


def test_an_admin_hosts_kubeconfig_moves_behind_the_nodes(finished: Fleet) -> None:
    addresses = {**ADDRESSES, "lb2": "10.0.1.158", "desk": "10.0.9.1"}
    own = f"    server: https://{FORMER}\n"

    def known(world: World) -> None:
        world.machines["desk"] = Machine("desk", "10.0.9.1", files={**VIRGIN_FILES, "/root/.kube/config": own})
        world.machines["desk"].files[f"{KUBERNETES}/pki/ca.crt"] = ""

    finished.edit(known)
    wanting(finished, (addresses, *BOTH[1:]))
    finished.change(replace(finished.scenario, groups={**finished.scenario.groups, "admins": ["desk"]}))
    outcome = finished.run("-y")
    assert_moved(outcome, NEW)
    history = outcome.world.history
    assert (
        history.index("worker2 kubeconfigs") < history.index("desk kubeconfigs") < history.index("master1 kube-proxy")
    )
    assert servers(outcome.world, "desk") == {f"https://{NEW}"}


def test_verify_names_what_still_names_the_former_endpoint(finished: Fleet) -> None:
    text = f"    server: https://{FORMER}\n"
    wanting(finished, BOTH).run("-y")
    finished.edit(lambda world: world.machines["worker1"].write(f"{KUBERNETES}/kubelet.conf", text))
    outcome = finished.run(deploy=VERIFY)
    assert outcome.exit_code == 1
    assert f"its {KUBERNETES}/kubelet.conf names https://{FORMER}" in outcome.sentences


def test_the_former_balancer_may_be_dead(finished: Fleet) -> None:
    finished.edit(lambda world: world.machines["master-lb"].active.remove("nginx.service"))
    outcome = wanting(finished, FORMS["another balancer in the place of the former one"]).run("-y")
    assert_moved(outcome, NEW)
