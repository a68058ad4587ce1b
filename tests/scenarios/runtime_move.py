"""``python -m tests.scenarios.runtime_move [--cut]``: the source document's cluster, moved from Docker to containerd.

It is Kubernetes 1.20.2 on CentOS 7, RHEL 8 and Rocky 8, which the kubelet itself ran on Docker. The move is planned by
a dry run, made while it is watched what users notice, read back from the nodes, and run again with no change. With
--cut the operator is killed after each operation of the move, once each, until a run comes to its end. Its table is
printed. What users noticed is told at the end, and fails the scenario.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from typing import Final

from tests.lab.checks import NODES
from tests.lab.client import Lab
from tests.scenarios.availability import watched
from tests.scenarios.crash import killed_after_each
from tests.scenarios.interrupted_change import Kind, check_whole
from tests.scenarios.rollout import check_unnoticed, dry_run, heading, markdown

DESCRIPTION = "Move the source document's cluster from Docker to containerd, while it is watched what users notice."
COLUMNS = (
    *("kubernetes", "steps", "kills", "seconds", "failed API requests", "failed service requests"),
    *("watch ends", "longest gap"),
)


def is_moved(lab: Lab) -> None:
    """AssertionError where a node runs on another runtime, or Docker is left running or enabled."""
    nodes = json.loads(lab.kubectl("get", "nodes", "-o", "json"))["items"]
    told = {node["metadata"]["name"]: node["status"]["nodeInfo"]["containerRuntimeVersion"] for node in nodes}
    assert {*told} == {*NODES}, told
    assert all(runtime.startswith("containerd://") for runtime in told.values()), told
    socket = r"{.metadata.annotations.kubeadm\.alpha\.kubernetes\.io/cri-socket}"
    for name in NODES:
        noted = lab.kubectl("get", "node", name, "-o", f"jsonpath={socket}")
        assert noted == "unix:///run/containerd/containerd.sock", f"{name}: {noted}"
        units = "docker.service docker.socket"
        left = lab.host(name, f"systemctl is-active {units}; systemctl is-enabled {units}", check=False).split()
        assert {*left} <= {"inactive", "disabled", "unknown"}, f"{name}: {units} are {left}"


MOVE: Final = Kind({}, {"container_runtime": "containerd"}, is_moved, ())


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.runtime_move", description=DESCRIPTION)
    parser.add_argument("--cut", action="store_true", help="kill the operator after each operation")
    options = parser.parse_args(arguments)
    lab = Lab("tests/lab/document/inventory.py", "tests/lab/topology-document.toml")
    lab.up()
    lab.results()
    version = lab.kubectl("version", "-o", "json")
    kills: int | str = ""
    with watched(lab) as found:
        steps = dry_run(lab, "containerd", **MOVE.settings)
        print(f"{len(steps)} steps:", *steps, sep="\n  ", flush=True)
        started = time.monotonic()
        if options.cut:
            kills = killed_after_each(lab, **MOVE.settings)
        else:
            lab.results(**MOVE.settings)
        seconds = time.monotonic() - started
        print(f"moved after {seconds:.0f} s", flush=True)
        check_whole(lab, "containerd", MOVE)
    print(found.table(), flush=True)
    cells = (json.loads(version)["serverVersion"]["gitVersion"], len(steps), kills, round(seconds), *found.cells)
    print(*heading(COLUMNS), markdown(cells), sep="\n", flush=True)
    check_unnoticed(found.complaints())
    lab.run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
