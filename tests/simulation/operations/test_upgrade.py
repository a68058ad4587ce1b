"""What the steps of an upgrade yield on their hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from pyinfra.api import Host, StringCommand

import k8s_ha.operations.drain
import k8s_ha.operations.steps
import k8s_ha.operations.upgrade
from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.plan import Plan
from k8s_ha.desired.yum import Repository
from k8s_ha.facts.drains import Drains
from k8s_ha.facts.nginx import Nginx
from k8s_ha.facts.system import KubeletProcess, Packages, PackagesState
from k8s_ha.observations.drains import DrainObservation
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.restarts import gate
from k8s_ha.operations.steps import passed_on, step_ended, turn_reached
from k8s_ha.operations.upgrade import (
    control_plane_upgraded,
    drained,
    fetched,
    kubelet_restarted,
    node_configured,
    returned,
    sandboxes_removed,
)
from tests.support.cluster_stage import CLUSTER, Stage
from tests.support.nginx_states import CONFIGURED, FILES, MAIN, OWN, OWN_TEXT, state
from tests.support.node_views import CLEAN, CONTROL_PLANES, NODES, member
from tests.support.operation_bench import Command, Noop, held, refusal

VERSION = CLUSTER.settings.version
STANDING = {name: replace(member(*NODES), etcd_healthy=True) for name in CONTROL_PLANES}
SILENT = {"master3": replace(STANDING["master3"], ready=False, nodes=())}


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    for module in (k8s_ha.operations.steps, k8s_ha.operations.upgrade):
        monkeypatch.setattr(module, "SECONDS_TO_SERVE", 0)
    return Stage(monkeypatch).hold(STANDING)


def of(work: Work, host: str, *subjects: str) -> ChangeStep:
    return ChangeStep(work, (host,), subjects or (host,), VERSION, f"step of {host}")


BEFORE = {"before": {"master1", "master-lb"}, "place": 0}


def test_a_step_begins_where_all_before_it_went_well(stage: Stage) -> None:
    step = of(Work.CONTROL_PLANE, "master2")
    assert stage.steps(turn_reached, on="master2", run=stage.run, step=step, **BEFORE) == [
        Noop("it is this step's turn")
    ]


def test_a_step_behind_one_that_failed_is_not_begun(stage: Stage) -> None:
    stage.state.failed_hosts.add(stage.state.inventory.get_host("master1"))
    step = of(Work.CONTROL_PLANE, "master2")
    assert stage.steps(turn_reached, on="master2", run=stage.run, step=step, **BEFORE) == [
        refusal(
            "master2: 'step of master2' was not begun: a step before it failed on master1; see the error above, then "
            "run this again: it goes on there."
        )
    ]


def test_only_a_step_that_went_well_tells_how_long_its_like_take(stage: Stage) -> None:
    well, failing, unbegun = (of(Work.CONTROL_PLANE, name) for name in CONTROL_PLANES)
    stage.run.log.plan = Plan({}, changes_due=(well, failing, unbegun))
    for place, step in enumerate((well, failing, unbegun)):
        stage.steps(turn_reached, on=step.hosts[0], run=stage.run, step=step, place=place, before={"master2"})
        if step is failing:
            stage.state.failed_hosts.add(stage.state.inventory.get_host("master2"))
        stage.steps(step_ended, on="master3", run=stage.run, place=place)
    assert set(stage.run.log.step_times.taken) == {0}


@pytest.mark.parametrize(
    ("acting", "subject"), [("master2", "master2"), ("master-lb", "master2"), ("worker1", "worker1")]
)
def test_no_step_begins_while_another_control_plane_is_out(stage: Stage, acting: str, subject: str) -> None:
    stage.hold(SILENT)
    step = of(Work.LEAVE, acting, subject)
    assert stage.steps(turn_reached, on=acting, run=stage.run, step=step, **BEFORE) == [
        refusal(
            f"{acting}: 'step of {acting}' was not begun: the API server of master3 does not answer, and no other may "
            "be out with it; fix that host, then run this again."
        )
    ]


def test_the_control_plane_whose_step_it_is_may_be_out(stage: Stage) -> None:
    stage.hold(SILENT)
    step = of(Work.CONTROL_PLANE, "master3")
    assert stage.steps(turn_reached, on="master3", run=stage.run, step=step, **BEFORE) == [
        Noop("it is this step's turn")
    ]


def test_a_control_plane_that_has_not_joined_yet_may_be_out(stage: Stage) -> None:
    stage.hold({"master3": CLEAN})
    step = of(Work.LEAVE, "master-lb", "master2")
    assert stage.steps(turn_reached, on="master-lb", run=stage.run, step=step, **BEFORE) == [
        Noop("it is this step's turn")
    ]


@pytest.mark.parametrize("work", [Work.FETCH, Work.CONFIGURE, Work.SNAPSHOT])
def test_what_takes_nobody_out_goes_on_before_a_step_that_mends_another(stage: Stage, work: Work) -> None:
    stage.hold(SILENT)
    assert stage.steps(turn_reached, on="master1", run=stage.run, step=of(work, "master1"), **BEFORE) == [
        Noop("it is this step's turn")
    ]


@pytest.mark.parametrize("work", [Work.DRAIN, Work.REMOVE_MEMBER, Work.RESET, Work.DELETE_NODE])
def test_what_is_removed_is_so_beside_one_that_is_out(stage: Stage, work: Work) -> None:
    stage.hold(SILENT)
    arguments = {"step": of(work, "master1", "worker2"), "place": 0, "before": ()}
    assert stage.steps(turn_reached, on="master1", run=stage.run, **arguments) == [Noop("it is this step's turn")]


PROXY: Mapping[str, Any] = {"port": 6443, "files": FILES, "connections": 1024}


def test_a_balancer_waits_for_connections_of_before_when_it_passes_on_no_more(stage: Stage) -> None:
    step = of(Work.LEAVE, "master-lb", "master2")
    (given,) = stage.steps(
        passed_on, on="master-lb", facts={Nginx: state()}, run=stage.run, step=step, away=True, **PROXY
    )
    assert isinstance(given, Command)
    assert "\nSECONDS_TO_END=20\n" in given.text


def test_a_control_plane_comes_back_when_it_serves(stage: Stage) -> None:
    step = of(Work.COME_BACK, "master-lb", "master3")
    facts = {Nginx: state({MAIN: CONFIGURED, OWN: OWN_TEXT})}
    arguments = {"run": stage.run, "step": step, "away": False, **PROXY}
    assert stage.steps(passed_on, on="master-lb", facts=facts, **arguments) == [
        Noop("nginx passes on the endpoint's port")
    ]
    stage.hold(SILENT)
    assert stage.steps(passed_on, on="master-lb", facts=facts, **arguments) == [
        refusal(
            "master-lb: master3 was left out of the balancer: its API server does not answer; see the error above, "
            "then run this again."
        )
    ]


@pytest.mark.parametrize(
    ("apply", "command"), [(True, f"kubeadm upgrade apply v{VERSION} --yes"), (False, "kubeadm upgrade node")]
)
def test_a_control_plane_is_upgraded_once(stage: Stage, apply: bool, command: str) -> None:
    (given,) = stage.steps(control_plane_upgraded, on="master1", run=stage.run, apply=apply)
    assert isinstance(given, Command)
    marked = "/var/lib/k8s-ha/kubeadm-upgrade-unfinished"
    assert f"of={marked} conv=fsync status=none && {command} && rm -f {marked}'\n" in given.text
    assert "\nLOCK=kubeadm\n" in given.text
    unless = given.text.partition("\nUNLESS=")[2].partition("\nLOCK")[0]
    assert f"[ ! -e {marked} ]" in unless
    assert f":v{VERSION}$" in unless
    assert ("configmap kubeadm-config" in unless) is apply  # what ends an apply


@pytest.mark.parametrize(("etcd", "fails"), [("3.5.26", False), ("3.5.24", False), ("3.5.23", True), ("", True)])
def test_etcd_is_asked_again_before_a_minor_that_brings_its_next(stage: Stage, etcd: str, fails: bool) -> None:
    stage.hold({"master2": replace(STANDING["master2"], etcd_version=etcd)})
    stage.hold({name: replace(STANDING[name], etcd_version="3.5.30") for name in ("master1", "master3")})
    run = stage.run.at("1.34.11")
    (given,) = stage.steps(control_plane_upgraded, on="master1", run=run, apply=True)
    assert isinstance(given, Command)
    assert ("master2: its etcd runs " in given.text) is fails
    (other,) = stage.steps(control_plane_upgraded, on="master1", run=run, apply=False)
    assert isinstance(other, Command)
    assert "kubeadm upgrade node" in other.text


@pytest.mark.parametrize(
    "view",
    [
        SILENT["master3"],
        replace(STANDING["master3"], etcd_healthy=False),
        replace(STANDING["master3"], etcd_healthy=None),
        None,
    ],
)
def test_one_that_does_not_serve_after_its_upgrade_fails_there(stage: Stage, view: NodeView | None) -> None:
    stage.hold({"master3": view})
    _, failed = stage.steps(control_plane_upgraded, on="master3", run=stage.run, apply=False)
    assert isinstance(failed, Command)
    assert "master3: its API server, or its etcd member, is not ready 0 seconds after its upgrade" in failed.text


@pytest.mark.parametrize(("runs", "commands"), [("v1.29.9", 1), (f"v{VERSION}", 0)])
def test_a_workers_kubelet_is_configured_before_it_runs(stage: Stage, runs: str, commands: int) -> None:
    """Its package tells nothing of that."""
    nodes = tuple(replace(node, version=runs) for node in STANDING["master1"].nodes)
    stage.hold({name: replace(view, nodes=nodes) for name, view in STANDING.items()})
    facts = {Packages: PackagesState({"kubelet": f"{VERSION}-1"})}
    given = stage.steps(node_configured, on="worker1", facts=facts, run=stage.run)
    assert sum(isinstance(step, Command) for step in given) == commands


def test_a_kubelet_is_restarted_where_another_program_runs(stage: Stage) -> None:
    assert stage.steps(kubelet_restarted, facts={KubeletProcess: True}) == [Noop("it is the installed one")]
    (given,) = stage.steps(kubelet_restarted, facts={KubeletProcess: False})
    assert isinstance(given, Command)
    assert given.text.startswith("systemctl daemon-reload && systemctl restart kubelet.service")


@pytest.mark.parametrize(
    ("installed", "pattern", "removes"),
    [("1.6.20-3.1", "[12].*", False), ("1.6.20-3.1", "2.*", True), ("2.2.9-1", "2.*", False), (None, "2.*", False)],
)
def test_sandboxes_go_with_the_containerd_that_made_them(
    stage: Stage, installed: str | None, pattern: str, removes: bool
) -> None:
    facts = {Packages: PackagesState({"containerd.io": installed} if installed else {})}
    (given,) = stage.steps(sandboxes_removed, facts=facts, pattern=pattern)
    assert isinstance(given, Command) is removes


@pytest.mark.parametrize(
    ("lines", "current"),
    [(["/usr/bin/kubelet"], True), (["/usr/bin/kubelet (deleted)"], False), ([], False)],
)
def test_a_kubelets_process(lines: list[str], current: bool) -> None:
    assert KubeletProcess().parse(lines) is current


@pytest.fixture
def led(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is run on the leader, by its name: the log's name of each command."""
    refused = "worker2"
    found: list[tuple[str, str]] = []

    def run_elsewhere(target: Host, command: StringCommand) -> str | None:
        name = str(command).partition("NAME=")[2].partition("\n")[0]
        found.append((target.name, name))
        return "worker1: not drained: a reason." if name == f"drain-{refused}" else None

    monkeypatch.setattr(k8s_ha.operations.drain, "run_elsewhere", run_elsewhere)
    return found


OLDER = [replace(node, version="v1.29.9") for node in STANDING["master1"].nodes]


def test_a_node_is_drained_by_the_leader(stage: Stage, led: list[tuple[str, str]]) -> None:
    stage.hold({name: replace(view, nodes=tuple(OLDER)) for name, view in STANDING.items()})
    stage.facts["master1"][Drains] = DrainObservation()
    given = stage.steps(drained, on="worker1", run=stage.run)
    assert led == [("master1", "drain-worker1")]
    assert given == [Command("true")]
    assert gate(stage.run).out == {"worker1"}  # so that nobody waits for its kubelet before it is back
    stage.steps(returned, on="worker1", run=stage.run)
    assert gate(stage.run).out == set()


def test_a_node_that_cannot_be_drained_says_why(stage: Stage, led: list[tuple[str, str]]) -> None:
    stage.hold({name: replace(view, nodes=tuple(OLDER)) for name, view in STANDING.items()})
    stage.facts["master1"][Drains] = DrainObservation()
    assert stage.steps(drained, on="worker2", run=stage.run) == [refusal("worker1: not drained: a reason.")]


def test_a_node_whose_kubelet_is_there_is_not_drained_again(stage: Stage, led: list[tuple[str, str]]) -> None:
    current = [replace(node, version=f"v{VERSION}") for node in STANDING["master1"].nodes]
    stage.hold({name: replace(view, nodes=tuple(current)) for name, view in STANDING.items()})
    assert stage.steps(drained, on="worker1", run=stage.run) == [Noop("its kubelet is of this version")]
    assert led == []


def test_a_node_takes_pods_again_between_two_waits(stage: Stage, led: list[tuple[str, str]]) -> None:
    assert stage.steps(returned, on="worker1", run=stage.run) == [Command("true")]
    assert led == [("master1", "await-worker1"), ("master1", "uncordon-worker1"), ("master1", "await-worker1")]


def test_without_a_leader_no_node_is_drained(
    stage: Stage, led: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("k8s_ha.operations.cluster.SECONDS_TO_ELECT", 0)
    stage.hold({name: replace(view, ready=False, nodes=()) for name, view in STANDING.items()})
    (failed,) = stage.steps(drained, on="worker1", run=stage.run)
    assert isinstance(failed, Command)
    assert "worker1 was not drained" in failed.text
    assert led == []


SOURCE = Repository(
    "k8s-ha-kubernetes", "Kubernetes", "https://pkgs.example", ("https://k.example",), exclude=("kubelet",)
)


def test_what_a_version_needs_is_fetched_by_a_configuration_of_its_own(stage: Stage) -> None:
    written, fetch, removed = stage.steps(
        fetched,
        on="worker1",
        facts={Packages: PackagesState({"kubelet": "1.29.9-1", "cri-tools": "1.30.0-1"})},
        run=stage.run,
        packages={"kubelet": VERSION, "cri-tools": "*"},
        images=["r.example/kube-proxy:v1"],
        sources=[SOURCE],
        repositories="[k8s-ha-kubernetes]\n",
    )
    folder = f"/var/lib/k8s-ha/fetched-{VERSION}"
    assert isinstance(written, Command)
    assert isinstance(fetch, Command)
    assert held(written) == "[k8s-ha-kubernetes]\n"
    assert f"{folder}/repos/k8s-ha.repo" in written.text
    assert f"SPECS=kubelet-{VERSION}\n" in fetch.text  # what fits already is not fetched
    assert "OPTIONS=--disableexcludes=k8s-ha-kubernetes\n" in fetch.text
    assert removed == Command(f"rm -rf {folder}")


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        (turn_reached, {"step": of(Work.LEAVE, "worker1"), "place": 0, "before": set()}),
        (passed_on, {"step": of(Work.LEAVE, "worker1"), "away": True, **PROXY}),
        (control_plane_upgraded, {"apply": True}),
        (drained, {}),
        (returned, {}),
    ],
)
def test_while_preparing_nothing_is_asked_and_nothing_done(
    stage: Stage, led: list[tuple[str, str]], operation: Any, arguments: Mapping[str, Any]
) -> None:
    for facts in stage.facts.values():
        facts.clear()
    given = stage.steps(operation, on="worker1", executing=False, run=stage.run, **arguments)
    assert len(given) == 1
    assert led == []
