"""Until when certificates are valid. Values in, values out."""

from __future__ import annotations

import base64
import re
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import Certificate as X509Certificate
from cryptography.x509 import InvalidVersion, load_der_x509_certificate, load_pem_x509_certificate

from k8s_ha.catalog.certificates import KUBELET_SERVER, Kind, kind
from k8s_ha.findings import Finding

_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_BLOCK: Final = re.compile(rf"{_BEGIN}\n[^-]+-----END CERTIFICATE-----")

ERROR_WITHIN: Final = timedelta(days=7)
"""What is left of a working week: a cluster that ends in it needs its owner today."""

WARNING_WITHIN: Final = timedelta(days=30)
"""kubeadm's certificates last a year, and a kubelet renews its own with at least 36 days to go."""

AUTHORITY_WARNING_WITHIN: Final = timedelta(days=730)
"""A CA is replaced by hand, on every host twice."""

SHARES: Final[Mapping[Kind, int]] = {Kind.KUBELET: 10}
"""Which part of its life a certificate has left when it is near its end, where that is another than THIRD.

A kubelet renews its own when 70 to 90 of 100 parts are over (client-go, util/certificate, nextRotationDeadline).
"""

THIRD: Final = 3


@dataclass(frozen=True)
class Validity:
    """From when until when a certificate is valid, in UTC.

    + begins: up to Kubernetes 1.30 kubeadm's begin with their CA
    + written: when its file was; None where that was not told, and of a CA, which comes to a host when that joins
    """

    begins: datetime
    ends: datetime
    written: datetime | None = None

    def is_near(self, now: datetime, within: timedelta, share: int = THIRD) -> bool:
        """Whether less is left than a span of time, and less than a share of its life: short ones end, too."""
        return self.ends - now < min(within, self.life / share)

    @property
    def life(self) -> timedelta:
        """How long it is of use, from when it was made."""
        return self.ends - max(self.begins, self.written or self.begins)


@dataclass(frozen=True)
class Certificate:
    """A certificate of the cluster: where it is, and from when until when it is valid.

    + host: inventory name
    """

    host: str
    path: str
    validity: Validity

    @property
    def expires(self) -> datetime:
        """Until when it is valid."""
        return self.validity.ends

    def is_near(self, now: datetime, within: timedelta) -> bool:
        """Whether it ends soon."""
        return self.validity.is_near(now, within, SHARES.get(kind(self.path), THIRD))


def validity(encoded: str, written: datetime | None = None) -> Validity | None:
    """How long a certificate is valid; None for what is none.

    + encoded: base64 of DER or of PEM
    + written: when its file was
    """
    try:
        certificate = parsed(base64.b64decode(encoded, validate=True))
        if certificate is None:
            return None
        return Validity(certificate.not_valid_before_utc, certificate.not_valid_after_utc, written)
    except ValueError:  # no base64, or a date that no calendar has
        return None


def printed_end(text: str) -> datetime | None:
    """Until when a certificate is valid, as curl prints it: with one digit or two, by its TLS library."""
    try:
        return datetime.strptime(" ".join(text.split()), "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    except ValueError:
        return None


def parsed(raw: bytes) -> X509Certificate | None:
    """The certificate in PEM or DER; None for what is none."""
    try:
        with warnings.catch_warnings():
            # The CA of kubeadm 1.20 has serial number 0, which cryptography warns about at every look.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            load = load_pem_x509_certificate if raw.startswith(b"-----") else load_der_x509_certificate
            return load(raw)
    except (ValueError, TypeError, InvalidVersion, UnsupportedAlgorithm):
        return None


@lru_cache(maxsize=256)  # nearly all hosts hold the same few texts
def fingerprints(pem: str) -> frozenset[str]:
    """SHA-256 of each certificate in a PEM text, whatever stands around them; none where one of them is damaged."""
    blocks = _BLOCK.findall(pem)
    if len(blocks) != pem.count(_BEGIN):
        return frozenset()
    found = [parsed(block.encode()) for block in blocks]
    return frozenset(entry.fingerprint(SHA256()).hex() for entry in found if entry) if all(found) else frozenset()


def first_of_kinds(certificates: Iterable[Certificate]) -> dict[Kind, Certificate]:
    """The certificate of each kind that ends first."""
    found: dict[Kind, Certificate] = {}
    for certificate in sorted(certificates, key=lambda entry: (entry.expires, entry.host, entry.path)):
        found.setdefault(kind(certificate.path), certificate)
    return {each: found[each] for each in Kind if each in found}


def ends_of_kinds(certificates: Collection[Certificate]) -> str:
    """How many there are, and when the first of each kind ends."""
    ends = [f"{of.value} {first.expires:%Y-%m-%d}" for of, first in first_of_kinds(certificates).items()]
    return f"{len(certificates)}; first to end: {', '.join(ends) or 'none'}"


def certificate_findings(certificates: Iterable[Certificate], now: datetime) -> Iterator[Finding]:
    """A finding for each host and day on which certificates of it expire, or have expired.

    + now: in UTC
    """
    groups: dict[tuple[str, str, Kind, str], list[Certificate]] = defaultdict(list)
    for certificate in certificates:
        if certificate.is_near(now, _warned_within(kind(certificate.path))):
            of, remedy = kind(certificate.path), _remedy(certificate.path)
            groups[certificate.host, f"{certificate.expires:%Y-%m-%d}", of, remedy].append(certificate)
    for (host, day, of, remedy), group in groups.items():
        first = min(group, key=lambda certificate: certificate.expires)
        others = f" and {len(group) - 1} more" if len(group) > 1 else ""
        # Of a day that is not over, the hour matters.
        end = f"{first.expires:%Y-%m-%d %H:%M} UTC" if abs(first.expires - now) < timedelta(days=1) else day
        yield Finding(
            host=host,
            check="certificate",
            found=f"{group[0].path}{others} {'expired on' if first.expires < now else 'valid until'} {end}",
            wanted=f"at least {_warned_within(of).days} days, or {_share(of)} of its life",
            remedy=remedy,
            severity="error" if any(entry.is_near(now, ERROR_WITHIN) for entry in group) else "warning",
        )


def _warned_within(of: Kind) -> timedelta:
    return AUTHORITY_WARNING_WITHIN if of is Kind.AUTHORITY else WARNING_WITHIN


def _share(of: Kind) -> str:
    return "a tenth" if SHARES.get(of, THIRD) != THIRD else "a third"


def _remedy(path: str) -> str:
    renews = "`pyinfra inventory.py k8s_ha.renew_certificates`"
    if path == KUBELET_SERVER:
        return "approve what its kubelet asks for: `kubectl get certificatesigningrequests`"
    if kind(path) is Kind.KUBELET:
        asked = "the kubelet should have renewed it: see `journalctl -u kubelet` there"
        return f"{asked}; where it has ended, {renews}"
    if kind(path) is Kind.AUTHORITY:
        return "a CA is replaced by hand: see Kubernetes' manual rotation of CA certificates"
    return renews
