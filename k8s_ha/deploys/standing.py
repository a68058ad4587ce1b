"""The cluster that stands, for phases that are called without preflight."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pyinfra import host, logger, state

from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.deploys.change_plan import changes_planned, show_steps
from k8s_ha.deploys.limit import option_against, outside_of_limit
from k8s_ha.deploys.removal_plan import removals_planned, removed_views
from k8s_ha.facts.node import Node
from k8s_ha.findings import Finding, errors
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.commands import read_of_hosts
from k8s_ha.preflight_checks.standing import standing_findings, steps_left_out, version_findings
from k8s_ha.pyinfra_internals.state import is_in_limit
from k8s_ha.run import Run


@dataclass
class Compared:
    """Whether the settings were compared with what stands."""

    done: bool = False


def left_out(run: Run, known: Collection[str]) -> dict[str, NodeView | None]:
    """What the control planes hold that ``--limit`` leaves out.

    + known: inventory names of hosts that were asked already
    """
    asked = [
        entry
        for entry in run.cluster.control_planes
        if entry.name not in known and not is_in_limit(state, host.inventory.get_host(entry.name))
    ]
    return read_of_hosts(Node, asked, standing=True)


def differences_found(run: Run) -> list[Finding]:
    """What keeps a phase from its first change, found once a run; nothing where preflight has looked."""
    compared = run.part(Compared)
    if compared.done:
        return []
    compared.done = True
    asked = [entry for entry in run.cluster.control_planes if entry.name in run.surveys]
    nodes = any(run.surveys[entry.name].node for entry in run.cluster.nodes if entry.name in run.surveys)
    own = read_of_hosts(Node, asked, standing=True) if nodes else {}
    views = left_out(run, run.surveys) | own | removed_views(run)
    snapshot = ClusterSnapshot(run.cluster, views, endpoint_answer="")
    run.former_endpoints = snapshot.former_endpoints
    found = removals_planned(run, snapshot)
    found += standing_findings(snapshot, run.caveats_anywhere) + changes_planned(run, snapshot)
    found += steps_left_out(run.log.plan.due, outside_of_limit(run), option_against(run, run.log.plan.due))
    if snapshot.leader is None and not snapshot.can_retry_init:
        found += version_findings(run.surveys, run.cluster)
    if not errors(found):
        show_steps(run)
    for finding in found:
        if finding.severity == "warning":
            logger.warning(str(finding))
    run.log.findings += found
    return errors(found)
