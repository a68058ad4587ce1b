"""Upgrades of a standing cluster, through the command line: what each node goes through, and in which order."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from k8s_ha.catalog.compatibility import LINES
from tests.support.fakes.run import JOINS, Fleet, Outcome
from tests.support.fakes.scenario import ADDRESSES, GROUPS, SETTINGS, Scenario
from tests.support.fakes.upgrades import marked_down
from tests.support.fakes.world import World
from tests.support.finding_rows import rows, squeezed

OLD, NEW = "1.30.9", "1.30.14"
CONTROL_PLANES, WORKERS = GROUPS["control_plane"], GROUPS["workers"]
FAILS = {"success": False, "lines": ["it went wrong"]}
CUT_OFF = {"success": False, "lines": ["the operator has gone"], "acts": True}


def settings(version: str, **more: Any) -> dict[str, Any]:
    return {**SETTINGS, "kubernetes_version": version, **more}


@pytest.fixture(scope="module")
def old_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    fleet = Fleet(tmp_path_factory.mktemp("old"), Scenario(settings=settings(OLD)))
    assert fleet.run().exit_code == 0
    return fleet.folder


@pytest.fixture
def old(old_folder: Path, tmp_path: Path) -> Fleet:
    """A cluster that stands at the old version, and whose settings want the new one."""
    shutil.copytree(old_folder, tmp_path, dirs_exist_ok=True)
    return Fleet(tmp_path, Scenario(settings=settings(NEW)))


def changing(outcome: Outcome) -> list[str]:
    return [step.step for step in outcome.log if step.changes]


def assert_upgraded(outcome: Outcome, version: str = NEW) -> None:
    """A run after which every part is of the version, and no node or balancer is left out."""
    assert outcome.exit_code == 0, outcome.output
    assert_whole(outcome.world, version)
    assert not outcome.steps("unknown"), "the simulation does not know this command"


def assert_whole(world: World, version: str) -> None:
    nodes = [machine for machine in world.machines.values() if machine.hostname in world.nodes]
    assert {machine.kubelet for machine in nodes} == {version}
    assert {machine.static_pods for machine in nodes if world.nodes[machine.hostname]} == {version}
    assert {machine.version_of(name) for machine in nodes for name in ("kubeadm", "kubectl")} == {version}
    assert world.version == version
    assert world.cordoned == {}
    assert marked_down(world) == []


def assert_refused(outcome: Outcome, *sentences: str) -> None:
    assert outcome.exit_code == 1
    assert [sentence for sentence in sentences if sentence not in outcome.sentences] == []
    assert changing(outcome) == []
    assert "Traceback" not in outcome.output


def control_plane_moved(name: str, version: str) -> list[str]:
    work = "apply" if name == "master1" else "node"
    return [f"{name} out", f"{name} {work} {version}", f"{name} back"]


def kubelet_moved(name: str, version: str) -> list[str]:
    configured = [f"{name} configured {version}"] if name in WORKERS else []
    return [*configured, f"{name} cordoned", f"{name} kubelet {version}", f"{name} uncordoned"]


def patched(standing: str, version: str) -> list[str]:
    """What a patch release does, in its order."""
    moved = [entry for name in CONTROL_PLANES for entry in control_plane_moved(name, version)]
    kubelets = [entry for name in (*CONTROL_PLANES, *WORKERS) for entry in kubelet_moved(name, version)]
    return [f"master1 snapshot {standing}", *moved, *kubelets]


def hop(standing: str, version: str) -> list[str]:
    """What a minor does: a control plane is out of the balancer for its kubelet, too."""
    moved = [entry for name in CONTROL_PLANES for entry in control_plane_moved(name, version)]
    kubelets = [
        entry for name in CONTROL_PLANES for entry in (f"{name} out", *kubelet_moved(name, version), f"{name} back")
    ]
    workers = [entry for name in WORKERS for entry in kubelet_moved(name, version)]
    return [f"master1 snapshot {standing}", *moved, *kubelets, *workers]


def test_a_dry_run_shows_the_steps_and_changes_nothing(old: Fleet) -> None:
    outcome = old.run("--dry")
    assert outcome.exit_code == 0, outcome.output
    assert changing(outcome) == []
    assert outcome.world.history == []
    rows = [" ".join(line.split()) for line in outcome.output.splitlines() if "at most" in line]
    assert [row.partition(" ")[0] for row in rows] == [str(number) for number in range(1, 17)]
    assert rows[3] == ("4 @fake/master1 kubeadm upgrade apply v1.30.14 its API server and etcd member at most 20 min")
    assert "Plan: 16 steps, one after the other:" in outcome.output


def test_a_patch_release_and_a_second_run(old: Fleet) -> None:
    outcome = old.run()
    assert_upgraded(outcome)
    assert outcome.world.history == patched(OLD, NEW)
    fetches = outcome.steps("fetch")
    assert {step.host for step in fetches} == {*CONTROL_PLANES, *WORKERS}
    (snapshot,) = outcome.steps("snapshot")
    assert all(fetch.ended < snapshot.begun for fetch in fetches)
    assert "step 16 of 16, @fake/worker2: drain, kubelet 1.30.14, uncordon; left: " in outcome.output

    again = old.run()
    assert_upgraded(again)
    assert changing(again) == []


def test_several_minors_in_one_run(finished: Fleet) -> None:
    finished.change(Scenario(settings=settings("1.32.13", accepted_risks=["SystemVerification"])))
    outcome = finished.run()
    assert_upgraded(outcome, "1.32.13")
    assert outcome.world.history == hop("1.30.14", "1.31.14") + hop("1.31.14", "1.32.13")


def troubled(fleet: Fleet, host: str, text: str, answer: dict[str, Any]) -> Outcome:
    """A run in which one command does not go well."""
    scenario = fleet.scenario
    fleet.change(replace(scenario, answers=[(host, text, answer)]))
    outcome = fleet.run()
    fleet.change(scenario)
    return outcome


def test_a_containerd_of_another_major_comes_while_the_kubelet_is_stopped(tmp_path: Path) -> None:
    risks = {"accepted_risks": ["SystemVerification", "cgroup-v1"]}
    fleet = Fleet(tmp_path, Scenario(settings=settings("1.35.9", **risks)))
    assert fleet.run().exit_code == 0
    fleet.change(Scenario(settings=settings("1.36.4", **risks)))
    # The API server of a control plane goes with its pods, and comes back with its kubelet, in the next run.
    outcome = troubled(fleet, "master2", "crictl rmp", CUT_OFF)
    assert outcome.exit_code == 1
    assert outcome.world.history[-2:] == ["master2 cordoned", "master2 sandboxes"]
    assert "@fake/master2 was left out of the balancer: its API server does not answer" in outcome.sentences
    again = fleet.run()
    assert_upgraded(again, "1.36.4")
    nodes = [*CONTROL_PLANES, *WORKERS]
    assert {entry for entry in again.world.history if "sandboxes" in entry} == {
        f"{name} sandboxes" for name in nodes[1:]
    }
    assert {again.world.machines[name].packages["containerd.io"][0] for name in nodes} == {"2"}


def test_after_a_control_plane_that_fails_nothing_is_begun(old: Fleet) -> None:
    outcome = troubled(old, "master2", "NAME=kubeadm-upgrade\n", FAILS)
    assert outcome.exit_code == 1
    done = [f"master1 snapshot {OLD}", *control_plane_moved("master1", NEW), "master2 out", "master2 back"]
    assert outcome.world.history == done
    assert (
        "@fake/master-lb: '@fake/master3 out of the balancer' was not begun: a step before it failed on "
        "@fake/master2; see the error above, then run this again: it goes on there." in outcome.sentences
    )
    assert "Traceback" not in outcome.output
    (report,) = outcome.reports
    assert [step["seconds"] is None for step in report["steps"]] == [False] * 6 + [True, False] + [True] * 8

    again = old.run()
    assert_upgraded(again)
    assert again.world.history == [f"master1 snapshot {NEW}", *patched(OLD, NEW)[4:]]


def test_after_a_drain_that_fails_nothing_is_begun(old: Fleet) -> None:
    refused = "@fake/worker1: not drained: PodDisruptionBudget default/web allows no eviction, then run this again."
    outcome = troubled(old, "master1", "NAME=drain-worker1\n", {"success": False, "lines": [refused]})
    assert outcome.exit_code == 1
    assert outcome.world.history == [*patched(OLD, NEW)[:19], f"worker1 configured {NEW}"]
    assert refused in outcome.sentences
    assert "@fake/worker2: 'drain, kubelet 1.30.14, uncordon' was not begun: a step before it failed" in (
        outcome.sentences
    )

    again = old.run()
    assert_upgraded(again)
    assert again.world.history == [entry for name in WORKERS for entry in kubelet_moved(name, NEW)]


def test_a_control_plane_that_does_not_serve_stays_out_of_the_balancer_and_the_next_run_mends_it(old: Fleet) -> None:
    outcome = troubled(old, "master1", "NAME=kubeadm-upgrade\n", {**FAILS, "breaks": True})
    assert outcome.exit_code == 1
    assert outcome.world.history == [f"master1 snapshot {OLD}", "master1 out"]
    assert "@fake/master1 was left out of the balancer: its API server does not answer" in outcome.sentences
    again = old.run()
    assert_upgraded(again)
    assert again.world.history[:3] == [f"master2 snapshot {OLD}", "master1 apply 1.30.14", "master1 back"]


CHANGING = {
    "a fetch": ("worker2", "NAME=fetch-version\n", FAILS),
    "behind the snapshot": ("master1", "NAME=etcd-snapshot\n", CUT_OFF),
    "out of the balancer": ("master-lb", "ERROR_LOG=", FAILS),
    "behind out of the balancer": ("master-lb", "ERROR_LOG=", CUT_OFF),
    "repositories": ("master1", "/etc/yum.repos.d/k8s-ha.repo", FAILS),
    "behind kubeadm's package": ("master3", "NAME=install-kubeadm\n", CUT_OFF),
    "behind apply": ("master1", "NAME=kubeadm-upgrade\n", CUT_OFF),
    "node": ("master3", "NAME=kubeadm-upgrade\n", FAILS),
    "behind a worker's configuration": ("worker1", "NAME=kubeadm-upgrade\n", CUT_OFF),
    "behind a drain": ("master1", "NAME=drain-master1\n", CUT_OFF),
    "kubelet's package": ("worker2", "NAME=install-kubernetes\n", FAILS),
    "behind kubelet's package": ("master2", "NAME=install-kubernetes\n", CUT_OFF),
    "behind a kubelet": ("worker1", "systemctl restart kubelet", CUT_OFF),
    "a wait": ("master1", "NAME=await-worker2\n", FAILS),
    "uncordon": ("master1", "NAME=uncordon-master3\n", FAILS),
    "behind uncordon": ("master1", "NAME=uncordon-worker1\n", CUT_OFF),
}
"""A command on a host, and how a run ends there: it fails, or the operator is gone when it is done."""


@pytest.mark.parametrize(("host", "text", "answer"), CHANGING.values(), ids=CHANGING)
def test_wherever_a_run_ends_the_next_one_goes_on(old: Fleet, host: str, text: str, answer: dict[str, Any]) -> None:
    outcome = troubled(old, host, text, answer)
    assert outcome.exit_code == 1, outcome.output
    assert [step for step in outcome.log if not step.succeeded and text in step.command] != []
    again = old.run()
    assert_upgraded(again)
    assert_nothing_twice([*outcome.world.history, *again.world.history])


def assert_nothing_twice(history: Sequence[str]) -> None:
    """No node is upgraded twice, and none is cordoned again after it came back at the version."""
    done = [entry for entry in history if re.search(r" (apply|node|kubelet) ", entry)]
    assert len(done) == len(set(done)), done


def test_an_image_that_no_registry_has_is_refused(old: Fleet) -> None:
    answer = {"lines": ["image 0 200", "image 1 404", "image 2 200", "image 3 404", "image 4 200"]}
    old.change(replace(old.scenario, answers=[("master1", "accepted='header ", answer)]))
    outcome = old.run()
    assert_refused(outcome, "choose another image_repository, or wait until it has them")
    (found,) = [row.found for row in rows(outcome.output) if row.severity == "error"]
    images = [f"registry.k8s.io/{name}:v{NEW}" for name in ("kube-apiserver", "kube-scheduler")]
    assert squeezed(found) == squeezed(f"no registry has {', '.join(images)}")


@pytest.mark.parametrize("version", ["1.34.1", "1.30.9"], ids=["a faulty patch", "an older one"])
def test_without_a_way_to_the_version_nothing_is_waived(finished: Fleet, version: str) -> None:
    """There would be no step, and the phases behind would act at a version that no node has."""
    given = settings(version, accepted_risks=["SystemVerification"], waive=["upgrade"])
    finished.change(Scenario(settings=given))
    outcome = finished.run()
    assert_refused(outcome)
    assert "waive a check with waive = ['upgrade']" not in outcome.sentences
    finished.change(Scenario(settings={**given, "waive": ["version"]}))
    assert finished.run().exit_code == 1


OF_1_36 = "its repository has no containerd.io 2.*"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["runtime containerd.io 1.7.29", "read runtime"], OF_1_36),
        (["read runtime"], OF_1_36),
        (["unread runtime (22) 404"], "cannot read which container runtime its repository has ((22) 404)"),
    ],
)
def test_a_runtime_of_a_later_hop_that_a_mirror_lacks_is_refused(
    finished: Fleet, lines: list[str], sentence: str
) -> None:
    versions = [f"version {minor} 1.{minor}.{LINES[minor].patch}" for minor in range(30, 37)]
    versions += [f"read {minor}" for minor in range(30, 37)]
    accepted = ["SystemVerification", "cgroup-v1"]
    wanted = f"1.36.{LINES[36].patch}"
    answers = [("worker1", 'repodata/repomd.xml" 30', {"lines": [*versions, *lines]})]
    survey = {"worker1": {"installed": "containerd.io 1.7.29-3.1.el8"}}
    finished.change(Scenario(settings=settings(wanted, accepted_risks=accepted), answers=answers, survey=survey))
    outcome = finished.run()
    assert_refused(outcome)
    found = [squeezed(row.found) for row in rows(outcome.output) if row.severity == "error"]
    assert found == [squeezed(sentence)]


def test_a_runtime_that_is_newer_than_a_hops_is_refused(finished: Fleet) -> None:
    finished.edit(lambda world: world.machines["worker1"].packages.update({"containerd.io": "3.1-1.el8"}))
    finished.change(Scenario(settings=settings("1.31.14")))
    outcome = finished.run()
    assert_refused(outcome)
    (row,) = [row for row in rows(outcome.output) if row.severity == "error"]
    assert squeezed(row.found) == squeezed("has containerd.io 3.1-1.el8 installed")


def test_a_flag_in_a_drop_in_that_the_target_has_not_is_refused(finished: Fleet) -> None:
    file = "/etc/systemd/system/kubelet.service.d/20-extra.conf"
    line = f'kubelet {file} Environment="KUBELET_EXTRA_ARGS=--iptables-drop-bit=15 --feature-gates=JobReadyPods=true"'
    answers = [("worker1", "etcd_size ", {"lines": [line]})]
    finished.change(Scenario(settings=settings("1.31.14"), answers=answers))
    outcome = finished.run()
    assert_refused(outcome)
    found = {squeezed(row.found) for row in rows(outcome.output) if row.severity == "error"}
    gives, sets = "gives kubelet the flag --iptables-drop-bit", "sets the feature gate JobReadyPods"
    assert found == {squeezed(f"{file} {gives}"), squeezed(f"{file} {sets}")}


def test_what_only_stands_on_nodes_is_refused(old: Fleet) -> None:
    """kubeadm generates manifests by what the cluster keeps, and would lose it in silence."""
    flags = {"etcd": ["--quota-backend-bytes=8589934592"], "kube-apiserver": ["--oidc-issuer-url=https://x"]}
    old.edit(lambda world: world.own_flags.update(flags))
    for flag in ("--dry", "-y"):
        outcome = old.run(flag)
        assert_refused(outcome)
        errors = [row for row in rows(outcome.output) if row.severity == "error"]
        assert {row.host.removeprefix("@fake/") for row in errors} == {*CONTROL_PLANES}
        assert {squeezed(row.found) for row in errors} == {
            squeezed("--quota-backend-bytes of etcd stands as '8589934592'"),
            squeezed("--oidc-issuer-url of kube-apiserver stands as 'https://x'"),
        }


def test_a_control_plane_that_the_inventory_lacks_is_refused(old: Fleet) -> None:
    addresses = {name: address for name, address in ADDRESSES.items() if name != "master3"}
    groups = {group: [name for name in names if name != "master3"] for group, names in GROUPS.items()}
    given = settings(NEW, waive=["upgrade", "nodes"])
    old.change(Scenario(settings=given, groups=groups, addresses=addresses, order=tuple(addresses)))
    outcome = old.run()
    assert_refused(outcome)
    found = " ".join(row.found for row in rows(outcome.output) if (row.check, row.severity) == ("version", "error"))
    assert "master3 is a control plane of the cluster, and not in the inventory" in found
    assert "etcd has the member master3" in found


@pytest.mark.parametrize("runs", [OLD, NEW], ids=["only installed", "running"])
def test_a_kubelet_that_somebody_installed_alone(old: Fleet, runs: str) -> None:
    """What kubeadm writes for it comes before it runs, and the other packages come to its version."""

    def by_hand(world: World) -> None:
        world.machines["worker1"].packages["kubelet"] = f"{NEW}-1.el8"
        world.machines["worker1"].kubelet = runs

    old.edit(by_hand)
    outcome = old.run()
    assert_upgraded(outcome)
    assert (f"worker1 configured {NEW}" in outcome.world.history) is (runs == OLD)


@pytest.mark.parametrize(("flag", "more"), [("--dry", {}), ("-y", {}), ("-y", {"waive": ["upgrade"]})])
def test_a_package_that_is_newer_than_what_is_wanted_is_refused(old: Fleet, flag: str, more: dict[str, Any]) -> None:
    old.edit(lambda world: world.machines["worker1"].packages.update(kubeadm="1.30.15-1.el8"))
    old.change(replace(old.scenario, settings=settings(NEW, **more)))
    outcome = old.run(flag)
    assert_refused(outcome)
    (row,) = [row for row in rows(outcome.output) if row.severity == "error"]
    assert (row.host.removeprefix("@fake/"), row.check) == ("worker1", "kubernetes")
    assert squeezed(row.found) == squeezed("has kubeadm 1.30.15 installed")


def test_a_new_worker_joins_behind_the_upgrade(old: Fleet) -> None:
    addresses = {**ADDRESSES, "worker3": "10.0.14.1"}
    groups = {**GROUPS, "workers": [*WORKERS, "worker3"]}
    scenario = replace(old.scenario, addresses=addresses, groups=groups, order=tuple(addresses))
    old.change(scenario)
    old.edit(lambda world: world.machines.update(World.load(Path("none"), scenario).machines | world.machines))
    outcome = old.run()
    assert_upgraded(outcome)
    (join,) = outcome.steps("kubeadm-join")
    assert join.host == "worker3"
    assert outcome.steps("uncordon")[-1].ended < join.begun
    assert outcome.world.machines["worker3"].packages["kubelet"].startswith(NEW)
    assert outcome.world.history == patched(OLD, NEW)


@pytest.mark.parametrize(
    ("flags", "option"),
    [
        (("--limit", "@fake/master1"), "--limit"),
        (("--limit", "workers"), "--limit"),
        (("--no-wait",), "--no-wait"),
        (("--serial",), "--serial"),
    ],
)
def test_a_run_over_a_part_of_the_hosts_is_refused(old: Fleet, flags: tuple[str, ...], option: str) -> None:
    assert_refused(
        old.run("-y", *flags),
        "fetch packages and images of 1.30.14 is due, and 15 more steps",
        f"run this without {option}, or set back what was changed",
    )


def test_a_deploy_without_changes_is_refused(old: Fleet) -> None:
    assert_refused(
        old.run(deploy=JOINS),
        "nothing was changed: fetch packages and images of 1.30.14 is due, and the deploy does not call changes(); "
        "call it behind load_balancer()",
    )


def test_the_only_control_plane_stays_where_it_is(tmp_path: Path) -> None:
    addresses = {name: ADDRESSES[name] for name in ("master1", "worker1")}
    groups = {"control_plane": ["master1"], "workers": ["worker1"], "load_balancers": []}
    scenario = Scenario(settings=settings(OLD), addresses=addresses, groups=groups, order=tuple(addresses))
    fleet = Fleet(tmp_path, scenario)
    built = fleet.run()
    assert built.exit_code == 0, built.output
    fleet.change(replace(scenario, settings=settings(NEW)))
    outcome = fleet.run()
    assert_upgraded(outcome)
    moved = [entry for name in addresses for entry in kubelet_moved(name, NEW)]
    assert outcome.world.history == [f"master1 snapshot {OLD}", f"master1 apply {NEW}", *moved]
    assert "the API, for a minute or two" in outcome.sentences


def out_at_once(history: Sequence[str]) -> Iterator[set[str]]:
    """The nodes that take no pods, after each change of them."""
    out: set[str] = set()
    for entry in history:
        name, what, *_ = entry.split()
        if what in ("cordoned", "uncordoned"):
            out = out | {name} if what == "cordoned" else out - {name}
            yield out


@pytest.mark.parametrize(("share", "at_once", "steps"), [(3, 3, 7), ("10%", 2, 10)])
def test_workers_go_in_batches_of_a_bounded_size(tmp_path: Path, share: int | str, at_once: int, steps: int) -> None:
    workers = {f"worker{number}": f"10.0.20.{number}" for number in range(1, 21)}
    addresses = {name: address for name, address in ADDRESSES.items() if name not in WORKERS} | workers
    scenario = Scenario(
        settings=settings(OLD, workers_max_unavailable=share),
        addresses=addresses,
        groups={**GROUPS, "workers": [*workers]},
        order=tuple(addresses),
    )
    fleet = Fleet(tmp_path, scenario)
    assert fleet.run().exit_code == 0
    fleet.change(replace(scenario, settings=settings(NEW, workers_max_unavailable=share)))
    outcome = fleet.run()
    assert_upgraded(outcome)
    assert f"Plan: {11 + len(CONTROL_PLANES) + steps} steps, one after the other:" in outcome.output
    together = list(out_at_once(outcome.world.history))
    assert max(map(len, together)) == at_once
    assert all(not out & {*CONTROL_PLANES} or len(out) == 1 for out in together)


def test_no_member_of_etcd_leads_while_it_stops(old: Fleet) -> None:
    """Its leadership goes to the control plane whose own turn is farthest."""

    def led(world: World) -> None:
        world.etcd_leader = "master1"

    old.edit(led)
    outcome = old.run()
    assert_upgraded(outcome)
    told = [line for line in outcome.world.history if line.startswith(("etcd led", "master1 ", "master3 "))]
    assert told[:4] == ["master1 snapshot 1.30.9", "master1 out", "etcd led by master3", "master1 apply 1.30.14"]
    assert told[told.index("master3 out") + 1 :][:2] == ["etcd led by master2", "master3 node 1.30.14"]
