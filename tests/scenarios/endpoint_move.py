"""``python -m tests.scenarios.endpoint_move [FORM…] [--cut]``: the endpoint of a standing cluster moves, and back.

FORM is virtual (an address that two balancers keep), port, another (the other balancer's own address), dead (the same
when the former balancer has lost its power, and left the inventory) or name (a name, which then leads to the other
balancer when the first is dead); without one all of them. The cluster stands behind one balancer's address first. Each
move is planned by a dry run, made while a client asks at the former endpoint and another at the new one every 100 ms,
read back from the nodes, and run again with no change. With --cut the operator is killed after each operation of the
move, once each, until a run comes to its end. Its table is printed. What users noticed is told at the end, and fails
the scenario.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.lab import state
from tests.lab.checks import ready_nodes
from tests.lab.client import Lab
from tests.scenarios.availability import watched
from tests.scenarios.availability_report import Availability
from tests.scenarios.crash import killed_after_each
from tests.scenarios.endpoint_asker import asking
from tests.scenarios.interrupted_change import Kind, check_whole
from tests.scenarios.rollout import dry_run, heading, markdown

DESCRIPTION = "Move the endpoint of a standing cluster, while a client asks at the former and at the new one."
COLUMNS = (
    *("to", "steps", "kills", "seconds", "failed at the former endpoint", "failed at the new one", "watch ends"),
    *("longest gap", "failed service requests"),
)
FIRST, OTHER, VIRTUAL = "10.0.1.157", "10.0.1.158", "10.0.1.100"
NAME: Final = "other.lab.example"
"""The lab's name server, which the operator asks, has it for the other balancer all the time."""
WITHOUT_LB1: Final[Mapping[str, Any]] = {"lb1": None}
NODES: Final = ("master1", "master2", "master3", "worker1")
STANDING: Final[Mapping[str, Any]] = {"control_plane_endpoint": f"{FIRST}:6443"}
FORMS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "virtual": (f"{VIRTUAL}:6443", {"endpoint": {"virtual_address": VIRTUAL}}),
    "port": (f"{FIRST}:8443", {"control_plane_endpoint": f"{FIRST}:8443"}),
    "another": (f"{OTHER}:6443", {"control_plane_endpoint": f"{OTHER}:6443"}),
    "dead": (f"{OTHER}:6443", {"control_plane_endpoint": f"{OTHER}:6443", "of_hosts": WITHOUT_LB1}),
    "name": (f"{NAME}:6443", {"endpoint_name": NAME}),
}
"""The endpoint, and the settings and hosts that it comes by."""
SECONDS_FOR_AN_ANSWER: Final = 3
"""And as many for a connection."""


@dataclass
class Asked:
    """What an endpoint answered, one after the other: when it was asked, and the HTTP status, or the error."""

    answers: list[tuple[float, str]]

    @property
    def since_it_serves(self) -> list[str]:
        """Without what was said before it was built, and while those questions that waited for it came to their end."""
        first = next((moment for moment, said in self.answers if said == "200"), float("inf"))
        return [said for moment, said in self.answers if moment > first + SECONDS_FOR_AN_ANSWER]

    @property
    def failed(self) -> list[str]:
        return [said for said in self.since_it_serves if said != "200"]


@contextmanager
def asked_at(endpoint: str) -> Iterator[Asked]:
    """Requests to an endpoint every 100 ms from where the operator stands, while a block runs."""
    address, port = endpoint.split(":")
    with asking(address, int(port), SECONDS_FOR_AN_ANSWER) as answers:
        yield Asked(answers)


def names_alone(lab: Lab, endpoint: str, former: str) -> None:
    """AssertionError where anything of the cluster names another endpoint, or a kubelet speaks to the former one."""
    kept = lab.kubectl("-n", "kube-system", "get", "configmap", "kubeadm-config", "-o", "yaml")
    assert f"controlPlaneEndpoint: {endpoint}" in kept.replace('"', ""), kept
    assert "former-configurations" not in kept, kept
    info = lab.kubectl("-n", "kube-public", "get", "configmap", "cluster-info", "-o", "yaml")
    assert f"server: https://{endpoint}" in info.replace('"', ""), info
    proxy = lab.kubectl("-n", "kube-system", "get", "configmap", "kube-proxy", "-o", "yaml")
    assert f"server: https://{endpoint}" in proxy.replace('"', ""), proxy
    for name in NODES:
        held = lab.host(name, "grep -rhs 'server: https' /etc/kubernetes/*.conf /root/.kube/config", check=False)
        found = {line.split()[1] for line in held.splitlines()}
        own = f"https://{state.current().topology.host(name).address}:6443"
        assert found <= {f"https://{endpoint}", own}, f"{name}: {found}"
        assert f"https://{endpoint}" in found, f"{name}: {found}"
        address, _, port = former.partition(":")
        spoken = lab.host(name, f"ss -Htnp state established dst {address} dport = :{port}", check=False)
        # The name leads to the address of before, at first.
        assert endpoint.startswith(NAME) or "kubelet" not in spoken, f"{name}: {spoken}"
        assert lab.host(name, "ls -d /var/lib/k8s-ha/kubeconfigs", check=False) == "", name
    assert ready_nodes(lab) == sorted(NODES), ready_nodes(lab)


def moved(lab: Lab, what: str, former: str, endpoint: str, settings: Mapping[str, Any], cuts: bool) -> list[object]:
    """A move, as a row of the table; AssertionError where it is not whole, or users noticed."""
    kind = Kind({}, settings, lambda where: names_alone(where, endpoint, former), ())
    kills: int | str = ""
    with asked_at(endpoint) as asked, watched(lab) as found:
        steps = dry_run(lab, what, **settings)
        print(f"{what}, {len(steps)} steps:", *steps, sep="\n  ", flush=True)
        started = time.monotonic()
        if cuts:
            kills = killed_after_each(lab, **settings)
        else:
            lab.results(**settings)
        seconds = time.monotonic() - started
        print(f"{what}: moved after {seconds:.0f} s", flush=True)
        check_whole(lab, what, kind)
    # A former port is closed, and an address that moves given up, when nothing of the cluster names it any more. The
    # client there is none of that.
    stays = former.partition(":")[2] == endpoint.partition(":")[2] and not former.startswith(f"{VIRTUAL}:")
    check_noticed(lab, what, asked, found, stays, settings)
    return row(what, len(steps), kills, seconds, asked, found)


def left_dead(lab: Lab, what: str, former: str, endpoint: str, settings: Mapping[str, Any]) -> list[object]:
    """The same away from a balancer that has lost its power, and that the inventory has no longer.

    + former: what the operator's client asks
    """
    with asked_at(endpoint) as asked, watched(lab) as found:
        lab.run("power", "lb1", "kill", check=True)
        steps = dry_run(lab, what, without="lb1", **settings)
        print(f"{what}, {len(steps)} steps:", *steps, sep="\n  ", flush=True)
        started = time.monotonic()
        lab.results(**settings)
        seconds = time.monotonic() - started
        print(f"{what}: moved after {seconds:.0f} s", flush=True)
        names_alone(lab, endpoint, former)
        again = lab.results(**settings)["totals"]
        assert again["success"] == 0, again
    check_noticed(lab, what, asked, found, former == endpoint, settings)
    return row(what, len(steps), "", seconds, asked, found)


def held_by_kube_proxy(lab: Lab, name: str) -> set[str]:
    """The addresses that a name has in the copies of /etc/hosts of all pods of kube-proxy."""
    look = f"cd /var/lib/kubelet/pods; for pod in */containers/kube-proxy; do grep -w {name} $pod/../../etc-hosts; done"
    return {line.split()[0] for node in NODES for line in lab.host(node, look).splitlines()}


def check_noticed(
    lab: Lab, what: str, asked: Asked, found: Availability, stays: bool, settings: Mapping[str, Any]
) -> None:
    """AssertionError where verify or users have something to complain of.

    + stays: whether the former endpoint serves to the end, and after it
    """
    print(found.table(), flush=True)
    verified = lab.pyinfra("-y", deploy="k8s_ha.verify", **settings)
    assert verified.returncode == 0, verified.stderr[-4000:]
    noticed = [line for line in found.complaints() if stays or not line.startswith(("API", "The watch"))]
    if asked.failed:
        noticed.append(f"{len(asked.failed)} requests failed at the new endpoint: {sorted(set(asked.failed))}")
    assert asked.since_it_serves, "nobody was answered at the new endpoint"
    assert not noticed, "\n".join([f"users noticed that the endpoint moved to {what}; the lab is up:", *noticed])


def row(what: str, steps: int, kills: int | str, seconds: float, asked: Asked, found: Availability) -> list[object]:
    return [
        *(what, steps, kills, round(seconds), f"{found.api[0]} of {found.api[1]}"),
        *(f"{len(asked.failed)} of {len(asked.since_it_serves)}", len(found.held.interruptions)),
        *(f"{found.held.longest_gap:.1f} s", f"{found.service[0]} of {found.service[1]}"),
    ]


def there_and_back(lab: Lab, form: str, cuts: bool) -> Iterator[list[object]]:
    """Rows of the table."""
    standing, (endpoint, settings) = f"{FIRST}:6443", FORMS[form]
    if form == "dead":
        yield left_dead(lab, form, standing, endpoint, settings)
    else:
        yield moved(lab, form, standing, endpoint, settings, cuts)
    if form == "name":
        assert held_by_kube_proxy(lab, NAME) == {FIRST}
        yield left_dead(lab, "the name at another", endpoint, endpoint, {**settings, "of_hosts": WITHOUT_LB1})
        assert held_by_kube_proxy(lab, NAME) == {OTHER}
    if form in ("dead", "name"):
        lab.run("power", "lb1", "on", check=True)
    yield moved(lab, "back", endpoint, standing, STANDING, cuts)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.endpoint_move", description=DESCRIPTION)
    parser.add_argument("forms", nargs="*", choices=[[], *FORMS], metavar="FORM", help=", ".join(FORMS))
    parser.add_argument("--cut", action="store_true", help="kill the operator after each operation")
    options = parser.parse_args(arguments)
    lab = Lab(topology="tests/lab/topology-balancers.toml", options=("--line", "1.37"))
    lab.up()
    lab.results(**STANDING)
    version = json.loads(lab.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    print(f"Kubernetes {version} stands at {FIRST}:6443", flush=True)
    rows = heading(COLUMNS)
    for name in options.forms or FORMS:
        for cells in there_and_back(lab, name, options.cut):
            rows.append(markdown(cells))
            print(rows[-1], flush=True)
    print(*rows, sep="\n", flush=True)
    lab.run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
