"""A whole cluster taken away, and its hosts given back as they were, one step after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pyinfra import logger

from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.node_state import owner
from k8s_ha.cluster_state.reset_steps import (
    authority,
    may_be_reset,
    named_by_this_cluster,
    others_files,
    reset_steps,
)
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.deploys.change_plan import show_steps
from k8s_ha.deploys.limit import outside_of_limit
from k8s_ha.deploys.phase import members_of, phase, start_phase, stop_on_errors
from k8s_ha.deploys.removal_plan import removed_views
from k8s_ha.deploys.standing import Compared
from k8s_ha.deploys.steps import CarriedOut, take_steps
from k8s_ha.facts.reset import RemainsFact
from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.reset import Remains
from k8s_ha.operations import reset as operations
from k8s_ha.operations.barrier import barrier
from k8s_ha.operations.cluster import read_nodes
from k8s_ha.operations.commands import read_everywhere
from k8s_ha.operations.kubeconfig import local_path
from k8s_ha.preflight_checks.confirmation import unconfirmed
from k8s_ha.preflight_checks.standing import unlisted
from k8s_ha.pyinfra_internals.command_line import host_by_host
from k8s_ha.reporting.console import log_findings
from k8s_ha.run import Run, current_run

CHECK: Final = "reset"
_ALL: Final = "a cluster is taken away as a whole"


@dataclass
class Resets:
    """Whether one run's steps were planned."""

    is_planned: bool = False


@phase("Reset the cluster")
def reset(
    settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None, endpoint: str = ""
) -> None:
    """Have nothing of the cluster on any host, and what this package has changed there as it was before.

    Workers go first, then the control planes, then the load balancers and the admin hosts. What runs in the cluster
    and what etcd holds is lost. Packages, images, logs and backups stay. A run that was cut off is gone on with.

    + endpoint: of the cluster that stands, ``HOST:PORT``; it confirms that this one is meant

    Raises PyinfraError, before anything is changed, where that is another one, where a host cannot be reached, or where
    one holds what is not provably this cluster's.
    """
    # Nothing of the settings is carried out here, and a cluster that has died is taken away, too.
    current_run(settings, groups).part(Compared).done = True
    run = start_phase(settings, groups)
    resets = run.part(Resets)
    with run.lock:
        if not resets.is_planned:
            resets.is_planned = True
            found = _planned(run, str(endpoint))
            run.log.findings += found
            log_findings(found)
            stop_on_errors(found)
            _show(run)
    take_steps(run, "changes", _CARRIED_OUT)
    if run.log.plan.changes_due:
        barrier(name="Wait for the reset")


def _show(run: Run) -> None:
    show_steps(run)
    if not run.log.plan.changes_due:
        logger.info("Nothing of the cluster is left on these hosts")
    if local_path(run).is_file():
        logger.info(f"{local_path(run)} on this machine is left; remove it when nobody needs it")


def _planned(run: Run, endpoint: str) -> list[Finding]:
    """Why nothing is reset; where it is, the run's plan has the steps."""
    found = unconfirmed("reset", endpoint, run.cluster.endpoint)
    found += _left_out(run)
    if found:
        return found
    views = read_nodes(run, run.cluster.nodes, standing=True)
    snapshot = ClusterSnapshot(run.cluster, views, endpoint_answer="")
    run.snapshot, run.former_endpoints = snapshot, snapshot.former_endpoints
    asked = {member: {"values": operations.values_of(run, member.name)} for member in members_of(run)}
    told = read_everywhere(RemainsFact, asked)
    remains = {name: each for name, each in told.items() if each is not None}
    found += [_unread(name) for name, each in told.items() if each is None]
    found += [_unread(name) for name, view in views.items() if view is None and name in remains]
    found += [*_elsewhere(snapshot), *_foreign(run, snapshot, remains), *_others(run, remains), *_removed(run)]
    if not found:
        run.log.plan = replace(run.log.plan, changes_due=reset_steps(snapshot, remains))
    return [*found, *unlisted(snapshot)]


def _left_out(run: Run) -> Iterator[Finding]:
    left_out = outside_of_limit(run)
    if left_out:
        yield Finding(min(left_out), CHECK, "is left out", _ALL, "run this without --limit")
    for entry in run.cluster.hosts:
        if entry.name not in run.surveys and entry.name not in left_out:
            remedy = "bring it back, or name it in removed_nodes if it is gone for good"
            yield Finding(entry.name, CHECK, "cannot be reached", _ALL, remedy)
    if flag := host_by_host():
        yield Finding(THE_CLUSTER, CHECK, f"{flag} is given", "hosts wait for each other", f"run it without {flag}")


def _unread(name: str) -> Finding:
    rule, remedy = "what it holds is known before the first step", "see the error above, fix it, and run this again"
    return Finding(name, CHECK, "did not tell what it holds of the cluster", rule, remedy)


def _elsewhere(snapshot: ClusterSnapshot) -> Iterator[Finding]:
    """That the cluster stands at another endpoint than the settings say: the given one confirms nothing then."""
    wanted, former = f"https://{snapshot.cluster.endpoint}", snapshot.former_endpoints
    servers = {view.api_server_url for view in snapshot.views.values() if view is not None}
    if former and wanted not in servers:
        yield Finding(
            THE_CLUSTER,
            CHECK,
            f"the cluster stands at {former[0]}",
            "the settings name the cluster that is reset",
            "set control_plane_endpoint to that one, then run this again",
        )


def _foreign(run: Run, snapshot: ClusterSnapshot, remains: Mapping[str, Remains]) -> Iterator[Finding]:
    known = authority(snapshot)
    for entry in run.cluster.nodes:
        view: NodeView | None = snapshot.views.get(entry.name)
        if view is None or entry.name not in remains:
            continue
        if view.busy:
            rule, remedy = "two of them would undo each other's work", "run this again when that has ended"
            yield Finding(entry.name, CHECK, "a kubeadm is at work there", rule, remedy)
        elif not may_be_reset(view, known, entry, operations.endpoints_of(run), remains[entry.name]):
            held = ", ".join(view.artifacts[:2])
            yield Finding(
                entry.name,
                CHECK,
                f"holds {held}, which {owner(view, run.cluster.endpoint)}",
                "only this cluster's hosts are reset",
                "take it out of the inventory, or reset it yourself",
            )


def _others(run: Run, remains: Mapping[str, Remains]) -> Iterator[Finding]:
    """Hosts with files of this package's that it has written for another cluster, such as a balancer of that one."""
    endpoints = operations.endpoints_of(run)
    for entry in run.cluster.hosts:
        if entry.name not in remains:
            continue
        ours = named_by_this_cluster(run.cluster, entry, endpoints)
        for path, addresses in others_files(remains[entry.name], ours).items():
            yield Finding(
                entry.name,
                CHECK,
                f"{path} names {', '.join(addresses[:2])}, and none of this cluster's",
                "only this cluster's hosts are reset",
                "take it out of the inventory, or reset that cluster first",
            )


def _removed(run: Run) -> Iterator[Finding]:
    """Hosts of removed_nodes that were not removed yet: they have no part here."""
    for name, view in removed_views(run).items():
        if view is not None and view.artifacts:
            rule, remedy = "removed_nodes names it, so it has no part here", "take it out of removed_nodes"
            yield Finding(name, CHECK, f"holds {view.artifacts[0]}", rule, remedy)


def _member_removed(run: Run, step: ChangeStep) -> None:
    operations.member_removed(name="Remove its member from etcd", run=run, step=step)


def _node_reset(run: Run, step: ChangeStep) -> None:
    operations.node_reset(name="Reset the node", run=run, step=step)


def _given_back(run: Run, step: ChangeStep) -> None:
    operations.host_given_back(name="Take back files, give back services and settings", run=run, step=step)


_CARRIED_OUT: Final[CarriedOut] = {
    Work.REMOVE_MEMBER: _member_removed,
    Work.RESET: _node_reset,
    Work.GIVE_BACK: _given_back,
}
