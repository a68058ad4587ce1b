"""Certificates renewed through pyinfra's command line: in which order, what is refused, and what a cut run has left."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from k8s_ha.catalog.certificates import RENEWABLE
from k8s_ha.cluster_state.change_steps import Work
from k8s_ha.cluster_state.renewals import ENDED
from k8s_ha.deploys import renewals
from k8s_ha.observations.certificates import Validity
from k8s_ha.observations.node import NodeView
from tests.support.example_cluster import six_host_cluster
from tests.support.fakes.run import DEPLOY, Fleet, Outcome
from tests.support.fakes.world import KUBELET, KUBERNETES, World
from tests.support.standing_cluster import snapshot_of, view_of
from tests.support.whole_cluster import assert_whole

RENEW = "k8s_ha.renew_certificates"
CONTROL_PLANES = ("master1", "master2", "master3")
WORKERS = ("worker1", "worker2")
ONE_BY_ONE = [f"{name} {what}" for name in CONTROL_PLANES for what in ("out", "renewed", "back")]
REVIVED = [*(f"{name} etcd" for name in CONTROL_PLANES), *(f"{name} renewed" for name in CONTROL_PLANES)]


def having(fleet: Fleet, days: float = 300, *, kubelets: float = 200, **of: float) -> Fleet:
    """Certificates end after so many days.

    + of: the kubelet's, by host
    """

    def change(world: World) -> None:
        for name in (*CONTROL_PLANES, *WORKERS):
            world.machines[name].kubelet_certificate = of.get(name, kubelets)
            if name in CONTROL_PLANES:
                world.machines[name].certificates = days

    fleet.edit(change)
    return fleet


def dead(fleet: Fleet) -> Fleet:
    """All have ended a day ago, hosts were booted since, and no kubelet runs."""

    def change(world: World) -> None:
        for name in (*CONTROL_PLANES, *WORKERS):
            machine = world.machines[name]
            machine.broken = name in CONTROL_PLANES
            machine.active = [unit for unit in machine.active if unit != KUBELET]

    having(fleet, -1, kubelets=-1).edit(change)
    return fleet


def has_copies(outcome: Outcome) -> bool:
    """Whether root has the new kubeconfig on every control plane."""
    machines = [outcome.world.machines[name] for name in CONTROL_PLANES]
    texts = [machine.files[f"{KUBERNETES}/admin.conf"] for machine in machines]
    return all("new" in text for text in texts) and texts == [m.files["/root/.kube/config"] for m in machines]


@pytest.mark.parametrize("deploy", [DEPLOY, RENEW])
def test_control_planes_are_renewed_one_by_one_and_a_second_run_finds_nothing(finished: Fleet, deploy: Any) -> None:
    fleet = having(finished, 50)
    outcome = fleet.run("-y", deploy=deploy)
    assert_whole(outcome)
    assert outcome.world.history == ONE_BY_ONE, outcome.output
    assert "Plan: 9 steps, one after the other:" in outcome.output
    assert has_copies(outcome)
    assert "of master1, new" in (fleet.folder / "kubeconfig/admin.conf").read_text(encoding="utf-8")
    again = fleet.run("-y", deploy=deploy)
    assert_whole(again)
    assert (again.world.history, again.changes) == ([], [])


def test_a_run_with_nothing_to_renew_costs_no_command(finished: Fleet) -> None:
    before = finished.run("-y")
    after = having(finished).run("-y")
    assert_whole(after)
    assert len(after.log) == len(before.log)
    assert after.changes == []
    assert "certificates  43; first to end: CAs " in after.output, after.output
    (report,) = after.reports
    assert len(report["certificates"]) == 43


def test_the_setting_says_when(finished: Fleet) -> None:
    assert having(finished, 50).set(renew_certificates_within_days=49).run("-y").world.history == []
    never = having(finished, 5).set(renew_certificates_within_days=0).run("-y")
    assert (never.world.history, never.changes) == ([], [])


def test_on_demand_all_are_renewed_that_were_not_just_written(finished: Fleet) -> None:
    fleet = having(finished)
    fleet.edit(lambda world: setattr(world.machines["master2"], "certificates", 365.0))
    outcome = fleet.run("-y", deploy=RENEW)
    assert_whole(outcome)
    assert outcome.world.history == [entry for entry in ONE_BY_ONE if "master2" not in entry]
    fleet.edit(lambda world: [setattr(world.machines[name], "certificates", 364.0) for name in CONTROL_PLANES])
    again = fleet.run("-y", f"since={datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", deploy=RENEW)
    assert_whole(again)
    assert again.world.history == ONE_BY_ONE


@pytest.mark.parametrize("deploy", [DEPLOY, RENEW])
def test_a_dry_run_shows_the_steps_and_changes_nothing(finished: Fleet, deploy: Any) -> None:
    outcome = having(finished, 50).run("--dry", deploy=deploy)
    assert outcome.exit_code == 0, outcome.output
    assert "Plan: 9 steps, one after the other:" in outcome.output
    assert "new certificates and kubeconfigs; etcd and control plane restarted" in outcome.sentences
    assert (outcome.changes, outcome.world.history) == ([], [])


@pytest.mark.parametrize("deploy", [DEPLOY, RENEW])
def test_a_dead_cluster_comes_back(finished: Fleet, deploy: Any) -> None:
    fleet = dead(finished)
    shown = fleet.run("--dry", deploy=deploy)
    assert shown.exit_code == 0, shown.output
    assert (shown.changes, shown.world.history) == ([], [])
    assert "No cluster was initialized" not in shown.sentences
    assert "was not joined" not in shown.sentences
    outcome = fleet.run("-y", deploy=deploy)
    assert_whole(outcome)
    # Hosts of one step act at once, in any order; no server comes before etcd's majority.
    first, second, third = (sorted(outcome.world.history[at : at + 3]) for at in (0, 3, 6))
    assert first == [f"{name} kubelet renewed" for name in CONTROL_PLANES]
    assert [*second, *third] == REVIVED
    assert outcome.world.history[9:] == [f"{name} kubelet renewed" for name in WORKERS]
    assert has_copies(outcome)
    (report,) = outcome.reports
    assert min(entry["expires"] for entry in report["certificates"]) > f"{datetime.now(UTC) + timedelta(days=300)}"
    again = fleet.run("-y", deploy=deploy)
    assert_whole(again)
    assert (again.world.history, again.changes) == ([], [])


FAILS: dict[str, Any] = {"success": False, "lines": []}


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("master-lb", "ERROR_LOG="),
        ("master1", "base64 -d | dd of=/run/k8s-ha/certificates."),
        ("master2", "NAME=renew-certificates\n"),
        ("master3", "NAME=renew-certificates\n"),
        ("worker1", "NAME=install-kubelet-certificate\n"),
        ("worker2", "base64 -d | dd of=/run/k8s-ha/kubelet-client."),
        ("master1", "NAME=await-worker1\n"),
    ],
)
@pytest.mark.parametrize("cut", [{}, {"acts": True}], ids=["failed", "cut"])
def test_a_step_that_fails_stops_all_that_follow_and_is_gone_on_with(
    finished: Fleet, host: str, text: str, cut: dict[str, Any]
) -> None:
    """Cut: what was asked for is done, and nobody hears of it."""
    fleet = having(finished, 5, worker1=-1, worker2=-1)
    scenario = fleet.scenario
    fleet.change(replace(scenario, answers=[(host, text, FAILS | cut)]))
    outcome = fleet.run("-y", deploy=RENEW)
    assert outcome.exit_code == 1, outcome.output
    assert "Traceback" not in outcome.output
    fleet.change(scenario)
    again = fleet.run("-y", deploy=RENEW)
    assert_whole(again)
    done = [entry for entry in (*outcome.world.history, *again.world.history) if entry.endswith("renewed")]
    wanted = [*(f"{name} renewed" for name in CONTROL_PLANES), *(f"{name} kubelet renewed" for name in WORKERS)]
    assert sorted(done) == sorted(wanted)
    assert has_copies(again)


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("master2", "NAME=install-kubelet-certificate\n"),
        ("master1", "NAME=renew-certificates\n"),
        ("worker1", "NAME=install-kubelet-certificate\n"),
    ],
)
@pytest.mark.parametrize("deploy", [DEPLOY, RENEW])
def test_a_dead_cluster_that_is_half_back_comes_back(finished: Fleet, deploy: Any, host: str, text: str) -> None:
    fleet = dead(finished)
    scenario = fleet.scenario
    fleet.change(replace(scenario, answers=[(host, text, FAILS)]))
    outcome = fleet.run("-y", deploy=deploy)
    assert outcome.exit_code == 1, outcome.output
    assert "Traceback" not in outcome.output
    fleet.change(scenario)
    again = fleet.run("-y", deploy=deploy)
    assert_whole(again)
    assert has_copies(again)


def test_another_control_plane_signs_where_one_does_not(finished: Fleet) -> None:
    fleet = having(finished, worker1=-1)
    fleet.edit(lambda world: setattr(world.machines["master1"], "lacking_keys", [f"{KUBERNETES}/pki/ca.key"]))
    answers = [("master2", "init phase kubeconfig kubelet --config ", FAILS)]
    fleet.change(replace(fleet.scenario, answers=answers))
    outcome = fleet.run("-y")
    assert_whole(outcome)
    assert outcome.world.history == ["worker1 kubelet renewed"]
    fleet.edit(lambda world: setattr(world.machines["worker1"], "kubelet_certificate", -1))
    fleet.change(replace(fleet.scenario, answers=[("master3", answers[0][1], FAILS), *answers]))
    refused = fleet.run("-y")
    assert refused.exit_code == 1
    assert "worker1: no control plane made a certificate for its kubelet" in refused.sentences


def test_a_kubelets_key_shows_nowhere(finished: Fleet) -> None:
    outcome = having(finished, worker1=-1).run("-y", "-vvv", deploy=RENEW)
    assert_whole(outcome)
    assert "worker1 kubelet renewed" in outcome.world.history
    assert "SECRET" not in outcome.output
    assert not any("SECRET" in step.command for step in outcome.log)


def test_clocks_that_differ_are_told_before_certificates_are_made_by_them(finished: Fleet) -> None:
    fleet = having(finished)
    fleet.edit(lambda world: setattr(world.machines["master3"], "ahead", 3600))
    outcome = fleet.run("-y", deploy=RENEW)
    assert outcome.exit_code == 1
    (report,) = outcome.reports
    (told,) = [entry for entry in report["findings"] if entry["severity"] == "error"]
    assert (told["host"], told["check"]) == ("@fake/master3", "clock")
    assert (outcome.changes, outcome.world.history) == ([], [])
    assert_whole(fleet.set(waive=["clock"]).run("-y", deploy=RENEW))


def external(world: World) -> None:
    for name in CONTROL_PLANES:
        world.machines[name].lacking_keys = [f"{KUBERNETES}/pki/ca.key"]


PARTS = [("--limit", "control_plane"), ("--serial",), ("--no-wait",)]


@pytest.mark.parametrize("flags", PARTS)
def test_a_part_of_the_steps_is_not_begun(finished: Fleet, flags: tuple[str, ...]) -> None:
    outcome = having(finished, 50).run("-y", *flags, deploy=RENEW)
    assert outcome.exit_code == 1
    assert f"run this without {flags[0]}" in outcome.sentences
    assert (outcome.changes, outcome.world.history) == ([], [])


@pytest.mark.parametrize("flags", PARTS)
def test_what_is_due_waits_while_a_run_has_a_part_of_the_hosts(finished: Fleet, flags: tuple[str, ...]) -> None:
    """It is due for two months, in which a host may want mending."""
    outcome = having(finished, 50).run("-y", *flags)
    assert outcome.exit_code == 0, outcome.output
    assert f"a run without {flags[0]} renews them" in outcome.sentences
    assert (outcome.changes, outcome.world.history) == ([], [])
    refused = dead(finished).run("-y", *flags)
    assert refused.exit_code == 1
    assert f"run this without {flags[0]}" in refused.sentences


@pytest.mark.parametrize("given", [{}, {"deploy": RENEW}], ids=["the deploy", "on demand"])
def test_members_of_etcd_that_come_back_wait_for_each_other(finished: Fleet, given: dict[str, str]) -> None:
    refused = dead(finished).run("-y", "--parallel", "2", **given)
    assert refused.exit_code == 1
    assert "run this without --parallel 2" in refused.sentences
    assert (refused.changes, refused.world.history) == ([], [])
    assert dead(finished).run("-y", "--parallel", "3", **given).exit_code == 0


def test_what_is_due_waits_while_a_run_has_a_silent_control_plane_to_mend(finished: Fleet) -> None:
    def away(world: World) -> None:
        world.machines["master2"].broken = True

    fleet = having(finished, 50, worker1=-1)
    fleet.edit(away)
    outcome = fleet.run("-y")
    (report,) = outcome.reports
    (told,) = [entry for entry in report["findings"] if entry["check"] == "certificates"]
    assert (told["host"], told["severity"]) == ("@fake/master1", "warning")
    assert told["found"] == "certificates there are due, and are not renewed in this run"
    assert told["wanted"].endswith("the API server of @fake/master2 does not answer")
    # A kubelet takes nobody out.
    assert outcome.world.history == ["worker1 kubelet renewed"]
    alone = fleet.run("-y", deploy=RENEW)
    assert alone.exit_code == 1
    assert "its API server does not answer" in alone.sentences
    assert (alone.changes, alone.world.history) == ([], [])


@pytest.mark.parametrize("deploy", [DEPLOY, RENEW])
def test_a_dead_cluster_comes_back_without_a_host_that_is_off(finished: Fleet, deploy: Any) -> None:
    fleet = dead(finished)
    fleet.change(replace(fleet.scenario, unreachable=["master3"]))
    outcome = fleet.run("-y", deploy=deploy)
    assert [entry for entry in outcome.world.history if "renewed" in entry and "kubelet" not in entry] == [
        "master1 renewed",
        "master2 renewed",
    ]
    assert outcome.world.history[-2:] == ["worker1 kubelet renewed", "worker2 kubelet renewed"], outcome.output


def test_a_kubelet_comes_first_also_where_only_what_was_begun_is_ended(finished: Fleet) -> None:
    """Else nothing that it runs is started anew."""
    fleet = dead(finished).set(renew_certificates_within_days=0)
    fleet.edit(lambda world: [world.machines[name].set_aside.append("certificates") for name in CONTROL_PLANES])
    outcome = fleet.run("-y")
    assert sorted(outcome.world.history[:3]) == [f"{name} kubelet renewed" for name in CONTROL_PLANES]
    assert sorted(outcome.world.history[3:]) == sorted(REVIVED)


def test_what_was_begun_on_demand_is_ended_where_the_settings_renew_nothing(finished: Fleet) -> None:
    fleet = having(finished).set(renew_certificates_within_days=0)
    fleet.edit(lambda world: world.machines["master2"].set_aside.append("certificates"))
    outcome = fleet.run("-y")
    assert_whole(outcome)
    assert outcome.world.history == ["master2 out", "master2 renewed", "master2 back"]


def test_one_answer_that_fails_is_no_dead_control_plane(monkeypatch: pytest.MonkeyPatch) -> None:
    """It serves, and leaves the balancer before its certificates are renewed."""
    cluster = six_host_cluster()
    now, paths = datetime.now(UTC), [entry.path for entry in RENEWABLE]

    def view(name: str, days: float) -> NodeView:
        made = view_of(cluster, cluster.host(name))
        ends = Validity(now - timedelta(days=365), now + timedelta(days=days))
        return replace(made, standing=replace(made.standing, certificates=dict.fromkeys(paths, ends)))

    ended = view("master2", -1)
    snapshot = snapshot_of(cluster, master1=view("master1", 300), master2=replace(ended, ready=False, nodes=()))
    asked: list[Any] = []
    run: Any = SimpleNamespace(surveys={})
    for second, work in ((snapshot.views["master2"], Work.REVIVE), (ended, Work.RENEW)):
        monkeypatch.setattr(renewals, "read_of_hosts", lambda *_, told=second, **__: {"master2": told})
        steps = renewals._steps(run, snapshot, ENDED)
        asked.append((work, [step.work for step in steps if step.work in (Work.REVIVE, Work.RENEW)]))
    assert [found for _, found in asked] == [[work] for work, _ in asked]


@pytest.mark.parametrize("deploy", [DEPLOY, RENEW])
def test_an_external_ca_is_refused_before_the_first_change(finished: Fleet, deploy: Any) -> None:
    fleet = having(finished, 50)
    fleet.edit(external)
    outcome = fleet.run("-y", deploy=deploy)
    assert outcome.exit_code == 1
    (report,) = outcome.reports
    found = {entry["found"] for entry in report["findings"] if entry["severity"] == "error"}
    assert found == {"certificates end, and /etc/kubernetes/pki/ca.key is not there: an external CA"}
    assert (outcome.changes, outcome.world.history) == ([], [])
    quiet = fleet.set(renew_certificates_within_days=0).run("-y")
    assert quiet.exit_code == 0, quiet.output


@pytest.mark.parametrize("flag", ["since=tomorrow", "since=2999-01-01T00:00:00Z", "since=2026-11-27T08:00:00"])
def test_a_moment_that_is_none_is_refused(finished: Fleet, flag: str) -> None:
    outcome = having(finished).run("-y", flag, deploy=RENEW)
    assert outcome.exit_code == 1
    assert "it must be a moment of the past" in outcome.sentences
    assert (outcome.changes, outcome.world.history) == ([], [])


def test_a_cluster_that_is_silent_for_another_reason_is_told_apart(finished: Fleet) -> None:
    fleet = having(finished)
    fleet.edit(lambda world: [setattr(world.machines[name], "broken", True) for name in CONTROL_PLANES])
    outcome = fleet.run("-y", deploy=RENEW)
    assert outcome.exit_code == 1
    assert "no API server answers, and no certificate has ended" in outcome.sentences
    assert outcome.changes == []


def test_an_upgrade_waits_for_what_has_ended_and_renews_what_ends(finished: Fleet) -> None:
    fleet = having(finished, 50, worker1=-1).set(kubernetes_version="1.30.15")
    refused = fleet.run("--dry")
    assert refused.exit_code == 1
    assert "certificates there must be renewed, and an upgrade is due" in refused.sentences
    mended = fleet.run("-y", deploy=RENEW)
    assert_whole(mended)
    assert "worker1 kubelet renewed" in mended.world.history
    going = fleet.run("--dry")
    assert going.exit_code == 0, going.output


def test_where_none_are_renewed_the_way_out_of_a_dead_cluster_is_told(finished: Fleet) -> None:
    outcome = dead(finished).set(renew_certificates_within_days=0).run("-y")
    assert outcome.exit_code == 1
    (report,) = outcome.reports
    told = [entry for entry in report["findings"] if entry["check"] == "certificates"]
    assert {entry["host"] for entry in told} == {f"@fake/{name}" for name in CONTROL_PLANES}
    assert {entry["remedy"] for entry in told} == {
        "run `pyinfra inventory.py k8s_ha.renew_certificates`, then this again"
    }
    assert (outcome.changes, outcome.world.history) == ([], [])
    assert_whole(finished.run("-y", deploy=RENEW))


def test_beside_others_the_way_out_of_a_dead_one_keeps_no_run_from_its_work(finished: Fleet) -> None:
    def ended(world: World) -> None:
        world.machines["master2"].broken, world.machines["master2"].certificates = True, -1

    fleet = having(finished).set(renew_certificates_within_days=0)
    fleet.edit(ended)
    outcome = fleet.run("-y")
    (report,) = outcome.reports
    told = [(entry["host"], entry["severity"]) for entry in report["findings"] if entry["check"] == "certificates"]
    assert told == [("@fake/master2", "warning")]
    assert "nothing was changed" not in outcome.sentences


def test_other_settings_wait_while_a_cluster_comes_back(finished: Fleet) -> None:
    fleet = dead(finished).set(cert_extra_sans=["api.example"])
    outcome = fleet.run("-y")
    assert_whole(outcome)
    assert "master1 ClusterConfiguration" not in outcome.world.history
    # The next one carries them out.
    assert "change kubeadm-config: apiServer.certSANs" in fleet.run("--dry").sentences


def test_one_that_is_dead_beside_others_comes_back_before_all_else(finished: Fleet) -> None:
    """Its silence would keep every other change from beginning."""

    def ended(world: World) -> None:
        world.machines["master2"].broken, world.machines["master2"].certificates = True, -1

    fleet = having(finished).set(cert_extra_sans=["api.example"])
    fleet.edit(ended)
    outcome = fleet.run("-y")
    assert_whole(outcome)
    assert outcome.world.history == ["master2 etcd", "master2 renewed"]
    assert "change kubeadm-config: apiServer.certSANs" in fleet.run("--dry").sentences


def test_what_is_left_out_of_the_balancer_comes_back(finished: Fleet) -> None:
    fleet = having(finished, 5)
    scenario = fleet.scenario
    fleet.change(replace(scenario, answers=[("master2", "NAME=renew-certificates\n", FAILS | {"acts": True})]))
    assert fleet.run("-y").exit_code == 1
    fleet.change(scenario)
    assert_whole(fleet.run("-y"))
