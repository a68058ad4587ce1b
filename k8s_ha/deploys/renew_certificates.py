"""All certificates of a standing cluster renewed when somebody asks for it, one step after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pyinfra import host, logger

from k8s_ha.cluster_state.change_steps import Work
from k8s_ha.cluster_state.renewals import RenewalRule
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.deploys.change_plan import show_steps
from k8s_ha.deploys.limit import option_against, outside_of_limit
from k8s_ha.deploys.load_balancer import passed_on_by_step, proxy_of, still_out
from k8s_ha.deploys.moments import past_moment
from k8s_ha.deploys.phase import phase, start_phase, stop_on_errors, unreachable
from k8s_ha.deploys.renewals import CARRIED_OUT, Renewals, renewals_due, renewals_planned
from k8s_ha.deploys.standing import Compared
from k8s_ha.deploys.steps import CarriedOut, take_steps
from k8s_ha.facts.node import Node
from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.clock import Interval, interval
from k8s_ha.observations.node import NodeView, certificates_of
from k8s_ha.operations import kubeconfig
from k8s_ha.operations.barrier import barrier
from k8s_ha.operations.commands import read_of_hosts
from k8s_ha.operations.nginx import endpoint_proxied
from k8s_ha.operations.renewal import certificates_told
from k8s_ha.preflight_checks.fleet import clock_findings
from k8s_ha.preflight_checks.renewal import CHECK
from k8s_ha.preflight_checks.rules import waived
from k8s_ha.preflight_checks.standing import steps_left_out
from k8s_ha.reporting.console import log_findings
from k8s_ha.run import Run, current_run

RECENTLY: Final = timedelta(hours=1)
"""What was written within it was renewed by a run that was cut off, or just now."""


@phase("Renew the certificates")
def renew_certificates(
    settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None, since: str = ""
) -> None:
    """Have all certificates and kubeconfigs of kubeadm's renewed, one control plane after the other.

    Where they have ended and no API server answers, all control planes come back at once, and then the kubelets. Those
    that were written within the last hour are left alone, so that a run that was cut off is gone on with. Whatever else
    is due waits for the deploy. Copies that this package has made of kubeconfigs are made anew.

    + since: renew those that were written before this moment, such as ``2026-11-27T08:00:00Z``
    """
    # Nothing of the settings is carried out here, and a cluster that stands still has no time for it.
    current_run(settings, groups).part(Compared).done = True
    run = start_phase(settings, groups)
    with run.lock:
        own = run.part(Renewals)
        if not own.is_planned:
            before = past_moment(since) or datetime.now(UTC) - RECENTLY
            own.is_planned, own.rule = True, RenewalRule(written_before=before)
            found = _planned(run)
            run.log.findings += found
            log_findings(found)
            stop_on_errors(found)
            show_steps(run)
    cluster = run.cluster
    role = cluster.host(host.name).role
    if "load_balancer" in role:
        # A run that was cut off may have left a control plane out that was renewed since.
        endpoint_proxied(name="Have nginx pass on to all that serve", **proxy_of(run, still_out(run)))
    take_steps(run, "changes", _CARRIED_OUT)
    barrier(name="Wait for the renewals")
    if "control_plane" in role:
        kubeconfig.root_installed(name="Give root the kubeconfig", endpoint=cluster.endpoint)
        kubeconfig.fetched(name="Fetch the kubeconfig to the operator", run=run)
    elif "admin" in role:
        kubeconfig.admin_installed(name="Give root the kubeconfig", run=run)
    barrier(name="Wait for the kubeconfigs")
    certificates_told(name="Tell when certificates end", run=run)


def _planned(run: Run) -> list[Finding]:
    """Why nothing is renewed; where it is, the run's plan has the steps."""
    asked = time.time()
    views = read_of_hosts(Node, [entry for entry in run.cluster.nodes if entry.name in run.surveys], standing=True)
    found = [*clock_findings(_clocks(views, asked))]
    snapshot = run.snapshot = ClusterSnapshot(run.cluster, views, endpoint_answer="")
    run.log.certificates = certificates_of(views)
    steps = renewals_due(run, snapshot)
    found += [*unreachable(run), *renewals_planned(run, snapshot, steps), *_unread(views)]
    if snapshot.leader is None and not steps:
        found.append(
            Finding(
                THE_CLUSTER,
                CHECK,
                "no API server answers, and no certificate has ended",
                "something else keeps them from serving",
                "see `crictl ps -a` and `journalctl -u kubelet` on the control planes",
            )
        )
    if not steps and not found:
        logger.info("Every certificate was written since then: nothing is renewed")
    found += steps_left_out(steps, outside_of_limit(run), option_against(run, steps))
    return waived(found, run.cluster.settings.waive)


def _clocks(views: Mapping[str, NodeView | None], asked: float) -> dict[str, Interval]:
    """Each host's clock against the operator's, which says since when; a certificate is not valid before it begins."""
    told = {name: view.clock.timestamp() for name, view in views.items() if view is not None and view.clock}
    answered = time.time()
    found = {name: interval(asked, clock, clock, answered) for name, clock in told.items()}
    return {name: each for name, each in found.items() if each is not None}


def _unread(views: Mapping[str, object]) -> Iterator[Finding]:
    for name, view in views.items():
        if view is None:
            rule, remedy = "which end is known before the first", "see the error above, fix it, and run this again"
            yield Finding(name, CHECK, "did not tell its certificates", rule, remedy)


_CARRIED_OUT: Final[CarriedOut] = {
    Work.LEAVE: passed_on_by_step,
    Work.COME_BACK: passed_on_by_step,
    **CARRIED_OUT,
}
