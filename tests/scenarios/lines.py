"""``python -m tests.scenarios.lines [ROW…]``: each Kubernetes line on real hosts, from nothing to a lost control plane.

A row is a line on a flavour of hosts with a containerd, such as ``1.37``, ``1.37/rocky-9`` or ``1.35/rocky-8/1.7``. Its
cluster, of three control planes, a worker and a balancer, is built and verified, run again with no change, loses a
control plane's power, gets it back and is verified again. What is proven goes into docs/proven.json, from which
docs/proven.md is made; a row that is played again takes its old one's place, and one that fails is taken out.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from tests.lab.build.tables.lines import DEFAULT, find
from tests.lab.checks import ready_nodes
from tests.lab.client import SECONDS_FOR_A_WATCH, Lab, until
from tests.scenarios import e2e_kubeadm
from tests.support.paths import PROJECT

PROVEN = PROJECT / "docs" / "proven.json"
PAGE = PROJECT / "docs" / "proven.md"
SECONDS_TO_BE_SEEN = 120
LOST = "master3"
MEASURED = ("build", "verify", "operations", "e2e_kubeadm", "back", "on")
COLUMNS = ("system", "kubernetes", "runtime", "etcd", "coredns", "flannel", *MEASURED)

ADDRESSES = {
    "master1": ("10.0.11.18", "control_plane"),
    "master2": ("10.0.12.55", "control_plane"),
    "master3": ("10.0.13.22", "control_plane"),
    "worker1": ("10.0.12.16", "workers"),
    "master-lb": ("10.0.1.157", "load_balancers"),
}
NODES = sorted(name for name in ADDRESSES if name != "master-lb")


MIXED = "mixed"
"""A cluster over EL 7, 8, 9 and 10."""


class Row(NamedTuple):
    """What is tried.

    + line: or patch, of the lab's
    + flavour: of all hosts, or MIXED
    + containerd: empty is the one that the lab has for the line
    """

    line: str
    flavour: str = "rocky-8"
    containerd: str = ""

    @property
    def name(self) -> str:
        """What a user calls it; the flavour of most goes without saying."""
        return self.line if self == Row(self.line) else "/".join(filter(None, self))


LINES = ("1.20", "1.29", "1.30", "1.31", "1.32", "1.33", "1.34.4", "1.34.11", "1.35", "1.36", "1.37")
ROWS = (
    *map(Row, LINES),
    # Each flavour on the newest line that it carries.
    Row("1.30", "centos-7"),
    Row("1.37", "rhel-8"),
    Row("1.37", "rocky-9"),
    Row("1.37", "rocky-10"),
    # All of them in one cluster.
    Row("1.30", MIXED),
    # Each containerd on the oldest and the newest line that it fits; what is not here is above.
    Row("1.29", containerd="1.7"),
    Row("1.35", containerd="1.7"),
    Row("1.35", containerd="1.6"),
)

VAULT = {"base_repositories": "vault"}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "centos-7": VAULT,
    "rocky-10": {"kube_proxy_mode": "nftables"},
    MIXED: VAULT,
}
"""What a flavour's clusters set otherwise."""


def topology_of(row: Row, folder: Path) -> Path:
    """The file that says which hosts there are; it is written into the folder unless the lab has it."""
    if row.flavour == MIXED:
        return PROJECT / "tests/lab/topology-mixed.toml"
    hosts = (
        f'[hosts.{name}]\naddress = "{address}"\nflavour = "{row.flavour}"\ngroups = ["{group}"]\n'
        for name, (address, group) in ADDRESSES.items()
    )
    topology = folder / "topology.toml"
    topology.write_text("\n".join(hosts), encoding="utf-8")
    return topology


def seconds(act: Callable[[], object]) -> int:
    started = time.monotonic()
    act()
    return round(time.monotonic() - started)


def play(row: Row, folder: Path) -> Mapping[str, Any]:
    """The row's way; AssertionError where it goes wrong."""
    more = ("--containerd", row.containerd) if row.containerd else ()
    lab = Lab(topology=str(topology_of(row, folder)), options=("--line", row.line, *more))
    settings = SETTINGS.get(row.flavour, {})

    def verify() -> None:
        run = lab.pyinfra("-y", deploy="k8s_ha.verify", **settings)
        assert run.returncode == 0, run.stderr

    lab.up()
    build = seconds(lambda: lab.results(**settings))
    verified = seconds(verify)
    again = lab.results(**settings)
    assert again["totals"]["success"] == 0, again
    passed = own_tests(lab, row)
    lab.run("power", LOST, "kill", check=True)
    left = [name for name in NODES if name != LOST]
    until(lambda: ready_nodes(lab) == left, SECONDS_TO_BE_SEEN, f"{LOST} is seen to be gone")
    lab.run("power", LOST, "on", check=True)
    back = round(until(lambda: ready_nodes(lab) == NODES, SECONDS_FOR_A_WATCH, "all nodes are Ready"))
    verify()
    counted = {"operations": len(again["operations"]), "e2e_kubeadm": passed}
    return {**versions(lab), "build": build, "verify": verified, **counted, "back": back}


def own_tests(lab: Lab, row: Row) -> str:
    """How many of Kubernetes' own tests passed, of how many; AssertionError where one failed."""
    line = find(row.line)
    if line.version == DEFAULT:
        return "-"  # Debian's source package is no module
    states = e2e_kubeadm.states(lab, line)
    failed = [name for name, state in states.items() if state not in ("passed", "skipped")]
    assert not failed, failed
    return f"{list(states.values()).count('passed')} of {len(states)}"


def versions(lab: Lab) -> dict[str, str]:
    """What the nodes, and the programs in the pods, say that they are."""
    nodes = [each["status"]["nodeInfo"] for each in json.loads(lab.kubectl("get", "nodes", "-o", "json"))["items"]]

    def said(key: str) -> str:
        return ", ".join(sorted({each[key] for each in nodes}))

    image = ("-o", "jsonpath={.items[0].spec.containers[0].image}")
    flannel = lab.kubectl("-n", "kube-flannel", "get", "pods", *image)
    etcd = lab.kubectl("-n", "kube-system", "exec", "etcd-master1", "--", "etcd", "--version")
    coredns = lab.kubectl("-n", "kube-system", "exec", "deployment/coredns", "--", "/coredns", "-version", check=False)
    return {
        "system": said("osImage"),
        "kubernetes": said("kubeletVersion").removeprefix("v"),
        "runtime": said("containerRuntimeVersion").replace("://", " "),
        "etcd": etcd.split()[2],
        "coredns": coredns.split()[0].removeprefix("CoreDNS-") if coredns.startswith("CoreDNS-") else "a stand-in",
        "flannel": flannel.rpartition(":v")[2],
    }


def page(proven: Mapping[str, Mapping[str, Any]]) -> str:
    """docs/proven.md."""
    lines = [
        "# What has been built for real",
        "",
        "Made from proven.json by `make test-lines`; do not edit. Each row is a cluster of three control planes, one",
        "worker and one load balancer on lookalikes of that system in the lab, with one kernel, newer than theirs, and",
        "cgroup v1. It was built from nothing, verified, and run again with no change. Then a control plane lost its",
        "power and came back. Where all hosts are of EL 10, kube-proxy is in nftables mode.",
        "",
        "`e2e_kubeadm` is Kubernetes' own suite, unchanged; the join secrets that three of its tests ask for are made",
        "for its time. Of etcd and CoreDNS the programs that ran are named, whatever tags kubeadm asks for.",
        "`build`, `verify` and `back` are seconds on two cores: all of them depend on that machine's day.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"| {' | '.join('---' for _ in COLUMNS)} |",
        *(f"| {' | '.join(str(proven[row.name][name]) for name in COLUMNS)} |" for row in ROWS if row.name in proven),
    ]
    if missing := [row.name for row in ROWS if row.name not in proven]:
        lines += ["", f"Not run yet: {', '.join(missing)}."]
    return "\n".join(lines) + "\n"


def recorded() -> dict[str, Any]:
    """What docs/proven.json holds, by the rows' names."""
    found: dict[str, Any] = json.loads(PROVEN.read_text(encoding="utf-8"))
    return found


def record(row: Row, proven: Mapping[str, Any] | None) -> None:
    """Put what was proven in the place of what was; None takes the row out."""
    rows = {name: value for name, value in recorded().items() if name != row.name}
    if proven:
        rows[row.name] = {**proven, "on": date.today().isoformat()}
    PROVEN.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(page(rows), encoding="utf-8")


def main(names: Sequence[str]) -> None:
    if unknown := set(names) - {row.name for row in ROWS}:
        sys.exit(f"{', '.join(sorted(unknown))}: no such row; choose of {', '.join(row.name for row in ROWS)}")
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for row in [row for row in ROWS if not names or row.name in names]:
            try:
                proven = play(row, Path(folder))
            except (AssertionError, subprocess.TimeoutExpired) as error:
                failed.append(row.name)
                record(row, None)
                print(f"{row.name}: failed: {error}", flush=True)
            else:
                record(row, proven)
                print(f"{row.name}: {json.dumps(proven)}", flush=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; the lab of the last row is still up")
    Lab().run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
