"""Which certificates of a host are to be renewed. Values in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from k8s_ha.catalog.certificates import KUBELET_CLIENT, KUBELET_CONF, RENEWABLE, Renewable, renewable
from k8s_ha.observations.certificates import Validity
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.standing import KEPT_CERTIFICATES, KUBELET_CERTIFICATE
from k8s_ha.settings import Cluster


@dataclass(frozen=True)
class RenewalRule:
    """What is renewed.

    + within: what has less left, or less than a third of its life, beside that which has ended; None for neither
    + written_before: all that was written before this moment, however long it has left; None for nothing
    """

    within: timedelta | None = timedelta()
    written_before: datetime | None = None

    def is_due(self, validity: Validity, now: datetime) -> bool:
        """Whether this one is renewed."""
        if self.within is not None and (has_ended(validity, now) or validity.is_near(now, self.within)):
            return True
        return self.written_before is not None and (validity.written is None or validity.written < self.written_before)


ENDED: Final = RenewalRule()
"""What has ended, and no more."""

BEGUN: Final = RenewalRule(within=None)
"""What a run was cut off at, and no more."""


def rule_of(cluster: Cluster) -> RenewalRule:
    """The settings' own rule."""
    days = cluster.settings.renew_certificates_within_days
    return RenewalRule(timedelta(days=days)) if days else BEGUN


def has_ended(validity: Validity, now: datetime) -> bool:
    """Whether a certificate is valid no more."""
    return validity.ends <= now


def held_of(view: NodeView, minor: int) -> dict[Renewable, Validity | None]:
    """What kubeadm would renew on a control plane, as far as it is there; None for a file that holds none."""
    held = view.standing.certificates
    return {entry: held[entry.path] for entry in renewable(minor) if entry.path in held}


def is_under_way(view: NodeView) -> bool:
    """Whether a renewal on this control plane has not come to its end."""
    return KEPT_CERTIFICATES in view.standing.set_aside


def is_due(view: NodeView, rule: RenewalRule, now: datetime) -> bool:
    """Whether a control plane's certificates and kubeconfigs are renewed: all of them, where one is.

    + now: by the operator's clock; the host's own counts where that is known
    """
    held = [view.standing.certificates.get(entry.path) for entry in RENEWABLE]
    moment = view.moment(now)
    return is_under_way(view) or any(rule.is_due(each, moment) for each in held if each is not None)


def is_kubelet_due(view: NodeView, rule: RenewalRule, now: datetime) -> bool:
    """Whether the certificate by which a node's kubelet logs in is renewed; one that has not ended is its own work.

    + now: as for ``is_due``
    """
    if KUBELET_CERTIFICATE in view.standing.set_aside:
        return True
    if rule == BEGUN:
        return False
    held, moment = view.standing.certificates, view.moment(now)
    if KUBELET_CLIENT in held and held[KUBELET_CLIENT] is None:
        return True
    found = [each for path in (KUBELET_CLIENT, KUBELET_CONF) if (each := held.get(path)) is not None]
    if any(has_ended(each, moment) for each in found):
        return True
    return not _rotates(view) and any(rule.is_due(each, moment) for each in found)


def _rotates(view: NodeView) -> bool:
    try:
        return view.standing.kubelet_document.get("rotateCertificates", False) is not False
    except ValueError:
        return True  # that it cannot be read is told by itself


def is_dead(view: NodeView, rule: RenewalRule, now: datetime, with_leader: bool) -> bool:
    """Whether a control plane does not serve because certificates have ended, or a renewal was cut off.

    + now: as for ``is_due``
    + with_leader: whether another one serves, so that such a cut is gone on with in its turn
    """
    of_ended = BEGUN if rule == BEGUN else ENDED
    held = [view.standing.certificates.get(entry.path) for entry in RENEWABLE]
    ended = any(of_ended.is_due(each, view.moment(now)) for each in held if each is not None)
    ended = ended or is_kubelet_due(view, of_ended, now)
    return view.is_silent and (ended or (is_under_way(view) and not with_leader))
