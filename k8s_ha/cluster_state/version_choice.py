"""The Kubernetes version where the settings name none. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from k8s_ha.catalog import compatibility
from k8s_ha.catalog.lifetimes import bad_patch
from k8s_ha.observations.node import HostSurvey
from k8s_ha.settings import Cluster
from k8s_ha.settings.load import mistakes, versions, with_version


@dataclass(frozen=True)
class Choice:
    """A version, and why it is that one, as a phrase."""

    version: str
    reason: str

    def __str__(self) -> str:
        return f"{self.version}: {self.reason}"


class NoVersion(Exception):
    """There is no version to take; its text is a phrase each: what was found, the rule, the way out."""

    def __init__(self, found: str, rule: str, remedy: str) -> None:
        super().__init__(f"{found}; {rule}; {remedy}")
        self.found, self.rule, self.remedy = found, rule, remedy


def choose_version(cluster: Cluster, surveys: Mapping[str, HostSurvey]) -> Choice:
    """What the cluster stands with, so that it never moves by itself; else the newest that every node carries.

    + surveys: by inventory name, of as many hosts as could be surveyed

    Raises NoVersion.
    """
    for node in cluster.nodes:
        standing = surveys[node.name].standing_version if node.name in surveys else ""
        if standing:
            return _standing(cluster, node.name, standing)
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
    reason = "the newest that is known"
    for version, wrong in versions(cluster).items():
        _, minor, patch = (int(part) for part in version.split("."))
        weak = {name: platform for name, platform in platforms.items() if compatibility.asks_more(minor, platform)}
        if not (weak or wrong or bad_patch(minor, patch)):
            return Choice(version, reason)
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
