"""kubectl where its users are: what an admin host gets, and whose kubeconfig is left alone."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import Host, StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine

from k8s_ha.facts.system import Files, FileState
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.kubeconfig import admin_installed, root_installed
from tests.support.answers import script_of, whole
from tests.support.cluster_stage import ONE_CONTROL_PLANE, Stage
from tests.support.fakes.run import Fleet, Outcome
from tests.support.fakes.scenario import ADDRESSES, GROUPS, Scenario
from tests.support.fakes.world import World
from tests.support.node_views import CONTROL_PLANES, member
from tests.support.operation_bench import Bench, Command, Noop, Step, held, refusal
from tests.support.paths import PROJECT
from tests.support.services import as_written
from tests.support.shell_bench import Shell

ADMIN, OWN = "/etc/kubernetes/admin.conf", "/root/.kube/config"


def kubeconfig(*servers: str, key: str = "c2VjcmV0") -> str:
    clusters = "".join(f"- cluster:\n    server: {server}\n" for server in servers)
    return f"apiVersion: v1\nclusters:\n{clusters}users:\n- user:\n    client-key-data: {key}\n"


OURS = "https://10.0.1.157:6443"
WANTED = kubeconfig(OURS)
FOREIGN = {
    "of another cluster": kubeconfig("https://10.9.9.9:6443"),
    "of this cluster and of another one": kubeconfig(OURS, "https://10.9.9.9:6443"),
    "of a cluster whose endpoint begins alike": kubeconfig(f"{OURS}0"),
    "of no cluster": "apiVersion: v1\nclusters: []\n",
    "that is empty": "",
}


@pytest.fixture
def texts() -> dict[tuple[str, str], str]:
    """Files by host and path, as ``cat`` reads them; others cannot be read."""
    return {("master1", ADMIN): WANTED}


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, texts: dict[tuple[str, str], str]) -> Stage:
    """A cluster with a healthy first control plane."""

    def run_shell_command(target: Host, command: StringCommand, **arguments: Any) -> tuple[bool, CommandOutput]:
        assert (arguments["print_output"], arguments["print_input"]) == (False, False)
        text = texts.get((target.name, script_of(str(command)).removeprefix("base64 ")))
        lines = whole([base64.b64encode((text or "").encode()).decode()], status=int(text is None))
        return text is not None, CommandOutput([OutputLine("stdout", line) for line in lines])

    monkeypatch.setattr(Host, "run_shell_command", run_shell_command)
    return Stage(monkeypatch).hold(ONE_CONTROL_PLANE)


def given(stage: Stage, executing: bool, own: str | None, mode: str = "600") -> list[Step]:
    """What the operation does on a host with this kubeconfig of root's, None for none."""
    files: dict[str, FileState] = {} if own is None else {OWN: as_written(own, mode)}
    return stage.steps(admin_installed, on="master-lb", executing=executing, facts={Files: files}, run=stage.run)


def assert_written(steps: list[Step]) -> None:
    """The kubeconfig on stdin, and nothing of it in what argv and pyinfra's output show."""
    (step,) = steps
    assert isinstance(step, Command)
    assert held(step) == WANTED
    assert f"chmod 600 {OWN}.k8s-ha-new" in step.text
    assert not [line for line in WANTED.splitlines() if line in step.text]


@pytest.mark.parametrize("executing", [False, True])
def test_a_host_without_a_kubeconfig_gets_the_leaders(stage: Stage, executing: bool) -> None:
    assert_written(given(stage, executing, None))


@pytest.mark.parametrize("executing", [False, True])
def test_an_earlier_one_of_this_cluster_is_replaced(
    stage: Stage, texts: dict[tuple[str, str], str], executing: bool
) -> None:
    texts["master-lb", OWN] = kubeconfig(OURS, key="b2xk")
    assert_written(given(stage, executing, texts["master-lb", OWN]))


def test_one_that_others_may_read_is_closed_to_them(stage: Stage, texts: dict[tuple[str, str], str]) -> None:
    texts["master-lb", OWN] = WANTED
    assert_written(given(stage, True, WANTED, mode="644"))


@pytest.mark.parametrize("executing", [False, True])
def test_the_wanted_one_stays(stage: Stage, executing: bool) -> None:
    assert given(stage, executing, WANTED) == [Noop("root has the kubeconfig")]


@pytest.mark.parametrize("executing", [False, True])
@pytest.mark.parametrize("own", FOREIGN.values(), ids=FOREIGN)
def test_one_that_is_not_this_clusters_alone_is_left_alone(
    stage: Stage, texts: dict[tuple[str, str], str], own: str, executing: bool
) -> None:
    texts["master-lb", OWN] = own
    assert given(stage, executing, own) == [Noop(f"{OWN} is of another cluster and was left alone")]


def test_one_that_cannot_be_read_is_left_alone(stage: Stage) -> None:
    assert given(stage, True, kubeconfig(OURS, key="b2xk")) == [Noop(f"{OWN} is of another cluster and was left alone")]


NO_LEADER: dict[str, Mapping[str, NodeView | None]] = {
    "no cluster": {},
    "no healthy control plane": {name: member(*CONTROL_PLANES, ready=False) for name in CONTROL_PLANES},
    "control planes that cannot be read": dict.fromkeys(CONTROL_PLANES, None),
}


@pytest.mark.parametrize("views", NO_LEADER.values(), ids=NO_LEADER)
def test_without_a_leader_there_is_no_kubeconfig_to_give(
    monkeypatch: pytest.MonkeyPatch, views: Mapping[str, NodeView | None]
) -> None:
    stage = Stage(monkeypatch).hold(views)
    assert given(stage, False, None) == [Command(f"cat {ADMIN}")]
    assert given(stage, True, None) == [
        refusal(
            "master-lb got no kubeconfig: no control plane of the cluster (master1, master2, master3) is healthy and "
            "still part of this run; see what they say above, then run this again, without --serial and --no-wait."
        )
    ]


def test_a_leader_that_does_not_hand_it_out_is_named(stage: Stage, texts: dict[tuple[str, str], str]) -> None:
    texts.clear()
    assert given(stage, True, None) == [
        refusal(f"master-lb got no kubeconfig: {ADMIN} of master1 could not be read; run this again.")
    ]


ROOT_KUBECONFIGS: dict[str, tuple[str | None, bool]] = {
    "none": (None, True),
    "an earlier one of this cluster": (kubeconfig(OURS, key="b2xk"), True),
    **{f"one {what}": (text, False) for what, text in FOREIGN.items()},
}


@pytest.mark.parametrize(("own", "replaced"), ROOT_KUBECONFIGS.values(), ids=ROOT_KUBECONFIGS)
def test_a_control_planes_root_keeps_what_is_not_this_clusters_alone(
    tmp_path: Path, bench: Bench, own: str | None, replaced: bool
) -> None:
    shell = Shell(tmp_path)
    shell.file(ADMIN, WANTED)
    files = {ADMIN: as_written(WANTED)}
    if own is not None:
        shell.file(OWN, own)
        files[OWN] = as_written(own)
    (step,) = bench.steps(root_installed, facts={Files: files}, endpoint="10.0.1.157:6443")
    assert isinstance(step, Command)
    done = shell.run(step.text)
    assert done.returncode == 0
    assert (tmp_path / OWN.lstrip("/")).read_text(encoding="utf-8") == (WANTED if replaced else own)
    assert ("left alone" in done.stderr) is not replaced


# From here on pyinfra's command line runs on simulated hosts: a user's own machine, and an admin who is a worker too.

DEPLOY = PROJECT / "deploy.py"
SCENARIO = Scenario(
    groups=GROUPS | {"admins": ["laptop", "worker1"]},
    addresses=ADDRESSES | {"laptop": "10.0.1.20"},
    order=(*ADDRESSES, "laptop"),
)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """The first run on clean hosts, and the folder it left."""
    fleet = Fleet(tmp_path_factory.mktemp("admins"), SCENARIO)
    return fleet.folder, fleet.run(deploy=DEPLOY)


@pytest.fixture
def administered(first: tuple[Path, Outcome], tmp_path: Path) -> Fleet:
    """What the first run left, of its own for each test; the kubeconfig holds a key."""
    shutil.copytree(first[0], tmp_path, dirs_exist_ok=True)
    fleet = Fleet(tmp_path, SCENARIO)
    fleet.edit(renew)
    return fleet


def renew(world: World) -> None:
    for name in CONTROL_PLANES:
        world.machines[name].files[ADMIN] = WANTED


def test_admin_hosts_get_kubectl_and_the_kubeconfig_and_nothing_else(first: tuple[Path, Outcome]) -> None:
    _, outcome = first
    assert outcome.exit_code == 0, outcome.output
    machines = outcome.world.machines
    laptop = machines["laptop"]
    written = sorted(laptop.files)
    assert written == sorted([OWN, "/etc/hosts", "/etc/nginx/nginx.conf", "/etc/yum.repos.d/k8s-ha.repo"])
    assert list(laptop.packages) == ["kubectl"]
    assert (laptop.hostname, laptop.active, laptop.enabled) == (
        "localhost",
        ["firewalld.service"],
        ["firewalld.service"],
    )
    assert "laptop" not in outcome.world.nodes
    for name in ("laptop", "worker1"):
        assert machines[name].files[OWN] == machines["master1"].files[ADMIN]
        assert machines[name].modes[OWN] == "600"
        assert "kubectl" in machines[name].packages
    assert OWN not in machines["worker2"].files
    assert {step.step for step in outcome.log if step.host == "laptop" and step.changes} == {"write", "install"}


def test_a_second_run_changes_nothing(administered: Fleet) -> None:
    administered.run(deploy=DEPLOY)
    for flag in ("--dry", "-y"):
        assert [step for step in administered.run(flag, deploy=DEPLOY).log if step.changes] == []


def test_a_renewed_kubeconfig_is_handed_out_and_never_shown(administered: Fleet) -> None:
    outcome = administered.run("-y", "-vvv", deploy=DEPLOY)
    assert outcome.exit_code == 0, outcome.output
    for name in ("laptop", "worker1"):
        assert outcome.world.machines[name].files[OWN] == WANTED
    assert "c2VjcmV0" not in outcome.output
    assert [step for step in outcome.log if "c2VjcmV0" in step.command] == []


def test_a_users_other_clusters_are_left_alone(administered: Fleet) -> None:
    own = kubeconfig(OURS, "https://10.9.9.9:6443")
    administered.edit(lambda world: world.machines["laptop"].write(OWN, own))
    outcome = administered.run(deploy=DEPLOY)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.world.machines["laptop"].files[OWN] == own
    assert outcome.world.machines["worker1"].files[OWN] == WANTED


def test_an_admin_host_alone_gets_it_too(administered: Fleet) -> None:
    outcome = administered.run("-y", "--limit", "@fake/laptop", deploy=DEPLOY)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.world.machines["laptop"].files[OWN] == WANTED
    assert [step.host for step in outcome.log if step.changes] == ["laptop"]
