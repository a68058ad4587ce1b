"""A node waited for: Ready at its version, with its DaemonSets' pods and with what was evicted from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.node_bench import NOTE, NodeBench

READY = "Pod/kube-system/proxy-1/Running//DaemonSet/proxy/True//\n"
WAITING = READY.replace("True", "False")
WEB_WAITS = "Pod/default/web-1/Running//ReplicaSet/web-5d/False//\n"
WHOLE = """Deployment/default/web/2/2//
StatefulSet/default/cache/1/1//
ReplicaSet/default/web-5d/2/2/Deployment/web
"""
LESS = WHOLE.replace("web/2/2", "web/2/1").replace("web-5d/2/2", "web-5d/2/1")
NONE = WHOLE.replace("web/2/2", "web/2/")
WEB = "Deployment/default/web/2\n"
HINT = "look at `kubectl get pods -A -o wide`, then run this again"


@pytest.fixture
def bench(tmp_path: Path) -> NodeBench:
    return NodeBench(tmp_path)


ROWS: dict[str, tuple[dict[str, str], str | None, dict[str, str], str]] = {
    # what kubectl tells, what was noted before the drain, what is waited for -> what is lacking
    "a node": ({}, None, {}, ""),
    "at its version": ({}, None, {"VERSION": "v1.34.11"}, ""),
    "at another version": ({}, None, {"VERSION": "v1.35.9"}, "its kubelet reports v1.34.11, not v1.35.9"),
    "of its runtime": ({}, None, {"VERSION": "v1.34.11", "RUNTIME": "containerd"}, ""),
    "of another runtime": (
        {},
        None,
        {"VERSION": "v1.34.11", "RUNTIME": "docker"},
        "its kubelet reports the runtime containerd://2.2.9, not docker",
    ),
    "not Ready": ({"status": "Unknown v1.34.11 containerd://2.2.9"}, None, {}, "its node is not Ready"),
    "not there": ({"status": ""}, None, {}, "its node is not Ready"),
    "not read": ({"unread_status": ""}, None, {}, "the API server does not tell of its node"),
    "a DaemonSet's pod": ({"pods": READY + WEB_WAITS}, None, {}, ""),
    "one that is not Ready": ({"pods": READY + WAITING}, None, {}, "not Ready on it: kube-system/proxy-1"),
    "one that was not Ready before": ({"pods": WAITING}, "DaemonSet/kube-system/proxy/0\n", {}, ""),
    "one that was": (
        {"pods": WAITING},
        "DaemonSet/kube-system/proxy/1\n",
        {},
        "not Ready on it: kube-system/proxy-1",
    ),
    "one that is being deleted": ({"pods": WAITING.replace("False//", "False/2026-11-27T08:00:00Z/")}, None, {}, ""),
    "pods not read": ({"unread_pods": ""}, None, {}, "the API server does not tell of its pods"),
    "workloads that nobody waits for": ({"workloads": LESS}, WEB, {}, ""),
    "workloads as before": ({"workloads": WHOLE}, WEB, {"WORKLOADS": "yes"}, ""),
    "fewer than before": (
        {"workloads": LESS},
        WEB,
        {"WORKLOADS": "yes"},
        "not available again: default/web (1 of 2 Ready)",
    ),
    "none": ({"workloads": NONE}, WEB, {"WORKLOADS": "yes"}, "not available again: default/web (0 of 2 Ready)"),
    "as few as before": ({"workloads": LESS}, "Deployment/default/web/1\n", {"WORKLOADS": "yes"}, ""),
    "as many as it wants by now": ({"workloads": WHOLE}, "Deployment/default/web/5\n", {"WORKLOADS": "yes"}, ""),
    "one that is gone": ({"workloads": ""}, WEB, {"WORKLOADS": "yes"}, ""),
    "another one that lacks": (
        {"workloads": LESS},
        "StatefulSet/default/cache/1\n",
        {"WORKLOADS": "yes"},
        "",
    ),
    "nothing noted, since there was none": ({"workloads": LESS}, "", {"WORKLOADS": "yes"}, ""),
    "no note, and all have what they want": ({"workloads": WHOLE}, None, {"WORKLOADS": "yes"}, ""),
    "no note, and one has not": (
        {"workloads": LESS},
        None,
        {"WORKLOADS": "yes"},
        "not available again: default/web (1 of 2 Ready)",
    ),
    "workloads not read": (
        {"unread_workloads": ""},
        WEB,
        {"WORKLOADS": "yes"},
        "the API server does not tell of its workloads",
    ),
}


@pytest.mark.parametrize(("told", "noted", "awaited", "lacking"), ROWS.values(), ids=ROWS)
def test_what_is_waited_for(
    bench: NodeBench, told: dict[str, str], noted: str | None, awaited: dict[str, str], lacking: str
) -> None:
    bench.keep(**told)
    if noted is not None:
        bench.shell.file(NOTE, noted)
    done = bench.run("await-node.sh", SECONDS_ALLOWED="0", **awaited)
    said = [f"w1: {lacking} after 0 seconds; {HINT}."] if lacking else []
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (int(bool(lacking)), said)
    assert bench.note() == (None if "WORKLOADS" in awaited and not lacking else noted)


SETTLED = {"metadata": {"resourceVersion": "7", "annotations": {"k8s-ha/cordoned": None}}}


@pytest.mark.parametrize(
    ("node", "told", "awaited", "patches"),
    [
        ({}, {}, {"WORKLOADS": "yes"}, [SETTLED | {"spec": {"unschedulable": None}}]),
        ({"unschedulable": True}, {}, {"WORKLOADS": "yes"}, [SETTLED | {"spec": {"unschedulable": True}}]),
        ({}, {"workloads": LESS}, {"WORKLOADS": "yes"}, []),
        ({}, {}, {}, []),
    ],
    ids=["whole", "and cordoned by somebody since", "workloads away", "workloads that nobody waited for"],
)
def test_a_node_is_told_to_be_back_until_its_workloads_are(
    bench: NodeBench, node: dict[str, bool], told: dict[str, str], awaited: dict[str, str], patches: list[object]
) -> None:
    bench.node(**node, cordoned="returned-2026-11-27T08:00:00Z")
    bench.keep(**told)
    bench.run("await-node.sh", SECONDS_ALLOWED="0", **awaited)
    assert bench.patches == patches


def test_it_goes_on_as_soon_as_nothing_is_lacking(bench: NodeBench) -> None:
    bench.keep(status="False v1.34.11 containerd://2.2.9")
    state = bench.shell.root / "state"
    bench.shell.add_tool("sleep", f"printf 'True v1.34.11 containerd://2.2.9' >{state}/status")
    done = bench.run("await-node.sh", SECONDS_ALLOWED="30")
    assert (done.returncode, done.stderr) == (0, "")
