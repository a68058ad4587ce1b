"""What keeps certificates from being renewed, before the first of them is. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from k8s_ha.catalog.certificates import AUTHORITIES, PKI
from k8s_ha.cluster_state.change_plan import silent_control_planes
from k8s_ha.cluster_state.change_steps import ChangeStep, Work, release_order
from k8s_ha.cluster_state.renewals import has_ended, held_of, is_under_way
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.node import NodeView
from k8s_ha.preflight_checks.standing import silent

CHECK: Final = "certificates"

_ELSEWHERE: Final = (
    "renew them with your CA, then restart etcd and the control plane; or put the key there; or set "
    "renew_certificates_within_days = 0"
)


def renewal_findings(snapshot: ClusterSnapshot, steps: Sequence[ChangeStep], now: datetime) -> Iterator[Finding]:
    """Why certificates that are due are not renewed.

    + steps: of the renewal
    """
    yield from (silent(name, CHECK) for name in silent_control_planes(snapshot, steps))
    for step in steps:
        if step.work in (Work.RENEW, Work.REVIVE):
            for name in step.subjects:
                view = snapshot.views.get(name)
                if view is not None:
                    yield from _of_host(name, view, release_order(step.version)[1], now)
    signers = [view for host in snapshot.cluster.control_planes if (view := snapshot.views.get(host.name)) is not None]
    if any(step.work is Work.RENEW_KUBELET for step in steps) and not any(map(can_sign, signers)):
        found = f"no control plane has {PKI}/ca.key, and kubelets need new certificates"
        yield Finding(
            THE_CLUSTER, CHECK, found, "it signs them", "make their kubelet.conf with your CA, or put it there"
        )


def can_sign(view: NodeView) -> bool:
    """Whether a control plane holds the key of the cluster's CA."""
    return f"{PKI}/ca.crt" in view.standing.certificates and f"{PKI}/ca.key" not in view.standing.lacking_keys


def _of_host(name: str, view: NodeView, minor: int, now: datetime) -> Iterator[Finding]:
    held = view.standing.certificates
    if lacking := view.standing.lacking_keys:
        found = f"certificates end, and {', '.join(lacking)} is not there: an external CA"
        yield Finding(name, CHECK, found, "kubeadm signs with it", _ELSEWHERE)
    for path in AUTHORITIES:
        authority = held.get(path)
        if authority is not None and has_ended(authority, now):
            found, rule = f"{path} has ended on {authority.ends:%Y-%m-%d}", "what it signs is not valid either"
            yield Finding(
                name, CHECK, found, rule, "replace it by hand: Kubernetes' manual rotation of CA certificates"
            )
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
        found = "certificates there have ended, and an upgrade is due"
        yield Finding(name, CHECK, found, "an upgrade needs every node", _ON_DEMAND)


def ended_findings(steps: Sequence[ChangeStep]) -> Iterator[Finding]:
    """Control planes that ended certificates keep from serving, where the settings have none renewed.

    + steps: of the renewal of what has ended
    """
    for name in [name for step in steps if step.work is Work.REVIVE for name in step.subjects]:
        found = "certificates there have ended, and renew_certificates_within_days is 0"
        yield Finding(name, CHECK, found, "its API server does not serve with them", _ON_DEMAND)
