"""The first phase: every reason not to go on, found before anything is changed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pyinfra import logger
from pyinfra.api import deploy
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.catalog.check_names import CHECKS
from k8s_ha.catalog.kernel_needs import MODULES
from k8s_ha.cluster_state.plan import Plan, decide
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.deploys.change_plan import changes_planned, show_steps
from k8s_ha.deploys.limit import option_against, outside_of_limit
from k8s_ha.deploys.phase import members_of, run_of_host, survey, unreachable
from k8s_ha.deploys.removal_plan import removals_planned, removed_views
from k8s_ha.deploys.standing import Compared, left_out
from k8s_ha.desired.external_balancer import members
from k8s_ha.facts.preflight import PreflightFacts
from k8s_ha.findings import Finding, errors, some
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.node import certificates_of
from k8s_ha.operations.commands import everywhere, read_with_logins
from k8s_ha.preflight_checks import boot, download_sources, endpoint, existing_cluster, pod_network, units
from k8s_ha.preflight_checks.machine import folders
from k8s_ha.preflight_checks.model import HostContext
from k8s_ha.preflight_checks.restore import unfinished_restore
from k8s_ha.preflight_checks.rules import preflight_findings, unread, waived
from k8s_ha.preflight_checks.runtimes import UNITS as RUNTIME_UNITS
from k8s_ha.preflight_checks.standing import standing_findings, steps_left_out, unfinished, version_findings
from k8s_ha.preflight_checks.survey import usable
from k8s_ha.pyinfra_internals.command_line import host_by_host
from k8s_ha.reporting.console import log_findings
from k8s_ha.run import Run

NAME: Final = "Check the hosts before the first change"


@deploy(NAME)
def preflight(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Find every reason why the deploy would fail, and show all of them in one table.

    Reads twice from each host, changes nothing, and prepares no operation.
    Raises PyinfraError where a finding is an error that the setting ``waive`` does not name.
    """
    run = run_of_host(settings, groups, of_removed=True)
    with run.lock:
        if NAME not in run.log.prepare_seconds:
            begun = time.monotonic()
            run.log.timeline.enter(NAME)
            run.log.findings += _collect(run)
            run.log.prepare_seconds[NAME] = time.monotonic() - begun
            _log_findings(run)
    if stopping := errors(run.log.findings):
        raise PyinfraError(_verdict(stopping))


def _collect(run: Run) -> list[Finding]:
    """What survey and preflight of all hosts found; keeps the surveys, too."""
    return findings_before_changes(run, survey(run) + unreachable(run))


def findings_before_changes(run: Run, found: list[Finding]) -> list[Finding]:
    """What preflight finds of hosts that were surveyed; keeps the control planes' views and the nodes' states.

    + found: by the survey
    """
    found = [*found, *unfinished_restore(run.surveys)]
    members = members_of(run)
    if run.cluster.settings.kubernetes_version is None:
        return found  # nobody can say which, and nothing more can be asked
    asked = {member: _questions(run, member.name) for member in members if _is_usable(run, member.name)}
    read = everywhere(lambda member: read_with_logins(member, PreflightFacts, run.logins, asked[member]), asked)
    preflights = {name: preflight for name, preflight in read.items() if preflight is not None}
    contexts = [
        HostContext(run.cluster, entry, run.surveys[entry.name], preflights[entry.name])
        for entry in run.cluster.hosts
        if entry.name in preflights
    ]
    views = {name: preflight.view for name, preflight in preflights.items()} | left_out(run, preflights)
    views |= removed_views(run)
    snapshot = ClusterSnapshot(run.cluster, views, endpoint_answer="")
    run.part(Compared).done = True
    run.former_endpoints = snapshot.former_endpoints
    if all(control_plane.name in snapshot.views for control_plane in run.cluster.control_planes):
        run.snapshot = ClusterSnapshot(run.cluster, snapshot.views, former=run.former_endpoints)
    run.log.certificates = certificates_of(snapshot.views)
    run.log.states_before = existing_cluster.states_before(contexts)
    run.log.plan = decide(snapshot) if contexts else Plan({})
    found = [*found, *removals_planned(run, snapshot)]
    found += standing_findings(snapshot, run.caveats_anywhere) + changes_planned(run, snapshot)
    if snapshot.leader is None and not snapshot.can_retry_init:
        found += version_findings(run.surveys, run.cluster)
    found += steps_left_out(run.log.plan.due, outside_of_limit(run), option_against(run, run.log.plan.due))
    found += unfinished(snapshot, outside_of_limit(run), host_by_host())
    found += pod_network.in_the_way(contexts) if THE_CLUSTER in run.log.plan.changes else []
    found += endpoint.not_begun(contexts) if run.log.plan.begins else []
    found += [unread(name) for name in read if name not in preflights]
    return waived([*found, *preflight_findings(contexts)], run.cluster.settings.waive)


def _is_usable(run: Run, name: str) -> bool:
    return name in run.surveys and usable(run.surveys[name])


def _questions(run: Run, name: str) -> dict[str, Any]:
    """The arguments of ``PreflightFacts`` for a host, which follow from its survey."""
    cluster = run.cluster
    own, runtime = cluster.host(name), cluster.settings.container_runtime
    return {
        "address": own.address,
        "endpoint": cluster.endpoint_target,
        "virtual_address": (cluster.virtual_address or "") if "load_balancer" in own.role else "",
        "virtual_router": cluster.virtual_router_id,
        "endpoint_name": cluster.endpoint_host if cluster.endpoint_host in cluster.names else "",
        "asked_endpoint": (cluster.external_endpoint or "") if own.is_node else "",
        "folders": folders(own.is_node, runtime),
        "modules": MODULES if own.is_node else (),
        "units": tuple(dict.fromkeys((*boot.units(cluster, own), *units.ASKED))),
        "names": tuple(cluster.names),
        "runtime": runtime,
        "runtimes": RUNTIME_UNITS[runtime] if own.is_node else (),
        "leaves_docker": own.is_node and run.surveys[name].moves_runtime(cluster.cri),
        "sources": download_sources.needed(cluster, own, run.surveys[name]),
        "repositories": bool(download_sources.lacking(cluster, own, run.surveys[name])),
        "balancer": "load_balancer" in own.role,
        "etcd_folder": cluster.etcd_folder if "control_plane" in own.role else "",
    }


def _log_findings(run: Run) -> None:
    """What was found, or how much was checked; and what is planned where nothing stands in the way."""
    if run.log.findings:
        logger.info("Preflight found:")
        log_findings(run.log.findings)
    else:
        count = len(members_of(run))
        logger.info(f"Preflight: {count} host{'s' * (count != 1)}, {len(CHECKS)} checks, nothing found")
    if not errors(run.log.findings):
        for line in run.log.plan.lines:
            logger.info(f"Plan: {line}")
        if run.cluster.is_external and run.log.plan.begins:
            logger.info(f"The balancer at {run.cluster.endpoint} is to pass TCP on to:")
            for line in members(run.cluster):
                logger.info(f"    {line}")
        show_steps(run)


def _verdict(stopping: Sequence[Finding]) -> str:
    """The sentence that the run ends with."""
    hosts = some(list(dict.fromkeys(finding.host for finding in stopping)))
    count = f"{len(stopping)} error{'s' * (len(stopping) > 1)}"
    waivable = sorted({name for name, check in CHECKS.items() if not check.fixed} & {f.check for f in stopping})
    remedy = f"fix them, or waive a check with waive = {waivable}" if waivable else "fix them"
    return f"nothing was changed: {count} on {hosts}, listed above; {remedy}"
