"""``python -m tests.scenarios.upgrade VERSION VERSION… [--topology FILE]``: a cluster of the first version, upgraded to
each further one by a run, while it is watched what users notice.

A version is of the lab's, such as ``1.34.4``, or ``1.34`` for its newest patch; the lab has every minor in between,
too. Each upgrade is planned by a dry run, made, verified, and run again with no change; then every part must be of the
version. Its row for the documentation is printed. A backup of before is refused where etcd has another minor now. What
users noticed is told at the end, and fails the scenario.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import yaml

from k8s_ha.observations.backup_descriptor import minor_of
from tests.lab.build import BuildError
from tests.lab.build.tables.lines import LINES, find
from tests.lab.checks import ETCDCTL
from tests.lab.client import Lab
from tests.scenarios.availability import watched
from tests.scenarios.availability_report import Availability
from tests.scenarios.refused_backups import Case, as_it_is, backed_up, refused
from tests.scenarios.rollout import SecondRun, check_unnoticed, dry_run, heading, markdown, second_run, timed_run

DESCRIPTION = (
    "Build a cluster of the first version and upgrade it to the others, while it is watched what users notice."
)
CORDONED = "k8s-ha/cordoned"
OTHER_ETCD = "one minor does not read the data of another"
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
COLUMNS = (
    *("from", "to", "etcd", "seconds", "steps", "failed API requests", "failed service requests"),
    *("watch ends", "longest gap", "operations of a second run"),
)


@dataclass(frozen=True)
class Parts:
    """What runs, and what the cluster keeps of it.

    + versions: as ``x.y.z``, by what is of that version
    + etcd: version of each member, by its endpoint
    + closed: nodes that take no pods, or that a run of the package has cordoned
    """

    versions: Mapping[str, str]
    etcd: Mapping[str, str] = field(default_factory=dict)
    closed: tuple[str, ...] = ()

    def complaints(self, wanted: str) -> list[str]:
        """A sentence for each part that is not as an upgrade to that version leaves it."""
        odd = {name: version for name, version in self.versions.items() if version != wanted}
        found = [f"{name} is of {version}; {wanted} was wanted." for name, version in odd.items()]
        if len(set(self.etcd.values())) != 1:
            members = ", ".join(f"{name} {version}" for name, version in self.etcd.items())
            found.append(f"The members of etcd are of several versions, or none tells one: {members or 'no answer'}.")
        found += [f"{name} is cordoned after the upgrade; all nodes must take pods." for name in self.closed]
        return found

    @property
    def etcd_version(self) -> str:
        return ", ".join(sorted(set(self.etcd.values())))


@dataclass(frozen=True)
class Upgrade:
    """One upgrade that came to its end.

    + etcd: its versions before and after
    + seconds: of the run
    """

    begin: str
    end: str
    etcd: tuple[str, str]
    seconds: float
    steps: int
    again: SecondRun
    availability: Availability

    def row(self) -> str:
        """Of the table whose columns are COLUMNS, in Markdown."""
        etcd = " to ".join(dict.fromkeys(self.etcd))
        cells = (self.begin, self.end, etcd, round(self.seconds), self.steps, *self.availability.cells)
        return markdown((*cells, self.again.operations))


def lines_of(chain: Sequence[str]) -> tuple[str, ...]:
    """The versions that the lab needs for a chain: its own, and the newest of each minor that it passes.

    AssertionError where the chain is none.
    """
    versions = [find(name) for name in chain]
    assert len(versions) > 1, "an upgrade has two versions at least; name the first and where it leads to"
    for before, after in pairwise(versions):
        assert before.key < after.key, f"{after.version} is no upgrade of {before.version}; name the older one first"
    first, last = versions[0].key[:2], versions[-1].key[:2]
    passed = [find(line.minor) for line in LINES if first < line.key[:2] < last]
    return tuple(line.version for line in sorted({*versions, *passed}, key=lambda line: line.key))


def image_version(image: str) -> str:
    """The version in an image's name.

    >>> image_version("registry.k8s.io/kube-proxy:v1.34.4")
    '1.34.4'
    """
    return image.rpartition(":")[2].removeprefix("v")


def parts_of(
    nodes: Mapping[str, Any], pods: Mapping[str, Any], proxy: str, kept: str, members: Iterable[Mapping[str, Any]]
) -> Parts:
    """The parts, by the cluster's own words.

    + nodes, pods: lists; the pods are the control planes'
    + proxy: kube-proxy's image
    + kept: the ClusterConfiguration
    + members: what etcdctl says of its endpoints' status
    """
    versions = {
        f"The kubelet of {node['metadata']['name']}": node["status"]["nodeInfo"]["kubeletVersion"].removeprefix("v")
        for node in nodes["items"]
    }
    for pod in pods["items"]:
        for container in pod["spec"]["containers"]:
            if container["name"] in COMPONENTS:
                versions[pod["metadata"]["name"]] = image_version(container["image"])
    versions["kube-proxy"] = image_version(proxy)
    versions["kubeadm-config"] = str(yaml.safe_load(kept)["kubernetesVersion"]).removeprefix("v")
    closed = tuple(
        node["metadata"]["name"]
        for node in nodes["items"]
        if node["spec"].get("unschedulable") or CORDONED in node["metadata"].get("annotations", {})
    )
    return Parts(versions, {each["Endpoint"]: each["Status"]["version"] for each in members}, closed)


def parts(lab: Lab) -> Parts:
    system = ("-n", "kube-system", "get")
    return parts_of(
        nodes=json.loads(lab.kubectl("get", "nodes", "-o", "json")),
        pods=json.loads(lab.kubectl(*system, "pods", "-l", "tier=control-plane", "-o", "json")),
        proxy=lab.kubectl(*system, "ds", "kube-proxy", "-o", "jsonpath={.spec.template.spec.containers[0].image}"),
        kept=lab.kubectl(*system, "cm", "kubeadm-config", "-o", "jsonpath={.data.ClusterConfiguration}"),
        members=json.loads(lab.kubectl(*ETCDCTL, "endpoint", "status", "--cluster", "-w", "json")),
    )


def verify(lab: Lab, version: str) -> None:
    run = lab.pyinfra("-y", deploy="k8s_ha.verify", kubernetes_version=version)
    assert run.returncode == 0, f"verify after {version} ended with {run.returncode}:\n{run.stderr[-4000:]}"


def upgrade(lab: Lab, begin: str, end: str) -> Upgrade:
    """The upgrade from a version that stands; AssertionError where something is not as wanted, but for what users
    noticed."""
    etcd = parts(lab).etcd_version
    found: Availability | None = None
    try:
        with watched(lab) as found:
            steps = dry_run(lab, end, kubernetes_version=end)
            print(f"{begin} to {end}, {len(steps)} steps:", *steps, sep="\n  ", flush=True)
            seconds = timed_run(lab, end, kubernetes_version=end)
            print(f"  upgraded after {seconds:.0f} s", flush=True)
            verify(lab, end)
            again = second_run(lab, end, kubernetes_version=end)
            reached = parts(lab)
            complaints = reached.complaints(end)
            assert not complaints, "\n".join(complaints)
    finally:
        if found is not None:
            print(found.table(), flush=True)
    return Upgrade(begin, end, (etcd, reached.etcd_version), seconds, len(steps), again, found)


def chain(lab: Lab, versions: Sequence[str]) -> list[str]:
    """Build the first version and upgrade to the others, one after the other; what users noticed, in sentences."""
    lab.up()
    first = versions[0]
    lab.results(kubernetes_version=first)
    before = second_run(lab, first, kubernetes_version=first)
    print(f"{first} stands; a second run: {before.operations} operations, {before.commands} commands", flush=True)
    rows, noticed = heading(COLUMNS), []
    for begin, end in pairwise(versions):
        backup = backed_up(lab, kubernetes_version=begin)
        done = upgrade(lab, begin, end)
        if minor_of(done.etcd[0]) != minor_of(done.etcd[1]):
            refused(lab, Case(f"etcd is {done.etcd[1]}", backup, as_it_is, OTHER_ETCD), kubernetes_version=end)
        print(f"  a second run: {done.again.operations} operations, {done.again.commands} commands", flush=True)
        rows.append(done.row())
        print(rows[-1], flush=True)
        noticed += [f"{begin} to {end}: {sentence}" for sentence in done.availability.complaints()]
        if done.again.commands > before.commands:
            noticed.append(
                f"{end}: a second run takes {done.again.commands} commands on a host; it took {before.commands} before."
            )
    print(*rows, sep="\n", flush=True)
    return noticed


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.upgrade", description=DESCRIPTION)
    parser.add_argument("versions", nargs="+", metavar="VERSION", help="what is built first, and each that follows")
    parser.add_argument("--topology", default=Lab.topology, metavar="FILE", help="TOML; default %(default)s")
    options = parser.parse_args(arguments)
    try:
        needed = lines_of(options.versions)
    except BuildError as error:
        sys.exit(str(error))
    lab = Lab(topology=options.topology, options=tuple(word for line in needed for word in ("--line", line)))
    noticed = chain(lab, [find(name).version for name in options.versions])
    check_unnoticed(noticed)
    lab.run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
