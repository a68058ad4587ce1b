"""Packages of Kubernetes that are newer than what is wanted: none is taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from k8s_ha.catalog.upgrades import numbers
from k8s_ha.cluster_state.change_steps import ChangeStep
from k8s_ha.findings import Finding
from k8s_ha.observations.node import HostSurvey
from k8s_ha.preflight_checks.model import HostContext

_OF_A_NODE: Final = ("kubelet", "kubeadm", "kubectl")


def newer_packages(context: HostContext) -> Iterator[Finding]:
    """What a host has that is newer than the wanted version."""
    roles, wanted = context.host.role, context.cluster.settings.version
    names = _OF_A_NODE if context.host.is_node else ("kubectl",) if "admin" in roles else ()
    newer = _newer(context.survey.installed, names, wanted)
    if newer:
        yield Finding(
            context.host.name,
            "kubernetes",
            f"has {_listed(newer)} installed",
            f"{wanted} is wanted, and packages are not taken back",
            "bring them back by hand (`yum downgrade`), or set a kubernetes_version as new as they are",
        )


def newer_than_the_first_hop(
    surveys: Mapping[str, HostSurvey], steps: Sequence[ChangeStep], wanted: str
) -> Iterator[Finding]:
    """What nodes have that is newer than the version to which the first hop of an upgrade leads them.

    + surveys: by inventory name
    + wanted: what is newer than that is told by ``newer_packages``
    """
    first = steps[0].version if steps else wanted
    names = dict.fromkeys(name for step in steps if step.version == first for name in step.hosts)
    for host in names:
        newer = _newer(surveys[host].installed if host in surveys else {}, _OF_A_NODE, first)
        between = {name: version for name, version in newer.items() if not _is_newer(version, wanted)}
        if between:
            yield Finding(
                host,
                "upgrade",
                f"has {_listed(between)} installed",
                f"the way leads through {first}, and packages are not taken back",
                "bring them back by hand (`yum downgrade`)",
            )


def _listed(packages: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in packages.items())


def _newer(installed: Mapping[str, str], names: Sequence[str], wanted: str) -> dict[str, str]:
    """Versions of those that are newer, by name."""
    found = {name: installed.get(name, "").partition("-")[0] for name in names}
    return {name: version for name, version in found.items() if _is_newer(version, wanted)}


def _is_newer(version: str, wanted: str) -> bool:
    found, other = numbers(version), numbers(wanted)
    return found is not None and other is not None and found > other
