"""What the steps of a reset yield on their hosts, by what those tell just before."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest

import k8s_ha.operations.reset
from k8s_ha.catalog.compatibility import DOCKER_HUB
from k8s_ha.catalog.control_plane import etcd_request
from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.desired import daemon_json
from k8s_ha.facts.nginx import Nginx
from k8s_ha.facts.node import Node
from k8s_ha.facts.reset import RemainsFact, take_back_script
from k8s_ha.facts.runtime import RuntimeService
from k8s_ha.facts.system import Content, ServiceState
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.host_status import PROXY_CONFIG
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.reset import MARKER, Remains
from k8s_ha.observations.runtimes import RuntimeState
from k8s_ha.operations.backup import unscheduled
from k8s_ha.operations.commands import edited, long_command, write
from k8s_ha.operations.kubeadm.host_reset import CLUSTER_GOES, host_reset
from k8s_ha.operations.reset import host_given_back, member_removed, node_reset, values_of
from k8s_ha.run import Run
from tests.support.cluster_stage import Stage
from tests.support.example_cluster import six_host_cluster
from tests.support.nginx_states import CONFIGURED, MAIN, OWN, OWN_TEXT, state
from tests.support.node_views import CLEAN, KUBELET, NODES, member, nodes
from tests.support.operation_bench import NGINX_CONFIG, Command, Noop, Step, Then, command, refusal
from tests.support.surveys import survey

MIRROR = ["https://one.example"]
CLUSTER = six_host_cluster(container_runtime="docker", registry_mirrors={DOCKER_HUB: MIRROR})
VERSION = CLUSTER.settings.version
MEMBERS = tuple(Member(str(number), f"master{number}", (CLUSTER.host(f"master{number}").address,)) for number in (1, 2))
DAEMON = "/etc/docker/daemon.json"
OWNERS = b'{"debug": true}\n'
FOREIGN = NodeView((KUBELET,), "https://10.9.9.9:6443", None)


def step(work: Work, subject: str) -> ChangeStep:
    return ChangeStep(work, (subject,), (subject,), VERSION, "what is done")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(k8s_ha.operations.reset, "SECONDS_TO_FORGET", 0)
    found = Stage(monkeypatch)
    found.run = Run(CLUSTER, surveys={host.name: survey() for host in CLUSTER.hosts})
    views = dict.fromkeys(NODES, member(*NODES))
    found.run.snapshot = ClusterSnapshot(CLUSTER, views, endpoint_answer="")
    return found


def mark(stage: Stage, text: str) -> Command:
    return command(write(MARKER, f"{CLUSTER.endpoint}{text}\n", "600"))


def taken_back(stage: Stage, name: str) -> Command:
    return command(long_command("take-back", take_back_script(values_of(stage.run, name)), seconds=900))


def resets(stage: Stage, name: str, view: NodeView, remains: Remains = Remains()) -> list[Step]:  # noqa: B008
    facts: dict[Any, Any] = {Node: view, RemainsFact: remains}
    return stage.steps(node_reset, on=name, facts=facts, run=stage.run, step=step(Work.RESET, name))


def test_a_node_is_marked_before_it_is_reset_and_afterwards(stage: Stage) -> None:
    found = resets(stage, "worker1", member())
    with stage.on("worker1", executing=True):
        assert found == [
            mark(stage, ""),
            command(host_reset(stage.run, unless="", flags=CLUSTER_GOES)),
            mark(stage, " node"),
        ]


@pytest.mark.parametrize(("name", "folder"), [("master2", "/data/etcd"), ("worker1", "")])
def test_a_host_with_nothing_but_moved_data_of_etcds_is_reset(stage: Stage, name: str, folder: str) -> None:
    patches = {"ClusterConfiguration": {"etcd": {"local": {"dataDir": "/data/etcd"}}}}
    moved = six_host_cluster(container_runtime="docker", kubeadm_patches=patches)
    stage.run = Run(moved, surveys={host.name: survey() for host in moved.hosts})
    asked = []

    def view(etcd_folder: str = "", **_: Any) -> NodeView:
        asked.append(etcd_folder)
        return member()

    facts: dict[Any, Any] = {Node: view, RemainsFact: Remains()}
    found = stage.steps(node_reset, on=name, facts=facts, run=stage.run, step=step(Work.RESET, name))
    assert asked[-1] == folder
    with stage.on(name, executing=True):
        given = command(host_reset(stage.run, unless="", flags=CLUSTER_GOES))
    assert given in found
    assert (f"ETCD_DATA={folder}/member" in str(given)) is bool(folder)


def test_a_control_plane_loses_its_timer_first(stage: Stage) -> None:
    assert resets(stage, "master2", member())[:2] == [command(unscheduled()), mark(stage, "")]


@pytest.mark.parametrize(
    ("view", "remains"),
    [(CLEAN, Remains()), (CLEAN, Remains(begun=CLUSTER.endpoint, node_is_reset=True, due=("the records",)))],
)
def test_what_holds_nothing_is_not_reset(stage: Stage, view: NodeView, remains: Remains) -> None:
    assert resets(stage, "worker1", view, remains) == [Noop("nothing of the cluster is left here")]


@pytest.mark.parametrize("view", [FOREIGN, replace(member(), busy=True)], ids=["foreign", "busy"])
def test_what_has_become_another_ones_since_is_left_alone(
    stage: Stage, view: NodeView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(k8s_ha.operations.reset, "observe_idle", lambda *_: {})
    assert resets(stage, "worker1", view) == [
        refusal(
            "worker1 was not reset: what it holds is not provably this cluster's, or a kubeadm is at work; look at "
            "/etc/kubernetes there, then run this again."
        )
    ]


def leaves(stage: Stage, view: NodeView | None) -> list[Step]:
    stage.facts["master1"][Node] = view
    return stage.steps(member_removed, on="master1", run=stage.run, step=step(Work.REMOVE_MEMBER, "master2"))


def test_a_member_is_removed_as_long_as_etcd_has_a_majority(stage: Stage) -> None:
    well = replace(member(), nodes=nodes(NODES), members=MEMBERS, etcd_healthy=True)
    request = etcd_request("/v3/cluster/member/remove", json.dumps({"ID": "2"}))
    assert leaves(stage, well) == [Command(f"{request} || echo 'etcd keeps that member; the reset goes on' >&2")]
    lone = replace(well, members=MEMBERS[:1])
    assert leaves(stage, lone) == [Noop("etcd counts no member of it")]


@pytest.mark.parametrize("view", [replace(member(), members=MEMBERS, etcd_healthy=False), CLEAN])
def test_without_a_majority_the_host_is_reset_as_it_is(stage: Stage, view: NodeView) -> None:
    assert leaves(stage, view) == [Noop("etcd has no majority any more: the host is reset as it is")]


def given(stage: Stage, *told: Remains, name: str = "worker1", **facts: Any) -> list[Step]:
    own = {RemainsFact: Then(*told)} | facts.get("facts", {})
    return stage.steps(host_given_back, on=name, facts=own, run=stage.run, step=step(Work.GIVE_BACK, name))


@pytest.mark.parametrize(
    ("backup", "folder"), [(None, ""), ({}, "/var/lib/k8s-ha/backups"), ({"directory": "/srv/b"}, "/srv/b")]
)
def test_the_folder_for_backups_is_told(backup: dict[str, str] | None, folder: str) -> None:
    run = Run(six_host_cluster(backup=backup), surveys={host.name: survey() for host in CLUSTER.hosts})
    assert values_of(run, "master1")["BACKUPS"] == folder


def test_nothing_is_given_back_twice(stage: Stage) -> None:
    assert given(stage, Remains()) == [Noop("nothing of this package's is left here")]


def test_edits_are_undone_before_the_records_of_them_go(stage: Stage) -> None:
    hosts = b"127.0.0.1 localhost\n# BEGIN k8s_ha\n10.0.0.1 a\n# END k8s_ha\n"
    due = Remains(due=("/etc/hosts",), contents={"/etc/hosts": hosts})
    assert given(stage, due, due, Remains()) == [
        command(edited("/etc/hosts", hosts, b"127.0.0.1 localhost\n")),
        taken_back(stage, "worker1"),
    ]


def test_what_has_become_another_clusters_since_is_not_taken(stage: Stage) -> None:
    due = Remains(due=(PROXY_CONFIG,), names={PROXY_CONFIG: ("10.99.0.1", "10.99.0.2", "10.99.0.3")})
    assert given(stage, due, name="master-lb") == [
        refusal(
            f"master-lb: nothing was taken back: {PROXY_CONFIG} names 10.99.0.1, 10.99.0.2, and none of this "
            "cluster's; take it out of the inventory, or reset that cluster first."
        )
    ]


def test_what_is_left_is_said_and_what_is_still_there_fails_the_host(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    due = Remains(due=("swap", "SELinux"), left=("firewalld: nothing tells what it was before; it is disabled",))
    assert given(stage, due)[-1] == refusal(
        "worker1: still there after they were taken back: swap, SELinux; see /var/log/k8s-ha/take-back.log there, then "
        "run this again."
    )
    assert "worker1: left as it is: firewalld: nothing tells what it was before; it is disabled" in caplog.text


def test_nginx_is_without_our_line_before_our_file_goes(stage: Stage) -> None:
    due = Remains(due=(PROXY_CONFIG,))
    found = given(stage, due, due, Remains(), name="master-lb", facts={Nginx: state({MAIN: CONFIGURED, OWN: OWN_TEXT})})
    assert found == [
        command(edited(MAIN, CONFIGURED.encode(), NGINX_CONFIG.encode())),
        taken_back(stage, "master-lb"),
    ]


def docker(held: bytes, before: bytes) -> dict[Any, Any]:
    def content(path: str) -> bytes:
        return held if path == DAEMON else before

    return {RuntimeService: (ServiceState(True, True, True, None, {}), RuntimeState()), Content: content}


MERGED = daemon_json.merged(OWNERS, MIRROR)
ALONE = daemon_json.merged(b"", MIRROR)

DAEMONS = {
    "what stood before comes back": (MERGED, OWNERS, [command(edited(DAEMON, MERGED, OWNERS))]),
    "there was none": (ALONE, b"", None),
    "the owner has changed it": (MERGED.replace(b"true", b"false"), OWNERS, []),
    "as it was": (OWNERS, OWNERS, []),
    "broken": (b"{", OWNERS, []),
    "gone": (b"", OWNERS, []),
}


@pytest.mark.parametrize(("held", "before", "steps"), DAEMONS.values(), ids=DAEMONS)
def test_dockers_file(
    stage: Stage, held: bytes, before: bytes, steps: list[Step] | None, caplog: pytest.LogCaptureFixture
) -> None:
    due = Remains(due=("docker.service",))
    found = given(stage, due, due, Remains(), facts=docker(held, before))
    assert found[-1] == taken_back(stage, "worker1")
    if steps is None:
        assert [str(each.text).rpartition(" || ")[2] for each in found[:-1] if isinstance(each, Command)] == [
            f"rm -f {shlex.quote(DAEMON)}"
        ]
    else:
        assert found[:-1] == steps
    is_told = bool(held) and held not in (MERGED, ALONE, OWNERS)
    assert (f"left as it is: {DAEMON}: " in caplog.text) is is_told


def test_while_pyinfra_prepares_nothing_is_asked(stage: Stage) -> None:
    for operation, work in ((member_removed, Work.REMOVE_MEMBER), (node_reset, Work.RESET)):
        found = stage.steps(operation, on="master1", executing=False, run=stage.run, step=step(work, "master2"))
        assert len(found) == 1
    found = stage.steps(
        host_given_back, on="master1", executing=False, run=stage.run, step=step(Work.GIVE_BACK, "master1")
    )
    assert found == [Command("what is done")]
