"""``python -m tests.scenarios.reset [--line LINE] [--cut]``: a cluster is taken away, and its hosts are as they were.

What the bare hosts hold is written down, file by file. A cluster is built on them, with a workload and a backup, and
reset. What the hosts hold otherwise than before is then told line by line: each must be of the packages, or of what
docs/operations.md says stays. Then the same hosts are built again in one run, and one more run changes nothing. With
--cut the operator is killed after each operation of the reset, once each, until a run comes to its end.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from tests.lab.checks import ENDPOINT, HOSTS, NODES, ready_nodes
from tests.lab.client import Lab
from tests.scenarios.availability import service
from tests.scenarios.crash import killed_after_each
from tests.scenarios.rollout import heading, markdown, second_run

DESCRIPTION = "Take a cluster away, and look at what is left on its hosts."
RESET: Final = ("k8s_ha.reset", f"endpoint={ENDPOINT}")
VERIFY: Final = "k8s_ha.verify"
COLUMNS = ("kubernetes", "seconds of the reset", "kills", "lines that stay", "seconds of the second build")

STAYS: Final[Mapping[str, str]] = {
    r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?": "users of packages",
    r"/etc/ld\.so\.cache": "libraries of packages",
    r"/etc/(selinux/targeted|udev/hwdb\.bin)\b.*": "what packages' own scripts make",
    r"/var/lib/(nginx|alternatives|selinux|yum|dnf)/.*": "what packages' own scripts make",
    r"/etc/systemd/system/.*\.wants/chronyd\.service": "the service that keeps the clock",
    r"/etc/hostname": "the hostname",
    r"/etc/yum\.repos\.d/CentOS-.*": "CentOS' own repositories, which point at the vault",
    r"/var/lib/k8s-ha(/backups(/.*)?)?": "backups",
    r"/opt/containerd(/bin|/lib)?": "folders that containerd makes",
    r"/root/\.kube": "what kubectl keeps there for its next call",
    r"/etc/dnf/modules\.d/.*\.module": "streams of modules that packages come from",
    r"/etc/firewalld/zones/(public|trusted)\.xml(\.old)?": "firewalld's files, without what was opened",
    r"/usr/(lib|share)/.*(__pycache__/.*|/mime/.*|\.cache)": "what packages' own scripts make",
}
"""Paths that docs/operations.md says stay, and why; packages' own files besides."""

STAYING_UNITS: Final = ("chronyd.service",)
ZONES: Final = ("public", "trusted")


class Line(NamedTuple):
    """A line of a digest.

    + kind: files, packages, units or containers
    + subject: the path, package, unit or container
    """

    host: str
    kind: str
    subject: str
    text: str


def parsed(lines: Iterable[str]) -> Iterator[Line]:
    """The lines of a digest. A service that was started again is the same."""
    for line in lines:
        host, kind, text = line.split(" ", 2)
        if kind == "units":
            text = re.sub(r" ?InvocationID=\S*", "", text)
        found = re.search(r"Id=(\S+)", text) if kind == "units" else None
        yield Line(host, kind, found[1] if found else re.split(r" [0-7]{5,6} ", text)[0], text)


def new_packages(before: Collection[str], after: Collection[str]) -> dict[str, list[str]]:
    """Packages that came since, by host."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in sorted({*parsed(after)} - {*parsed(before)}):
        if line.kind == "packages":
            found[line.host].append(line.text)
    return dict(found)


def differing(before: Collection[str], after: Collection[str]) -> list[Line]:
    """What a host holds otherwise than before: lines that are there now, and those whose subject is gone."""
    old, new = {*parsed(before)}, {*parsed(after)}
    held = {line[:3] for line in new}
    return sorted((new - old) | {line for line in old - new if line[:3] not in held})


def unexplained(lines: Iterable[Line], packaged: Mapping[str, Collection[str]]) -> list[Line]:
    """Those that docs do not say stay.

    + packaged: paths of the packages that came, by host
    """
    return [line for line in lines if not _stays(line, packaged.get(line.host, ()))]


def _stays(line: Line, packaged: Collection[str]) -> bool:
    if line.kind == "packages":
        return True
    if line.kind == "units":
        return line.subject in STAYING_UNITS
    return line.subject in packaged or any(re.fullmatch(pattern, line.subject) for pattern in STAYS)


def packaged_paths(lab: Lab, packages: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    """Where the files of packages are, by host."""
    found = {}
    for host, names in packages.items():
        listed = lab.host(host, f"rpm -ql {shlex.join(names)}").splitlines()
        # Some packages still name the folders that have become links.
        paths = {re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", path) for path in listed}
        found[host] = paths | {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    return found


def openings(lab: Lab) -> dict[str, str]:
    """What firewalld lets in, now and after a reboot, by host; its files are its own."""
    ask = "; ".join(f"firewall-cmd {when} --zone={zone} --list-all" for zone in ZONES for when in ("", "--permanent"))
    return {host: lab.host(host, ask, check=False) for host in HOSTS}


def routes(lab: Lab) -> dict[str, list[str]]:
    """Where each node leads packets, by host."""
    return {host: sorted(lab.host(host, "ip -4 route").splitlines()) for host in NODES}


def reset(lab: Lab) -> float:
    """Seconds of it; AssertionError where it fails, or a second one changes anything."""
    shown = lab.pyinfra("--dry", *RESET[1:], deploy=RESET[0])
    assert shown.returncode == 0, shown.stderr[-6000:]
    assert "kubeadm reset" in shown.stderr, shown.stderr[-6000:]
    assert ready_nodes(lab) == sorted(NODES)
    started = time.monotonic()
    run = lab.pyinfra("-y", *RESET[1:], deploy=RESET[0])
    assert run.returncode == 0, f"the reset ended with {run.returncode}:\n{run.stderr[-8000:]}"
    return time.monotonic() - started


def refused(lab: Lab) -> None:
    """Without its confirmation a reset changes nothing."""
    before = lab.digest()
    for given in ([], ["endpoint=10.0.1.158:6443"]):
        run = lab.pyinfra("-y", *given, deploy=RESET[0])
        assert run.returncode == 1
        assert "nothing was changed" in " ".join(run.stderr.split()), run.stderr[-4000:]
    changed = sorted(lab.digest() ^ before)
    assert not changed, f"refused, and {len(changed)} lines have changed, such as {changed[:3]}"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.reset", description=DESCRIPTION)
    parser.add_argument("--line", default="", help="Kubernetes line; default: the lab's own")
    parser.add_argument("--cut", action="store_true", help="kill the operator after each operation of the reset")
    options = parser.parse_args(arguments)
    lab = Lab(options=("--line", options.line) if options.line else ())
    lab.up()
    before, let_in, led = lab.digest(), openings(lab), routes(lab)
    lab.results()
    assert openings(lab) != let_in
    second_run(lab, "a build")
    with service(lab):
        taken = lab.pyinfra("-y", deploy="k8s_ha.backup")
        assert taken.returncode == 0, taken.stderr[-4000:]
        refused(lab)
    started = time.monotonic()
    kills = killed_after_each(lab, RESET) if options.cut else 0
    seconds = time.monotonic() - started if options.cut else reset(lab)
    after = lab.digest()
    again = lab.pyinfra("-y", *RESET[1:], deploy=RESET[0])
    assert again.returncode == 0, again.stderr[-4000:]
    assert "Nothing of the cluster is left" in " ".join(again.stderr.split()), again.stderr[-4000:]
    assert openings(lab) == let_in, openings(lab)
    assert routes(lab) == led, routes(lab)
    lines = differing(before, after)
    left = unexplained(lines, packaged_paths(lab, new_packages(before, after)))
    for line in left:
        print(f"  {line.host} {line.kind} {line.text}", flush=True)
    assert not left, f"{len(left)} of {len(lines)} lines are left that nothing says stay"
    started = time.monotonic()
    lab.results()
    built = time.monotonic() - started
    second_run(lab, "a build after a reset")
    verified = lab.pyinfra("-y", deploy=VERIFY)
    assert verified.returncode == 0, verified.stderr[-4000:]
    cells = (options.line or "the lab's", round(seconds), kills, len(lines), round(built))
    print("\n".join([*heading(COLUMNS), markdown(cells)]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
