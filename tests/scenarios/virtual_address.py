"""``python -m tests.scenarios.virtual_address [two] [three]``: an address that moves between this package's balancers.

two: two balancers before three control planes; three: three machines that are everything. The endpoint is asked every
100 ms while balancers go away; a third host asks by ARP who has the address. It prints a table.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.lab.checks import ready_nodes
from tests.lab.client import Lab, until
from tests.scenarios.endpoint_asker import asking
from tests.scenarios.own_folder import Project
from tests.scenarios.rollout import heading, markdown
from tests.support.finding_rows import rows

VIRTUAL: Final = "10.0.1.100"
ROUTER: Final = 100
BALANCERS: Final = ("lb1", "lb2")
CONTROL_PLANES: Final = ("master1", "master2", "master3")
LINE: Final = ("--line", "1.37")
ENDPOINT: Final = {"virtual_address": VIRTUAL}
UNTAINTED: Final = {name: {"taints": []} for name in CONTROL_PLANES}
SECONDS_AFTER: Final = 15
"""How long it is looked at after something has come back: an address that moves again has done so by then."""
SECONDS_TO_RETURN: Final = 60
"""In which all API servers are up again, half of it with time to spare."""

_WHO: Final = "while :; do arping -b -c 1 -I eth0 {address}; done >/root/who 2>&1"
_SPEAKER: Final = """
import socket, time
speaker = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
while True:
    speaker.sendto(bytes([0x31, {router}, 100, 1, 0, 100, 0, 0, 10, 0, 1, 99]), ("224.0.0.18", 0))
    time.sleep(0.5)
"""


@dataclass
class Watch:
    """What the endpoint answered and who has had the address while a block ran.

    + answers: the moment and the HTTP status, or the error, of each request
    + holders: MAC addresses that answered one question each
    """

    answers: list[tuple[float, str]] = field(default_factory=list)
    holders: list[set[str]] = field(default_factory=list)

    @property
    def failed(self) -> str:
        """How many requests, and how."""
        counts = Counter(said for _, said in self.answers if said != "200")
        return f"{counts.total()} of {len(self.answers)}" + (f" ({', '.join(counts)})" if counts else "")

    @property
    def seconds_without(self) -> float:
        """The longest time between requests that were answered."""
        good = sorted(moment for moment, said in self.answers if said == "200")
        return max((later - earlier for earlier, later in itertools.pairwise(good)), default=float("inf"))

    @property
    def at_once(self) -> int:
        """How many had the address at once, at most."""
        return max(map(len, self.holders), default=0)


@contextmanager
def watching(lab: Lab, port: int, asker: str) -> Iterator[Watch]:
    """Requests from where the operator stands, and ARP from a host of the cluster."""
    found = Watch()
    lab.host(asker, f"systemd-run -q --unit who sh -c {quote(_WHO.format(address=VIRTUAL))}")
    try:
        with asking(VIRTUAL, port, 1) as found.answers:
            time.sleep(2)
            yield found
    finally:
        for question in lab.host(asker, "systemctl stop who; cat /root/who; rm /root/who").split("ARPING")[1:]:
            found.holders.append({line.split("[")[1][:17] for line in question.splitlines() if "reply from" in line})


def holders(lab: Lab, balancers: Sequence[str]) -> list[str]:
    """The balancers that have the address; one that is off has none."""
    look = f"ip -4 -o addr show | grep -qF ' {VIRTUAL}/' && echo here"
    return [name for name in balancers if "here" in lab.host(name, look, check=False)]


def built(lab: Lab, nodes: int, **settings: Any) -> float:
    """Seconds of a build, after which all nodes are Ready and one more run changes nothing."""
    started = time.monotonic()
    lab.results(**settings)
    seconds = time.monotonic() - started
    assert len(ready_nodes(lab)) == nodes, ready_nodes(lab)
    before = lab.digest()
    again = lab.results(**settings)
    assert again["totals"]["success"] == 0, again["totals"]
    assert not lab.digest() ^ before, sorted(lab.digest() ^ before)[:5]
    return seconds


def refused(lab: Lab, sentence: str, **settings: Any) -> None:
    """A run says so, and has changed nothing; a dry run says the same."""
    before = lab.digest()
    for flag in ("--dry", "-y"):
        done = lab.pyinfra(flag, **settings)
        assert done.returncode == 1, done.stderr[-4000:]
        told = [f"{row.found} {row.wanted}" for row in rows(done.stderr) if row.check == "endpoint"]
        assert any(sentence in found for found in told), f"{sentence!r} was not said:\n{done.stderr[-4000:]}"
    changed = sorted(lab.digest() ^ before)
    assert not changed, changed[:5]
    print(f"refused, nothing changed: {sentence}", flush=True)


def wrong_ones(lab: Lab) -> None:
    """On clean hosts."""
    refused(lab, "somebody answers at the virtual address 10.0.0.2", endpoint={"virtual_address": "10.0.0.2"})
    refused(lab, "the virtual address 10.9.0.9 is of that network", endpoint={"virtual_address": "10.9.0.9"})
    lab.host("lb2", "mkdir -p /etc/keepalived && echo 'vrrp_instance x {' >/etc/keepalived/keepalived.conf")
    refused(lab, "its /etc/keepalived/keepalived.conf is somebody's own", endpoint=ENDPOINT)
    lab.host("lb2", "rm -r /etc/keepalived")
    speaks = f"systemd-run -q --unit speaker /usr/libexec/platform-python -c {quote(_SPEAKER.format(router=ROUTER))}"
    lab.host("worker1", speaks)
    refused(lab, f"hears 10.0.12.16 speak for virtual router {ROUTER}", endpoint=ENDPOINT)
    lab.host("worker1", "systemctl stop speaker")


@dataclass
class Table:
    """What was tried, and what users saw of it."""

    lab: Lab
    balancers: Sequence[str]
    port: int
    lines: list[tuple[object, ...]] = field(default_factory=list)

    def tried(
        self, what: str, away: Callable[[str], object], back: Callable[[str], object], bound: float, moves: bool = True
    ) -> None:
        """Something that befalls the holder, and comes to an end.

        + bound: how many seconds the endpoint may be without an answer
        + moves: whether the address shall move; else nobody may notice but by the bound
        """
        (holder,) = holders(self.lab, self.balancers)
        # Of those that ask by ARP none may have the address: the last is the last to get it.
        asker = "worker1" if self.balancers == BALANCERS else [name for name in self.balancers if name != holder][-1]
        with watching(self.lab, self.port, asker) as found:
            away(holder)
            if moves:
                until(lambda: [holder] != holders(self.lab, self.balancers) != [], 60, f"{what}: it has moved")
            time.sleep(SECONDS_AFTER)
            after = holders(self.lab, self.balancers)
            back(holder)
            time.sleep(SECONDS_AFTER)
        end = holders(self.lab, self.balancers)
        row = (what, holder, ", ".join(end), f"{found.seconds_without:.1f}", found.failed, found.at_once)
        self.lines.append(row)
        print(markdown(row), flush=True)
        assert after == end, f"{what}: it moved from {after} to {end} when that was over"
        assert len(end) == 1, end
        assert (end != [holder]) is moves, end
        assert found.at_once <= 1, found.holders
        assert found.seconds_without <= bound, found.seconds_without

    def show(self) -> None:
        columns = (
            "what befalls the holder",
            "it was",
            "then",
            "seconds without an answer",
            "failed",
            "holders at once",
        )
        print(*heading(columns), *map(markdown, self.lines), sep="\n", flush=True)


def nothing(_: str) -> None:
    """What is over needs no end."""


def two() -> None:
    lab = Lab(topology="tests/lab/topology-balancers.toml", options=LINE)
    lab.up()
    wrong_ones(lab)
    print(f"built in {built(lab, 4, endpoint=ENDPOINT):.0f} s; one more run changed nothing", flush=True)
    done = lab.pyinfra("-y", deploy="k8s_ha.verify", endpoint=ENDPOINT)
    assert done.returncode == 0, done.stderr
    assert f"{VIRTUAL} on lb" in done.stderr, done.stderr
    table = Table(lab, BALANCERS, 6443)

    def on(host: str) -> None:
        lab.run("power", host, "on", check=True)

    def cut_off(host: str, state: str) -> None:
        for name in CONTROL_PLANES:
            lab.run("link", host, name, state, check=True)

    table.tried("power cut", lambda host: lab.run("power", host, "kill", check=True), on, 3)
    table.tried("clean reboot", lambda host: lab.run("power", host, "reboot", check=True), nothing, 3)
    table.tried(
        "nginx stopped",
        lambda host: lab.host(host, "systemctl stop nginx"),
        lambda host: lab.host(host, "systemctl start nginx"),
        6,
    )
    table.tried(
        "nginx hung",
        lambda host: lab.host(host, "pkill -STOP nginx"),
        lambda host: lab.host(host, "pkill -CONT nginx"),
        10,
    )
    table.tried(
        "cut off from all control planes", lambda host: cut_off(host, "drop"), lambda host: cut_off(host, "up"), 10
    )
    table.tried("a second run", lambda host: lab.results(endpoint=ENDPOINT), nothing, 1, moves=False)
    all_servers_down(lab)
    cut_between(lab)
    replaced(lab)
    stranger(lab)
    table.show()


def all_servers_down(lab: Lab) -> None:
    """The address stays where it is while no API server answers."""
    manifest, aside = "/etc/kubernetes/manifests/kube-apiserver.yaml", "/root/kube-apiserver.yaml"
    before, seen = holders(lab, BALANCERS), []
    for name in CONTROL_PLANES:
        lab.host(name, f"mv {manifest} {aside}")
    until(lambda: not ready_nodes(lab), 120, "no API server answers")
    for _ in range(20):
        seen.append(holders(lab, BALANCERS))
        time.sleep(1)
    for name in CONTROL_PLANES:
        lab.host(name, f"mv {aside} {manifest}")
    # One balancer sees API servers come back before another's does: it may not be taken for the better one.
    since = time.monotonic()
    while len(ready_nodes(lab)) < 4 or time.monotonic() - since < SECONDS_TO_RETURN:
        assert time.monotonic() - since < 180, "not all nodes are Ready"
        seen.append(holders(lab, BALANCERS))
        time.sleep(0.5)
    assert all(found == before for found in seen), seen
    print(f"all API servers down for 20 s, and back: {before[0]} kept the address", flush=True)


def cut_between(lab: Lab) -> None:
    """Two balancers that do not see each other: told as it is."""
    with watching(lab, 6443, "worker1") as found:
        lab.run("link", *BALANCERS, "drop", check=True)
        time.sleep(SECONDS_AFTER)
        during = holders(lab, BALANCERS)
        done = lab.pyinfra("-y", deploy="k8s_ha.verify", endpoint=ENDPOINT, verify_timeout_seconds=20)
        lab.run("link", *BALANCERS, "up", check=True)
        ended = until(lambda: len(holders(lab, BALANCERS)) == 1, 30, "one of them has it")
        time.sleep(SECONDS_AFTER)
    (end,) = holders(lab, BALANCERS)
    print(
        f"no network between the two: {' and '.join(during)} had it, {found.seconds_without:.1f} s without an answer, "
        f"{found.failed} failed; verify ended with {done.returncode}; "
        f"{ended:.1f} s after its end {end} alone had it",
        flush=True,
    )
    assert during == [*BALANCERS], during
    assert f"have the virtual address {VIRTUAL} at once" in " ".join(done.stderr.split()), done.stderr[-3000:]


def replaced(lab: Lab) -> None:
    """A balancer on a blank disk is set up again beside the other, which goes on."""
    (holder,) = holders(lab, BALANCERS)
    other = next(name for name in BALANCERS if name != holder)
    with watching(lab, 6443, "worker1") as found:
        lab.run("power", other, "kill", check=True)
        lab.run("new-disk", other, check=True)
        lab.run("power", other, "on", check=True)
        lab.results(endpoint=ENDPOINT)
        time.sleep(SECONDS_AFTER)
    assert holders(lab, BALANCERS) == [holder], holders(lab, BALANCERS)
    print(f"{other} replaced: {found.seconds_without:.1f} s without an answer, {found.failed} failed", flush=True)
    assert found.at_once <= 1, found.holders
    assert lab.host(other, "systemctl is-active nginx keepalived").split() == ["active", "active"]


def stranger(lab: Lab) -> None:
    """A host that answers at the address, too, and is no balancer of the inventory's: verify says so."""
    lab.host("worker1", f"ip address add {VIRTUAL}/32 dev eth0")
    done = lab.pyinfra("-y", deploy="k8s_ha.verify", endpoint=ENDPOINT, verify_timeout_seconds=20)
    lab.host("worker1", f"ip address del {VIRTUAL}/32 dev eth0")
    (mac,) = lab.host("worker1", "ip -o link show dev eth0 | grep -o 'ether [^ ]*'").split()[1:]
    assert done.returncode == 1, done.stderr[-3000:]
    assert f"{mac} answers at the virtual address {VIRTUAL}, too" in " ".join(done.stderr.split()), done.stderr[-3000:]
    print(f"somebody else at the address: verify names {mac}", flush=True)


def three() -> None:
    """Three machines that are everything: control planes, workers and balancers, at another port."""
    lab = Lab(topology="tests/lab/topology-three.toml", options=LINE)
    lab.up()
    endpoint = {**ENDPOINT, "port": 8443}
    given: dict[str, Any] = {"endpoint": endpoint, "of_hosts": UNTAINTED}
    with TemporaryDirectory() as folder:
        _three(Project(lab, Path(folder)), given)


def _three(project: Project, given: dict[str, Any]) -> None:
    lab = project.lab
    started = time.monotonic()
    _succeeds(project, **given)
    print(f"three machines: built in {time.monotonic() - started:.0f} s", flush=True)
    assert ready_nodes(lab) == sorted(CONTROL_PLANES), ready_nodes(lab)
    before = lab.digest()
    _succeeds(project, **given)
    assert not lab.digest() ^ before, sorted(lab.digest() ^ before)[:5]
    table = Table(lab, CONTROL_PLANES, 8443)

    def on(host: str) -> None:
        lab.run("power", host, "on", check=True)
        until(lambda: ready_nodes(lab) == sorted(CONTROL_PLANES), 300, "all nodes are Ready")

    table.tried("power cut", lambda host: lab.run("power", host, "kill", check=True), on, 20)
    table.show()


def _succeeds(project: Project, **given: Any) -> None:
    done = project.run("-y", **given)
    assert done.returncode == 0, done.stderr


PARTS: Final = {"two": two, "three": three}


def main(parts: Sequence[str]) -> None:
    for part in parts:
        PARTS[part]()
    Lab().run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:] or tuple(PARTS))
