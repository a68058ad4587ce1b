"""The Kubernetes version where the settings name none. Values in, values out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from k8s_ha.catalog import compatibility
from k8s_ha.catalog.lifetimes import bad_patch
from k8s_ha.cluster_state.refused import Refused
from k8s_ha.observations.node import HostSurvey
from k8s_ha.settings import Cluster
from k8s_ha.settings.load import mistakes, versions, with_version
from k8s_ha.untrusted import some


@dataclass(frozen=True)
class Choice:
    """A version, and why it is that one, as a phrase."""

    version: str
    reason: str

    def __str__(self) -> str:
        return f"{self.version}: {self.reason}"


class NoVersion(Refused):
    """There is no version to take."""


def choose_version(cluster: Cluster, surveys: Mapping[str, HostSurvey]) -> Choice:
    """What the cluster stands with, so that it never moves by itself; else the newest that every node carries.

    + surveys: by inventory name, of as many hosts as could be surveyed

    Raises NoVersion.
    """
    standing = {
        node.name: surveys[node.name].standing_version
        for hosts in (cluster.control_planes, cluster.workers)
        for node in hosts
        if node.name in surveys and surveys[node.name].standing_version
    }
    told = {name: version for name, version in standing.items() if cluster.host(name) in cluster.control_planes}
    if told or standing:
        # One host may be left of another cluster, or ahead of its own.
        version = Counter((told or standing).values()).most_common(1)[0][0]
        return _standing(cluster, next(name for name in told or standing if standing[name] == version), version)
    silent = [host.name for host in cluster.control_planes if host.name not in surveys]
    if silent:
        raise NoVersion(
            f"{some(silent)} could not be asked which Kubernetes it stands with",
            "a cluster that stands keeps its version",
            "bring it back, or set kubernetes_version",
        )
    return _newest(cluster, surveys)


def _standing(cluster: Cluster, name: str, version: str) -> Choice:
    major, minor, *_ = (int(part) for part in version.split("."))
    if major != compatibility.MAJOR or minor not in compatibility.LINES:
        oldest, newest = compatibility.OLDEST.name, compatibility.NEWEST.name
        raise NoVersion(
            f"{name} stands with Kubernetes {version}",
            f"{oldest} to {newest} are known",
            "use a release of this package that knows it",
        )
    wrong = mistakes(with_version(cluster, version))
    if wrong:
        raise NoVersion(f"{name} stands with Kubernetes {version}", wrong[0], "correct that setting")
    return Choice(version, f"the cluster stands with it, by {name}; name a version to have another")


def _newest(cluster: Cluster, surveys: Mapping[str, HostSurvey]) -> Choice:
    platforms = {
        node.name: surveys[node.name].platform
        for node in cluster.nodes
        if node.name in surveys and surveys[node.name].el_major in compatibility.EL_MAJORS
    }
    silent = [node.name for node in cluster.nodes if node.name not in surveys]
    without = f", without {some(silent)}, which could not be asked" if silent else ""
    reason = "the newest that is known"
    for version, wrong in versions(cluster).items():
        _, minor, patch = (int(part) for part in version.split("."))
        weak = {name: platform for name, platform in platforms.items() if compatibility.asks_more(minor, platform)}
        if not (weak or wrong or bad_patch(minor, patch)):
            return Choice(version, reason + without)
        line = compatibility.LINES[minor].name
        if weak:
            name, platform = next(iter(weak.items()))
            reason = f"the newest that {name} ({platform}) carries; of {line}: {compatibility.reason(minor, platform)}"
        elif wrong:
            reason = f"the newest that the settings fit; of {line}: {wrong[0]}"
    raise NoVersion(
        "no known Kubernetes runs on all nodes without an accepted risk",
        reason,
        "set kubernetes_version, and accepted_risks for it",
    )
