"""The settings against the cluster that stands: what a run cannot change ends it before the first change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from k8s_ha.catalog.setting_changes import SILENT_CLUSTER, Effect
from k8s_ha.cluster_state.change_steps import ChangeStep
from k8s_ha.cluster_state.difference import Difference, Unreadable
from k8s_ha.cluster_state.node_difference import differences
from k8s_ha.cluster_state.node_metadata import metadata_changes
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.findings import Finding, Severity
from k8s_ha.observations.api_status import THE_CLUSTER, unlisted_node
from k8s_ha.observations.node import HostSurvey
from k8s_ha.preflight_checks.unlisted import unlisted_nodes
from k8s_ha.settings import Cluster

VERSION: Final = "kubernetes_version"


def standing_findings(snapshot: ClusterSnapshot, caveats: Collection[str] = ()) -> list[Finding]:
    """What the cluster stands with and the settings say otherwise, and nodes that the inventory lacks.

    What a step of the plan carries out is told there.

    + snapshot: of all hosts
    + caveats: those that any node needs
    """
    if snapshot.leader is None:
        up = any(view is not None and view.may_come_up for view in snapshot.views.values())
        found, remedy = "no API server of the cluster answers", "if this run does not bring one back, repair it"
        return [_unread(found, remedy, "warning")] * up
    try:
        found_differences = differences(snapshot, caveats)
    except Unreadable as error:
        remedy = f"see `kubectl -n kube-system get configmaps` on {snapshot.leader.name}"
        return [_unread(str(error), remedy, "error"), *unlisted(snapshot)]
    said = [entry for entry in found_differences if entry.change.effect not in (Effect.NEXT_RUN, Effect.ROLLED_OUT)]
    return [*told(said), *unlisted(snapshot)]


def version_findings(surveys: Mapping[str, HostSurvey], cluster: Cluster) -> Iterator[Finding]:
    """Nodes that stand with another version, by their files and packages alone, for where no API server is asked.

    + surveys: by inventory name
    """
    wanted = cluster.settings.version
    for node in cluster.nodes:
        standing = surveys[node.name].standing_version if node.name in surveys else ""
        if standing not in ("", wanted):
            yield _of(Difference(node.name, VERSION, repr(standing), repr(wanted), SILENT_CLUSTER))


def told(entries: Sequence[Difference]) -> list[Finding]:
    """Differences as preflight shows them."""
    return [_of(entry) for entry in entries]


def _of(entry: Difference) -> Finding:
    severity: Severity = "error" if entry.is_refused else "warning"
    return Finding(entry.host or THE_CLUSTER, "settings", entry.found, entry.rule, entry.remedy, severity)


def _unread(found: str, remedy: str, severity: Severity) -> Finding:
    return Finding(
        THE_CLUSTER, "settings", found, "what it stands with is compared with the settings", remedy, severity
    )


def silent(name: str, check: str) -> Finding:
    """A control plane keeps a change from beginning, since its API server does not answer.

    + check: what kind of change
    """
    return Finding(
        name,
        check,
        "its API server does not answer",
        "one control plane at a time is out while the cluster is changed",
        "repair it, or take it out of the cluster, then run this again",
    )


def unlisted(snapshot: ClusterSnapshot) -> list[Finding]:
    """Nodes of the cluster that the inventory lacks."""
    return [unlisted_node(node.name) for node in unlisted_nodes(snapshot)]


def steps_left_out(steps: Sequence[ChangeStep], left_out: Collection[str], option: str | None) -> Iterator[Finding]:
    """Steps that are due, where this run cannot take all of them.

    + left_out: inventory names of the hosts that ``--limit`` leaves out
    + option: of pyinfra's command line, by which hosts do not wait for each other; None for none
    """
    if steps and (left_out or option):
        yield Finding(
            THE_CLUSTER,
            "settings",
            f"{steps[0].sentence} is due, and {len(steps) - 1} more steps",
            "they need every host, one after the other",
            f"run this without {'--limit' if left_out else option}, or set back what was changed",
        )


def unfinished(snapshot: ClusterSnapshot, left_out: Collection[str], option: str | None) -> Iterator[Finding]:
    """Labels and taints that are due and that this run cannot set as a whole.

    + left_out, option: as for ``steps_left_out``
    """
    leader = snapshot.leader
    for name, change in metadata_changes(snapshot).items():
        if leader is None or change.is_a_note:
            continue
        absent = not {name, leader.name}.isdisjoint(left_out)
        if absent or option:
            yield Finding(
                name,
                "settings",
                f"{change.sentence}: that is due",
                f"{leader.name} changes labels and taints, within a run over all hosts",
                f"run this without {'--limit' if absent else option} first, or take the change back",
            )
