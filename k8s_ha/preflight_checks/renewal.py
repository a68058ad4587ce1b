"""What keeps certificates from being renewed, before the first of them is. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from k8s_ha.catalog.certificates import AUTHORITIES, PKI
from k8s_ha.cluster_state.authority import authority_of
from k8s_ha.cluster_state.change_plan import silent_control_planes
from k8s_ha.cluster_state.change_steps import WITHOUT_OUTAGE, ChangeStep, Work, release_order
from k8s_ha.cluster_state.renewals import has_ended, held_of, is_under_way
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.findings import Finding, Severity, some
from k8s_ha.observations.certificates import fingerprints
from k8s_ha.observations.node import NodeView
from k8s_ha.preflight_checks.standing import silent

CHECK: Final = "certificates"

_ELSEWHERE: Final = (
    "renew them with your CA, then restart etcd and the control plane; or put the key there; or set "
    "renew_certificates_within_days = 0"
)


_BY_HAND: Final = (
    "replace it to the end by Kubernetes' manual rotation of CA certificates; or set "
    "renew_certificates_within_days = 0 until then"
)


def renewal_findings(snapshot: ClusterSnapshot, steps: Sequence[ChangeStep], now: datetime) -> Iterator[Finding]:
    """Why certificates that are due are not renewed.

    + steps: of the renewal
    """
    yield from (silent(name, CHECK) for name in silent_beside(snapshot, steps))
    for step in steps:
        if step.work in (Work.RENEW, Work.REVIVE):
            for name in step.subjects:
                view = snapshot.views.get(name)
                if view is not None:
                    yield from _of_host(name, view, release_order(step.version)[1], now)
    signers = [view for host in snapshot.cluster.control_planes if (view := snapshot.views.get(host.name)) is not None]
    for name in dict.fromkeys(name for step in steps if step.work is Work.RENEW_KUBELET for name in step.subjects):
        own = snapshot.views.get(name)
        if own is not None and not any(can_sign(view, own) for view in signers):
            found = f"no control plane has {PKI}/ca.key of the CA that it trusts, and its kubelet needs a certificate"
            yield Finding(name, CHECK, found, "it signs it", "make its kubelet.conf with your CA, or put the key there")


def silent_beside(snapshot: ClusterSnapshot, steps: Sequence[ChangeStep]) -> list[str]:
    """Control planes that keep a renewal from beginning, by inventory name; a kubelet's certificate takes nobody out.

    + steps: of the renewal
    """
    if snapshot.leader is not None:
        steps = [step for step in steps if step.work not in WITHOUT_OUTAGE]
    return silent_control_planes(snapshot, steps)


def can_sign(view: NodeView, own: NodeView) -> bool:
    """Whether a control plane holds the key of the one CA that it signs with, and a node trusts that CA.

    + own: the node's
    """
    standing, signing = view.standing, fingerprints(view.ca_certificate or "")
    has_key = f"{PKI}/ca.crt" in standing.certificates and f"{PKI}/ca.key" not in standing.lacking_keys
    return has_key and len(signing) == 1 and signing <= authority_of(own)


def _of_host(name: str, view: NodeView, minor: int, now: datetime) -> Iterator[Finding]:
    held = view.standing.certificates
    if lacking := view.standing.lacking_keys:
        found = f"certificates end, and {', '.join(lacking)} is not there: an external CA"
        yield Finding(name, CHECK, found, "kubeadm signs with it", _ELSEWHERE)
    for path in view.standing.bundles:
        found = f"certificates end, and {path} holds more than one: a CA is being replaced"
        yield Finding(name, CHECK, found, "kubeadm would sign with the first of them, whosever key is there", _BY_HAND)
    for path in AUTHORITIES:
        authority = held.get(path)
        if authority is not None and has_ended(authority, view.moment(now)):
            found, rule = f"{path} has ended on {authority.ends:%Y-%m-%d}", "what it signs is not valid either"
            yield Finding(name, CHECK, found, rule, _BY_HAND)
    # A renewal that was cut off has kept what it takes the names from.
    broken = [entry.path for entry, each in held_of(view, minor).items() if each is None]
    for path in [] if is_under_way(view) else broken:
        remedy = "restore it, or have `kubeadm init phase certs` or `kubeconfig` make it anew, then run this again"
        yield Finding(name, CHECK, f"{path} holds no certificate", "a new one gets its names", remedy)


_ON_DEMAND: Final = "run `pyinfra inventory.py k8s_ha.renew_certificates`, then this again"


def waiting_findings(steps: Sequence[ChangeStep]) -> Iterator[Finding]:
    """Hosts whose certificates have ended, while an upgrade is due that needs all of them.

    + steps: of the renewal of what has ended
    """
    for name in dict.fromkeys(name for step in steps for name in step.subjects):
        found = "certificates there must be renewed, and an upgrade is due"
        yield Finding(name, CHECK, found, "an upgrade needs every node", _ON_DEMAND)


def ended_findings(steps: Sequence[ChangeStep], begun: Sequence[ChangeStep], severity: Severity) -> Iterator[Finding]:
    """Control planes that ended certificates keep from serving, where the settings have none renewed.

    + steps: of the renewal of what has ended
    + begun: those that are taken anyway
    """
    revived = {name for step in begun for name in step.subjects}
    for name in [name for step in steps if step.work is Work.REVIVE for name in step.subjects if name not in revived]:
        found = "certificates there have ended, and renew_certificates_within_days is 0"
        yield Finding(name, CHECK, found, "its API server does not serve with them", _ON_DEMAND, severity)


def put_off(step: ChangeStep, silent: Sequence[str], options: Sequence[str]) -> Finding:
    """Certificates that are due last longer than whatever keeps them from being renewed in this run.

    + step: the first that is not taken
    + silent: inventory names of control planes that do not serve
    + options: of pyinfra's command line, with which hosts are left out or do not wait for each other
    """
    found = "certificates there are due, and are not renewed in this run"
    if silent:
        rule = f"one control plane at a time is out, and the API server of {some(silent)} does not answer"
        remedy = "the next run renews them, when that serves"
    else:
        rule, remedy = "all hosts take their turns", f"a run without {' and '.join(options)} renews them"
    return Finding(step.subjects[0], CHECK, found, rule, remedy, "warning")
