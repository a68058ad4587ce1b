"""The versions of Kubernetes that a host can get, by its repositories' own indexes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.observations.available_versions import AvailableVersions
from k8s_ha.resources import read_file
from k8s_ha.untrusted import whole_number


class AvailableVersionsFact(ParsedFact[AvailableVersions]):
    """Versions of which a repository has kubeadm, kubelet and kubectl.

    + repositories: their base URL by minor version of Kubernetes
    + runtime: base URL of the container runtime's repository; empty where that is not asked
    + logins: whether ``login_lines`` stand on stdin
    """

    def command(self, repositories: Mapping[int, str], runtime: str = "", logins: bool = False) -> str:
        words = " ".join(f"{minor}={url}" for minor, url in sorted(repositories.items()))
        words += f" runtime={runtime}" * bool(runtime)
        values = {"REPOSITORIES": words, "LOGINS": "yes" if logins else ""}
        return marked(read_file("yum-options.sh") + script("available-versions.sh", **values))

    def parse(self, output: list[str]) -> AvailableVersions:
        values = fields(output)
        versions: dict[int, set[str]] = {minor: set() for line in values["read"] if (minor := _minor(line)) is not None}
        for line in values["version"]:
            minor, version = _minor(line), line.partition(" ")[2]
            if minor in versions and re.fullmatch(rf"1\.{minor}\.(0|[1-9]\d{{0,3}})", version, re.ASCII):
                versions[minor].add(version)
        reasons = {minor: line.partition(" ")[2] for line in values["unread"] if (minor := _minor(line)) is not None}
        unread = {minor: reason or "no answer" for minor, reason in reasons.items()}
        known = {minor: frozenset(found) for minor, found in versions.items() if found}
        # An index of which nothing came is read to its end as well.
        unread |= {minor: "its index has no Kubernetes" for minor in versions if minor not in known}
        packages: dict[str, set[str]] = defaultdict(set)
        for line in values["runtime"]:
            name, _, version = line.partition(" ")
            packages[name].add(version)
        failed = [line.partition(" ")[2] or "no answer" for line in values["unread"] if line.startswith("runtime")]
        has = {name: frozenset(found) for name, found in packages.items()} if "runtime" in values["read"] else None
        return AvailableVersions(known, unread, has, next(iter(failed), "no answer" if has is None else ""))


def _minor(line: str) -> int | None:
    return whole_number(line.partition(" ")[0])
