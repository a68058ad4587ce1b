"""Whether the wanted Kubernetes still gets fixes, and whether its patch is a good one to begin with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from k8s_ha.catalog import compatibility, lifetimes
from k8s_ha.findings import Finding, some
from k8s_ha.observations.node import HostSurvey
from k8s_ha.settings import Cluster


def lifetime_findings(surveys: Mapping[str, HostSurvey], cluster: Cluster, today: date) -> Iterator[Finding]:
    """What speaks against the wanted version whatever the hosts are; told of the first control plane.

    + surveys: by inventory name
    + today: by the operator's clock
    """
    stands = any(surveys[node.name].node for node in cluster.nodes if node.name in surveys)
    yield from _patch(cluster, stands)
    if lifetimes.has_ended(cluster.settings.kubernetes_line.minor, today):
        yield _ended(surveys, cluster, today, stands)


def _patch(cluster: Cluster, stands: bool) -> Iterator[Finding]:
    version = cluster.settings.version
    bad = lifetimes.bad_patch(cluster.settings.kubernetes_line.minor, int(version.split(".")[2]))
    if bad:
        yield Finding(
            cluster.control_planes[0].name,
            "kubernetes",
            f"Kubernetes {version} has a fault",
            bad.reason,
            f"upgrade the cluster to {bad.remedy} or newer{bad.standing}"
            if stands
            else f"choose {bad.remedy} or newer",
            "warning" if stands else "error",
        )


def _ended(surveys: Mapping[str, HostSurvey], cluster: Cluster, today: date, stands: bool) -> Finding:
    line = cluster.settings.kubernetes_line
    return Finding(
        cluster.control_planes[0].name,
        "kubernetes",
        f"Kubernetes {line.name} reached its end of life on {lifetimes.ENDS[line.minor]}",
        "it gets no security fixes",
        _way_out(surveys, cluster, today, stands),
        "warning",
    )


def _way_out(surveys: Mapping[str, HostSurvey], cluster: Cluster, today: date, stands: bool) -> str:
    """The lines that live and run on every node, with what must be accepted for them."""
    living = lifetimes.alive(today)
    if not living:
        return "use a newer release of this package, which knows lines that live"
    verdicts = {name: _verdicts(survey, living) for name, survey in surveys.items() if _counts(name, survey, cluster)}
    running = [minor for minor in living if not any(found[minor].refused for found in verdicts.values())]
    if not running:
        old = [name for name, found in verdicts.items() if all(found[minor].refused for minor in living)]
        return f"plan to replace {some(old) or 'the hosts'}, where no line that lives runs"
    accepted = set(cluster.settings.accepted_risks)
    caveats = {minor: {caveat for found in verdicts.values() for caveat in found[minor].caveats} for minor in running}
    free = [minor for minor in running if caveats[minor] <= accepted]
    chosen = free or running
    names = _listed([compatibility.LINES[minor].name for minor in chosen])
    way = f"upgrade to {names}, one line at a time" if stands else f"choose {names}"
    if free:
        return way
    missing = [name for name in compatibility.CAVEATS if name in caveats[chosen[0]] - accepted]
    return f"{way}, {'on cgroup v2 or ' if 'cgroup-v1' in missing else ''}with accepted_risks = {missing}"


def _counts(name: str, survey: HostSurvey, cluster: Cluster) -> bool:
    return name in {node.name for node in cluster.nodes} and survey.el_major in compatibility.EL_MAJORS


def _verdicts(survey: HostSurvey, minors: Sequence[int]) -> dict[int, compatibility.Verdict]:
    return {minor: compatibility.verdict(minor, survey.platform) for minor in minors}


def _listed(names: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
