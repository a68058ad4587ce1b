"""Certificates of a standing cluster renewed, step by step, and when that is planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from k8s_ha.cluster_state.change_steps import WITHOUT_OUTAGE, ChangeStep, Work
from k8s_ha.cluster_state.renewal_steps import renewal_steps, revives
from k8s_ha.cluster_state.renewals import BEGUN, ENDED, RenewalRule, rule_of
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.deploys.etcd_leader import led_by_another
from k8s_ha.deploys.limit import option_against, outside_of_limit
from k8s_ha.deploys.steps import CarriedOut
from k8s_ha.facts.node import Node
from k8s_ha.findings import Finding
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.commands import poll_until, read_of_hosts
from k8s_ha.operations.renewal import certificates_renewed, kubelet_certificate_renewed
from k8s_ha.preflight_checks.renewal import (
    ended_findings,
    put_off,
    renewal_findings,
    silent_beside,
    waiting_findings,
)
from k8s_ha.run import Run

SECONDS_TO_ANSWER: Final = 15
"""How long a control plane beside others is asked, until it is one that ended certificates keep from serving."""


Views = Mapping[str, NodeView | None]


@dataclass
class Renewals:
    """By what this run renews, and whether the steps of a renewal alone were planned."""

    rule: RenewalRule = ENDED
    is_planned: bool = False


def renewals_due(run: Run, snapshot: ClusterSnapshot) -> tuple[ChangeStep, ...]:
    """The steps that renew what the settings say, or what this run was called for."""
    own = run.part(Renewals)
    if not own.is_planned:
        own.rule = rule_of(run.cluster)
    return _steps(run, snapshot, own.rule)


def _steps(run: Run, snapshot: ClusterSnapshot, rule: RenewalRule) -> tuple[ChangeStep, ...]:
    versions = {name: survey.standing_version for name, survey in run.surveys.items()}
    steps = renewal_steps(snapshot, rule, datetime.now(UTC), versions)
    if snapshot.leader is None or not revives(steps):
        return steps
    return renewal_steps(_asked_again(snapshot, steps), rule, datetime.now(UTC), versions)


def _asked_again(snapshot: ClusterSnapshot, steps: Sequence[ChangeStep]) -> ClusterSnapshot:
    """The same with a second look at those that are revived: one answer that fails is no silence.

    What serves with what it has is renewed out of the balancer, and gets that back where it must.
    """
    asked = [snapshot.cluster.host(name) for step in steps if step.work is Work.REVIVE for name in step.subjects]

    def look() -> Views:
        return read_of_hosts(Node, asked, standing=True)

    def all_serve(views: Views) -> bool:
        return all(view is not None and view.ready for view in views.values())

    found: Views = poll_until(look, all_serve, SECONDS_TO_ANSWER)
    return replace(snapshot, views={**snapshot.views, **found})


def renewals_planned(run: Run, snapshot: ClusterSnapshot, steps: Sequence[ChangeStep]) -> list[Finding]:
    """Why certificates are not renewed; where they are, the run's plan has the steps, before all others.

    + steps: as ``renewals_due`` gives them
    """
    found: list[Finding] = []
    if not run.part(Renewals).is_planned:
        steps, found = _of_this_run(run, snapshot, steps)
    run.log.plan = replace(run.log.plan, changes_due=(*steps, *run.log.plan.changes_due))
    return [*found, *renewal_findings(snapshot, steps, datetime.now(UTC))]


def _of_this_run(
    run: Run, snapshot: ClusterSnapshot, steps: Sequence[ChangeStep]
) -> tuple[Sequence[ChangeStep], list[Finding]]:
    """The steps without those that can wait while a run has something else to mend, and what is said of that."""
    left_out, option = outside_of_limit(run), option_against(run, steps)
    options = [*(["--limit"] if left_out else []), *([option] if option else [])]
    silent = silent_beside(snapshot, steps)
    if revives(steps) and (options or snapshot.leader is None):
        return steps, []
    now = [step for step in steps if not options and step.work in WITHOUT_OUTAGE] if silent or options else steps
    waiting = next((step for step in steps if step.work in (Work.RENEW, Work.RENEW_KUBELET) and step not in now), None)
    return now, [put_off(waiting, silent, options)] if waiting else []


def renewals_wait(run: Run, snapshot: ClusterSnapshot) -> list[Finding]:
    """What has ended, while an upgrade is due; what ends soon kubeadm renews with it."""
    return [*waiting_findings(_steps(run, snapshot, ENDED))]


def ended_unrenewed(run: Run, snapshot: ClusterSnapshot, begun: Sequence[ChangeStep]) -> list[Finding]:
    """Control planes that do not serve since certificates have ended, where the settings have none renewed.

    + begun: the steps by which a run that was cut off is gone on with
    """
    if run.part(Renewals).is_planned or rule_of(run.cluster) != BEGUN:
        return []
    # Beside one that serves a run has other things to mend.
    return [*ended_findings(_steps(run, snapshot, ENDED), begun, "warning" if snapshot.leader else "error")]


def _renewed(run: Run, step: ChangeStep) -> None:
    led_by_another(run)
    certificates_renewed(name="Renew the certificates and kubeconfigs", run=run, rule=run.part(Renewals).rule)


def _revived(run: Run, step: ChangeStep) -> None:
    rule = run.part(Renewals).rule
    # Without its kubelet nothing is started there; without most of its members etcd serves nobody.
    of_kubelet = ENDED if rule == BEGUN else rule
    kubelet_certificate_renewed(name="Renew the kubelet's certificate", run=run, rule=of_kubelet, waits=False)
    certificates_renewed(name="Renew etcd's certificates", run=run, rule=rule, revives=True, up_to="etcd")
    certificates_renewed(name="Renew the certificates and kubeconfigs", run=run, rule=rule, revives=True)


def _kubelet_renewed(run: Run, step: ChangeStep) -> None:
    kubelet_certificate_renewed(name="Renew the kubelet's certificate", run=run, rule=run.part(Renewals).rule)


CARRIED_OUT: Final[CarriedOut] = {
    Work.RENEW: _renewed,
    Work.REVIVE: _revived,
    Work.RENEW_KUBELET: _kubelet_renewed,
}
