"""``python -m tests.scenarios.interrupted_change [KIND…] [--power]``: changes of a standing cluster that are cut off
and gone on with.

KIND is upgrade, settings or removal; without one all of them. The operator is killed after each operation from the
first step on, once each, until a run comes to its end. With --power the host that acts loses its
power instead, once in each kind of step; it comes back, and the run is started again. Afterwards the change must be
whole: nothing was lost of a workload, no node is cordoned, and one more run changes nothing. Its table is printed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.lab.checks import CONTROL_PLANES, NODES, etcd_members, ready_nodes
from tests.lab.client import SECONDS_FOR_A_WATCH, Lab, until
from tests.scenarios.availability import NAMESPACE, service, watched
from tests.scenarios.availability_report import Availability
from tests.scenarios.crash import killed_after_each
from tests.scenarios.fault_injection.network import bring_back, cut, run, run_until
from tests.scenarios.rollout import dry_run, heading, markdown, second_run
from tests.scenarios.settings import flags_of, max_pods, patched
from tests.scenarios.upgrade import parts

DESCRIPTION = "Cut changes of a standing cluster off, and go on with them."
COLUMNS = ("change", "cut", "points", "whole", "seconds", "failed API requests", "failed service requests")
FIRST, LAST = "1.34.4", "1.34.11"
REPLICAS = 2


@dataclass(frozen=True)
class Moment:
    """A power cut: so many seconds into the operation of this name, of the host that acts in it."""

    host: str
    operation: str
    seconds: float


@dataclass(frozen=True)
class Kind:
    """A change of a standing cluster.

    + standing: the settings that it stands with
    + settings: those of the change
    + check: AssertionError where it is not as the change leaves it
    + moments: for power cuts, in the order of the steps
    """

    standing: Mapping[str, Any]
    settings: Mapping[str, Any]
    check: Callable[[Lab], None]
    moments: tuple[Moment, ...]


def _is_upgraded(lab: Lab) -> None:
    complaints = parts(lab).complaints(LAST)
    assert not complaints, "\n".join(complaints)


def _is_set(lab: Lab) -> None:
    flags, pods = flags_of("kube-apiserver", "event-ttl")(lab), max_pods(lab)
    assert set(flags.values()) == {"--event-ttl=2h0m0s"}, flags
    assert set(pods.values()) == {"120"}, pods


def _is_removed(lab: Lab) -> None:
    assert ready_nodes(lab) == sorted({*NODES} - {"master3", "worker2"})
    assert sorted(etcd_members(lab)) == ["master1", "master2"]
    for name in ("master3", "worker2"):
        lab.host(name, "! ls /etc/kubernetes/kubelet.conf /var/lib/etcd/member 2>/dev/null", check=True)


KINDS: Final[Mapping[str, Kind]] = {
    "upgrade": Kind(
        {"kubernetes_version": FIRST},
        {"kubernetes_version": LAST},
        _is_upgraded,
        (
            Moment("worker1", f"Fetch the packages and images of {LAST}", 1),
            Moment("master1", "Save etcd and the certificates", 3),
            Moment("master-lb", "Have nginx pass on to master1 no more", 0),
            Moment("master1", "Install kubeadm", 2),
            Moment("master1", f"Upgrade the control plane to {LAST}", 8),
            Moment("master1", f"Upgrade the control plane to {LAST}", 30),
            Moment("master2", f"Upgrade the control plane to {LAST}", 15),
            Moment("master-lb", "Have nginx pass on to master2 again", 0),
            Moment("master3", "Cordon and drain the node", 3),
            Moment("master2", "Install kubelet and kubectl", 2),
            Moment("worker1", "Cordon and drain the node", 4),
            Moment("worker1", f"Run kubelet {LAST}", 0),
            Moment("worker2", "Wait for the node, and uncordon it", 2),
        ),
    ),
    "settings": Kind(
        {},
        {
            **patched(
                {
                    "ClusterConfiguration": {"apiServer": {"extraArgs": {"event-ttl": "2h0m0s"}}},
                    "KubeletConfiguration": {"maxPods": 120},
                }
            ),
            "cert_extra_sans": ["api.lab.example"],
        },
        _is_set,
        (
            Moment("master1", "Change the ClusterConfiguration", 0),
            Moment("master1", "Make the API server's certificate anew", 3),
            Moment("master2", "Configure kube-apiserver", 5),
            Moment("master2", "Configure kube-apiserver", 25),
            Moment("master3", "Configure the kubelet", 5),
            Moment("worker1", "Configure the kubelet", 12),
        ),
    ),
    "removal": Kind(
        {},
        {"removed_nodes": ["master3", "worker2"]},
        _is_removed,
        (
            Moment("master1", "Cordon and drain the node", 3),
            Moment("master1", "Remove its member from etcd", 0),
            Moment("master3", "Reset master3", 3),
            Moment("master1", "Delete its node", 0),
        ),
    ),
}


@contextmanager
def workload(lab: Lab) -> Iterator[None]:
    """A service of two replicas, which the block must not cost any of."""
    with service(lab):
        yield
        until(lambda: replicas(lab) == REPLICAS, SECONDS_FOR_A_WATCH, "both replicas are available")


def replicas(lab: Lab) -> int:
    found = json.loads(lab.kubectl("-n", NAMESPACE, "get", "deployment", "web", "-o", "json"))
    return int(found["status"].get("availableReplicas", 0))


def check_whole(lab: Lab, name: str, kind: Kind) -> None:
    """The change has come to its end, nothing of it is left, and one more run changes nothing."""
    kind.check(lab)
    nodes = json.loads(lab.kubectl("get", "nodes", "-o", "json"))["items"]
    noted = [node["metadata"]["name"] for node in nodes if "k8s-ha/cordoned" in node["metadata"].get("annotations", {})]
    closed = [node["metadata"]["name"] for node in nodes if node["spec"].get("unschedulable")]
    assert (noted, closed) == ([], []), f"cordoned after {name}: {noted}, {closed}"
    gone = set(kind.settings.get("removed_nodes", ()))
    for host in {*CONTROL_PLANES} - gone:
        left = lab.host(
            host, "ls -d /var/lib/k8s-ha/static-pods /var/lib/k8s-ha/kubeadm-upgrade-unfinished", check=False
        )
        assert left == "", f"{host} still keeps {left}"
    second_run(lab, name, **kind.settings)


def killed(lab: Lab, name: str, kind: Kind) -> tuple[int, Availability]:
    """The change, whose operator is killed again and again."""
    with watched(lab) as found:
        dry_run(lab, name, **kind.settings)
        kills = killed_after_each(lab, **kind.settings)
        until(lambda: replicas(lab) == REPLICAS, SECONDS_FOR_A_WATCH, "both replicas are available")
    return kills, found


def powered_off(lab: Lab, kind: Kind) -> int:
    """The change, whose acting host loses its power again and again; how often it did."""
    cuts = 0
    with workload(lab):
        for moment in kind.moments:
            print(f"  {moment.host} is cut off {moment.seconds} s into {moment.operation!r}", flush=True)
            with run_until(lab, moment.operation, moment.seconds, moment.host, **kind.settings) as ran:
                cut(lab, "kill", moment.host)
            ran[0].show("that run")
            assert ran[0].code == 1, ran[0].reported
            bring_back(lab, "kill", moment.host)
            cuts += 1
        again = run(lab, **kind.settings)
        again.show("a run when all are back")
        assert again.code == 0, again.reported
    return cuts


def interrupted(lab: Lab, name: str, by_power: bool) -> str:
    """One kind of change on a cluster of its own; its row."""
    kind = KINDS[name]
    lab.up()
    lab.results(**kind.standing)
    started = time.monotonic()
    found = Availability()
    if by_power:
        points = powered_off(lab, kind)
    else:
        points, found = killed(lab, name, kind)
        print(found.table(), flush=True)
    check_whole(lab, name, kind)
    cells: tuple[object, ...] = (
        *(name, "power" if by_power else "operator", points, "yes", round(time.monotonic() - started)),
        *(f"{failed} of {asked}" if asked else "" for failed, asked in (found.api, found.service)),
    )
    return markdown(cells)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.interrupted_change", description=DESCRIPTION)
    parser.add_argument("kinds", nargs="*", choices=[[], *KINDS], metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--power", action="store_true", help="cut the acting host's power, and kill no operator")
    options = parser.parse_args(arguments)
    rows = heading(COLUMNS)
    for name in options.kinds or KINDS:
        lines = (FIRST, LAST) if name == "upgrade" else ("1.37",)
        lab = Lab(options=tuple(word for line in lines for word in ("--line", line)))
        rows.append(interrupted(lab, name, options.power))
        print(rows[-1], flush=True)
    print(*rows, sep="\n", flush=True)
    lab.run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
