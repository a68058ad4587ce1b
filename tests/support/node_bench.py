"""A kubectl that keeps one node, with what it lists, for the scripts that cordon, drain and await."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

KUBECTL = r"""
cd STATE || exit 1
echo "$*" >>calls
tell() {
    [ ! -e "unread-$1" ] || { echo "Unable to connect to the server" >&2 && exit 1; }
    [ ! -e "$1" ] || cat "$1"
}
case $* in
    *" get node worker1 --ignore-not-found "*resourceVersion*) tell node ;;
    *" get node worker1 --ignore-not-found "*kubeletVersion*) tell status ;;
    *" get node worker1 --ignore-not-found "*node.kubernetes.io/unschedulable*)
        if [ -e leads-later ]; then rm leads-later; else tell taint; fi
        ;;
    *" patch node worker1 "*)
        if [ -e race ]; then
            mv race node
            echo "Error from server (Conflict)" >&2
            exit 1
        fi
        for patch; do :; done
        echo "$patch" >>patches
        ;;
    *" drain worker1 "*) [ ! -e drain ] || . ./drain ;;
    *" get pods -A --field-selector spec.nodeName=worker1 "*) tell pods ;;
    *" get deployments,statefulsets,replicasets -A "*) tell workloads ;;
    *" get poddisruptionbudgets -A "*) tell budgets ;;
    *" get volumeattachments "*) tell attached ;;
    *" -n "*" get pods -l app=web --field-selector spec.nodeName=worker1 -o name") tell covered ;;
    *" -n "*" get pods -l "*) ;;
    *) echo "unexpected: $*" >&2 && exit 9 ;;
esac
"""

NOTE = "/var/lib/k8s-ha/drained-worker1"


class NodeBench:
    """The node worker1 of a cluster, as kubectl tells of it; the files of its state hold what that prints."""

    def __init__(self, root: Path) -> None:
        self.shell = Shell(root)
        self._state = root / "state"
        self._state.mkdir()
        self.shell.add_tool("kubectl", KUBECTL.replace("STATE", str(self._state)))
        (root / "run").mkdir()
        self.node()
        self.keep(
            pods="",
            workloads="",
            budgets="",
            covered="pod/web-1",
            taint="NoSchedule",
            status="True v1.34.11 containerd://2.2.9",
        )

    def node(self, unschedulable: bool = False, cordoned: str = "", name: str = "node") -> None:
        """Have the node stand so."""
        self._state.joinpath(name).write_text(f"7|{'true' * unschedulable}|{cordoned}", encoding="utf-8")

    def keep(self, **files: str) -> None:
        """Have files in the state; underscores stand for hyphens."""
        for name, text in files.items():
            self._state.joinpath(name.replace("_", "-")).write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        """Have a file of the state no longer."""
        self._state.joinpath(name).unlink()

    def note(self) -> str | None:
        """What the drain noted; None for no note."""
        path = self.shell.root / NOTE.lstrip("/")
        return path.read_text(encoding="utf-8") if path.exists() else None

    def run(self, script: str, **values: str) -> subprocess.CompletedProcess[str]:
        """One of the scripts, with the functions before it."""
        given = {
            "NODE": "worker1",
            "HOST": "w1",
            "KUBECTL": "kubectl --server https://10.0.11.18:6443",
            "SECONDS_ALLOWED": "1",
            "SECONDS_TO_LEAD": "2",
            "EVICTS": "",
            "VERSION": "",
            "WORKLOADS": "",
        }
        names = ("cordon.sh", "node-workloads.sh", script)
        return self.shell.run(shell_variables(given | values) + "".join(map(read_file, names)))

    @property
    def drains(self) -> list[str]:
        """The flags of each drain."""
        calls = self._state.joinpath("calls").read_text(encoding="utf-8").splitlines()
        return [found[1] for call in calls if (found := re.search(r" drain worker1 (.*)", call))]

    @property
    def patches(self) -> list[Any]:
        """The patches that the API server took; a moment reads ``now``."""
        path = self._state / "patches"
        texts = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "now", text)) for text in texts]
