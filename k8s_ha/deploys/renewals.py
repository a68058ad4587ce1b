"""Certificates of a standing cluster renewed, step by step, and when that is planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.renewal_steps import renewal_steps
from k8s_ha.cluster_state.renewals import RenewalRule, rule_of
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.deploys.etcd_leader import led_by_another
from k8s_ha.deploys.steps import CarriedOut
from k8s_ha.findings import Finding
from k8s_ha.operations.renewal import certificates_renewed, kubelet_certificate_renewed
from k8s_ha.preflight_checks.renewal import ended_findings, renewal_findings, waiting_findings
from k8s_ha.run import Run


@dataclass
class Renewals:
    """By what this run renews, and whether the steps of a renewal alone were planned."""

    rule: RenewalRule = field(default_factory=RenewalRule)
    is_planned: bool = False


def renewals_due(run: Run, snapshot: ClusterSnapshot) -> tuple[ChangeStep, ...]:
    """The steps that renew what the settings say, or what this run was called for."""
    own = run.part(Renewals)
    if not own.is_planned:
        rule = rule_of(run.cluster)
        if rule is None:
            return ()
        own.rule = rule
    return _steps(run, snapshot, own.rule)


def _steps(run: Run, snapshot: ClusterSnapshot, rule: RenewalRule) -> tuple[ChangeStep, ...]:
    versions = {name: survey.standing_version for name, survey in run.surveys.items()}
    return renewal_steps(snapshot, rule, datetime.now(UTC), versions)


def renewals_planned(run: Run, snapshot: ClusterSnapshot, steps: Sequence[ChangeStep]) -> list[Finding]:
    """Why certificates are not renewed; where they are, the run's plan has the steps, before all others.

    + steps: as ``renewals_due`` gives them
    """
    run.log.plan = replace(run.log.plan, changes_due=(*steps, *run.log.plan.changes_due))
    return [*renewal_findings(snapshot, steps, datetime.now(UTC))]


def renewals_wait(run: Run, snapshot: ClusterSnapshot) -> list[Finding]:
    """What has ended, while an upgrade is due; what ends soon kubeadm renews with it."""
    return [*waiting_findings(_steps(run, snapshot, RenewalRule()))]


def ended_unrenewed(run: Run, snapshot: ClusterSnapshot) -> list[Finding]:
    """Control planes that do not serve since certificates have ended, where the settings have none renewed."""
    return [] if rule_of(run.cluster) else [*ended_findings(_steps(run, snapshot, RenewalRule()))]


def _renewed(run: Run, step: ChangeStep) -> None:
    led_by_another(run)
    certificates_renewed(name="Renew the certificates and kubeconfigs", run=run, rule=run.part(Renewals).rule)


def _revived(run: Run, step: ChangeStep) -> None:
    rule = run.part(Renewals).rule
    # Without its kubelet nothing is started there; without most of its members etcd serves nobody.
    kubelet_certificate_renewed(name="Renew the kubelet's certificate", run=run, rule=rule, waits=False)
    certificates_renewed(name="Renew etcd's certificates", run=run, rule=rule, revives=True, up_to="etcd")
    certificates_renewed(name="Renew the certificates and kubeconfigs", run=run, rule=rule, revives=True)


def _kubelet_renewed(run: Run, step: ChangeStep) -> None:
    kubelet_certificate_renewed(name="Renew the kubelet's certificate", run=run, rule=run.part(Renewals).rule)


CARRIED_OUT: Final[CarriedOut] = {
    Work.RENEW: _renewed,
    Work.REVIVE: _revived,
    Work.RENEW_KUBELET: _kubelet_renewed,
}
