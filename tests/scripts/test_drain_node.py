"""A node cordoned and drained, and taken back: whose the cordon is, what is noted, what a failed drain says."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.support.node_bench import NOTE, NodeBench

MOMENT = "2026-11-27T08:00:00Z"
OURS = {"unschedulable": True, "cordoned": MOMENT}
SOMEBODYS = {"unschedulable": True}

WEB = "Pod/default/web-1/Running//ReplicaSet/web-5d/True//\n"
DAEMON = "Pod/kube-system/proxy-1/Running//DaemonSet/proxy/True//\n"
STATIC = "Pod/kube-system/etcd-w/Running/abc/Node/worker1/True//\n"
ENDED = "Pod/jobs/once-1/Succeeded//Job/once/False//cache\n"
BARE = "Pod/default/bare/Running////True//\n"
CACHE = "Pod/default/cache-0/Running//StatefulSet/cache/True//data tmp\n"
WORKLOADS = """Deployment/default/web/2/2//
Deployment/default/other/1/1//
StatefulSet/default/cache/1/1//
ReplicaSet/default/web-5d/2/2/Deployment/web
ReplicaSet/default/web-4c/0//Deployment/web
"""
FAILS = "error() { echo 'error when evicting pods' >&2; exit 1; }; error"
MOVE = "move them, or name that risk in accepted_risks"
LOCAL_DATA = f"default/cache-0 with emptyDir volumes (local-data); {MOVE}"


@pytest.fixture
def bench(tmp_path: Path) -> NodeBench:
    return NodeBench(tmp_path)


def patch(cordoned: str | None, unschedulable: bool | None) -> dict[str, Any]:
    return {
        "metadata": {"resourceVersion": "7", "annotations": {"k8s-ha/cordoned": cordoned}},
        "spec": {"unschedulable": unschedulable},
    }


CORDON, UNCORDON = patch("now", True), patch(None, None)
RETURN = patch("returned-now", None)
RETURNED = {"cordoned": f"returned-{MOMENT}"}


@pytest.mark.parametrize(
    ("node", "patches"),
    [
        ({}, [CORDON]),
        ({"cordoned": MOMENT}, [CORDON]),  # uncordoned by hand, which left the annotation
        (RETURNED, [CORDON]),
        (RETURNED | SOMEBODYS, []),
        (OURS, []),
        (SOMEBODYS, []),
    ],
)
def test_a_node_is_cordoned_as_ours_where_nobody_has(
    bench: NodeBench, node: dict[str, Any], patches: list[object]
) -> None:
    bench.node(**node)
    done = bench.run("drain-node.sh", SECONDS_ALLOWED="360")
    assert (done.returncode, done.stderr) == (0, "")
    assert bench.patches == patches
    assert bench.drains == ["--ignore-daemonsets --timeout=360s"]


def test_pods_go_when_a_controller_manager_leads(bench: NodeBench) -> None:
    """Which taints the cordoned node; without one nobody takes pods that have gone out of their Services."""
    bench.keep(leads_later="")
    assert bench.run("drain-node.sh").returncode == 0
    assert len(bench.drains) == 1


def test_without_a_controller_manager_no_pod_goes(bench: NodeBench) -> None:
    bench.keep(taint="", drain="", pods=WEB)
    done = bench.run("drain-node.sh", SECONDS_TO_LEAD="0")
    assert (done.returncode, bench.drains) == (1, [])
    assert done.stderr.splitlines()[-1] == (
        "w1: not drained: its cordon has had no taint for 0 s, so no kube-controller-manager works; "
        "see that one leads, then run this again."
    )


def test_what_was_accepted_is_evicted(bench: NodeBench) -> None:
    bench.run("drain-node.sh", EVICTS="--force --delete-emptydir-data")
    assert bench.drains == ["--ignore-daemonsets --timeout=1s --force --delete-emptydir-data"]


@pytest.mark.parametrize(
    ("meanwhile", "patches"),
    [({}, [CORDON]), (SOMEBODYS, [])],  # somebody has changed something else, or was faster
)
def test_a_race_for_the_node_is_seen(bench: NodeBench, meanwhile: dict[str, Any], patches: list[object]) -> None:
    bench.node(**meanwhile, name="race")
    assert bench.run("drain-node.sh").returncode == 0
    assert bench.patches == patches
    assert len(bench.drains) == 1


@pytest.mark.parametrize(
    ("node", "patches"),
    [({}, [CORDON, RETURN]), (OURS, [RETURN]), (SOMEBODYS, [])],
)
def test_a_drain_that_fails_lifts_our_cordon_alone_and_what_has_gone_is_waited_for(
    bench: NodeBench, node: dict[str, Any], patches: list[object]
) -> None:
    bench.node(**node)
    cordoned = "" if node else f'printf "7|true|{MOMENT}" >node\n'
    bench.keep(drain=cordoned + FAILS, pods=WEB)
    done = bench.run("drain-node.sh")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "w1: not drained: default/web-1 left after 1 s at most; see the lines above, then run this again."
    )
    assert bench.patches == patches
    assert (bench.note() is None) is bool(node)


@pytest.mark.parametrize(
    ("pods", "budgets", "evicts", "sentence"),
    [
        (
            WEB + DAEMON + STATIC + ENDED,
            "default web app=web,\n",
            "",
            "default/web-1 left after 1 s, and PodDisruptionBudget default/web allows no eviction; have its pods Ready",
        ),
        (
            WEB,
            "other web app=web,\ndefault x app=x,\n",
            "",
            "default/web-1 left after 1 s at most; see the lines above",
        ),
        (
            WEB + BARE,
            "default web app=web,\n",
            "",
            f"it runs default/bare without a controller (bare-pods); {MOVE}",
        ),
        (
            BARE + CACHE,
            "",
            "",
            f"it runs default/bare without a controller (bare-pods), {LOCAL_DATA}",
        ),
        (
            BARE + CACHE,
            "",
            "--force",
            f"it runs {LOCAL_DATA}",
        ),
        (
            BARE + CACHE,
            "",
            "--delete-emptydir-data --force",
            "default/bare, default/cache-0 left after 1 s at most; see the lines above",
        ),
        (DAEMON, "", "", "no pod left after 1 s at most; see the lines above"),
        (
            "".join(WEB.replace("web-1", f"web-{number}") for number in range(10)),
            "",
            "",
            f"{', '.join(f'default/web-{number}' for number in range(8))} and 2 more left after 1 s at most; see the "
            "lines above",
        ),
    ],
)
def test_a_drain_that_fails_says_what_is_left(
    bench: NodeBench, pods: str, budgets: str, evicts: str, sentence: str
) -> None:
    bench.keep(drain=FAILS, pods=pods, budgets=budgets)
    done = bench.run("drain-node.sh", EVICTS=evicts)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"w1: not drained: {sentence}, then run this again."


@pytest.mark.parametrize(
    ("unread", "sentence"),
    [
        ("unread_node", "the API server does not tell of its node worker1; see the lines above"),
        ("unread_pods", "its workloads could not be read; see the lines above"),
        ("unread_workloads", "its workloads could not be read; see the lines above"),
    ],
)
def test_what_cannot_be_read_is_drained_of_nothing(bench: NodeBench, unread: str, sentence: str) -> None:
    bench.keep(**{unread: ""})
    done = bench.run("drain-node.sh")
    left = "; a cordon may be left until that run" * (unread == "unread_node")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"w1: not drained: {sentence}, then run this again{left}."
    assert bench.drains == []


@pytest.mark.parametrize("unread", ["unread_budgets", "unread_covered"])
def test_budgets_that_cannot_be_read_are_not_none(bench: NodeBench, unread: str) -> None:
    bench.keep(drain=FAILS, pods=WEB, budgets="default web app=web,\n", **{unread: ""})
    assert "and its PodDisruptionBudgets could not be read, then" in bench.run("drain-node.sh").stderr


def test_a_node_that_the_cluster_lacks(bench: NodeBench) -> None:
    bench.remove("node")
    done = bench.run("drain-node.sh")
    sentence = "the cluster has no node worker1; look at `kubectl get nodes`"
    assert (done.returncode, done.stderr) == (1, f"w1: not drained: {sentence}, then run this again.\n")
    assert (bench.patches, bench.drains) == ([], [])


def test_what_was_ready_is_noted_before_the_drain(bench: NodeBench) -> None:
    waiting = DAEMON.replace("proxy", "log").replace("True", "False")
    bench.keep(
        pods=WEB + WEB.replace("web-1", "web-2") + DAEMON + waiting + STATIC + ENDED + BARE + CACHE,
        workloads=WORKLOADS,
        drain=f'cat "{bench.shell.root}{NOTE}"',
    )
    done = bench.run("drain-node.sh")
    assert done.stdout.splitlines() == [
        "Deployment/default/web/2",
        "DaemonSet/kube-system/proxy/1",
        "DaemonSet/kube-system/log/0",
        "StatefulSet/default/cache/1",
    ]
    assert stat.S_IMODE((bench.shell.root / NOTE.lstrip("/")).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("node", "before", "after"),
    [
        (OURS, "Deployment/default/web/2\n", "Deployment/default/web/2\n"),
        (SOMEBODYS, "Deployment/default/web/2\n", "Deployment/default/web/2\n"),
        ({}, "Deployment/default/web/9\n", "Deployment/default/web/1\n"),  # of a drain that is long over
        (OURS, None, None),  # its run noted it on another control plane
        (SOMEBODYS, None, "Deployment/default/web/1\n"),
    ],
)
def test_a_run_that_was_cut_off_has_noted_what_was_ready(
    bench: NodeBench, node: dict[str, Any], before: str | None, after: str | None
) -> None:
    bench.node(**node)
    bench.keep(pods=WEB, workloads=WORKLOADS.replace("web/2/2", "web/2/1"))
    if before is not None:
        bench.shell.file(NOTE, before)
    assert bench.run("drain-node.sh").returncode == 0
    assert bench.note() == after


@pytest.mark.parametrize(
    ("node", "patches"),
    [
        (OURS, [RETURN]),
        ({"cordoned": MOMENT}, [RETURN]),
        (RETURNED, []),
        (RETURNED | SOMEBODYS, []),
        (SOMEBODYS, []),
        ({}, []),
    ],
)
def test_a_cordon_is_lifted_where_it_is_ours(bench: NodeBench, node: dict[str, Any], patches: list[object]) -> None:
    bench.node(**node)
    done = bench.run("uncordon-node.sh")
    assert (done.returncode, done.stderr) == (0, "")
    assert bench.patches == patches


def test_a_race_for_the_cordon_is_seen(bench: NodeBench) -> None:
    bench.node(**OURS)
    bench.node(name="race")
    assert bench.run("uncordon-node.sh").returncode == 0
    assert bench.patches == []


def test_a_cordon_that_cannot_be_read_is_not_lifted(bench: NodeBench) -> None:
    bench.keep(unread_node="")
    done = bench.run("uncordon-node.sh")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "w1: its node worker1 could not be uncordoned; see the lines above, then run this again."
    )


def test_a_node_that_is_gone_has_no_cordon(bench: NodeBench) -> None:
    bench.remove("node")
    assert bench.run("uncordon-node.sh").returncode == 0
