"""Hosts as the rules judge them, for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from k8s_ha.findings import Finding
from k8s_ha.preflight_checks.download_sources import needed
from k8s_ha.preflight_checks.model import Disk, HostContext, HostPreflight, SourceAnswer
from k8s_ha.preflight_checks.rules import OF_A_HOST
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import CLEAN, NODES
from tests.support.surveys import survey

GIB: Final = 1024 * 1024
HOSTS: Final = (*NODES, "master-lb")
ROOMY: Final = Disk("/var", "ext4", 100 * GIB, 60 * GIB, "/")


def context(
    name: str = "worker1",
    *,
    settings: dict[str, Any] | None = None,
    el_major: int = 8,
    surveyed: dict[str, Any] | None = None,
    **looked: Any,
) -> HostContext:
    """A clean host that has nothing to find, but for what is given; what it is asked for answers.

    + settings: of the cluster
    + surveyed: fields of its survey
    + looked: fields of its second look
    """
    cluster = six_host_cluster(**settings or {})
    host = cluster.host(name)
    reported = survey(el_major, **surveyed or {})
    plain = HostPreflight(cpus=2, memory_mib=4096, disks=(ROOMY,), machine_id=name, view=CLEAN, answers=None)
    found = HostContext(cluster, host, reported, replace(plain, **looked))
    if "answers" in looked:
        return found
    return replace(found, preflight=replace(found.preflight, answers=serving(found)))


def fleet(**changed: dict[str, Any]) -> list[HostContext]:
    """All six hosts with nothing to find, but for what is given by host, with _ for -."""
    return [context(name, **changed.get(name.replace("-", "_"), {})) for name in HOSTS]


def serving(asking: HostContext) -> dict[str, SourceAnswer]:
    """Every source that the host needs answers."""
    return {source.url: SourceAnswer(200) for source in needed(asking.cluster, asking.host, asking.survey)}


def found(given: HostContext) -> list[Finding]:
    """What every rule of a single host says."""
    return [finding for rule in OF_A_HOST for finding in rule(given)]


def warning(*cells: str) -> Finding:
    return Finding(*cells, severity="warning")
