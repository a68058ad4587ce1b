"""Until when certificates are valid. Values in, values out."""

from __future__ import annotations

import base64
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import Certificate as X509Certificate
from cryptography.x509 import InvalidVersion, load_der_x509_certificate, load_pem_x509_certificate

from k8s_ha.findings import Finding

_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_BLOCK: Final = re.compile(rf"{_BEGIN}\n[^-]+-----END CERTIFICATE-----")

ERROR_WITHIN: Final = timedelta(days=7)
"""What is left of a working week: a cluster that ends in it needs its owner today."""

WARNING_WITHIN: Final = timedelta(days=30)
"""kubeadm's certificates last a year, and a kubelet renews its own with at least 36 days to go."""


@dataclass(frozen=True)
class Certificate:
    """A certificate of the cluster: where it is, and until when it is valid.

    + host: inventory name
    """

    host: str
    path: str
    expires: datetime


def expiry(encoded: str) -> datetime | None:
    """Until when a certificate is valid, in UTC; None for what is none.

    + encoded: base64 of DER or of PEM
    """
    try:
        certificate = parsed(base64.b64decode(encoded, validate=True))
        return certificate.not_valid_after_utc if certificate else None
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


def certificate_findings(certificates: Iterable[Certificate], now: datetime) -> Iterator[Finding]:
    """A finding for each host and day on which certificates of it expire, or have expired.

    + now: in UTC
    """
    groups: dict[tuple[str, str, str], list[Certificate]] = defaultdict(list)
    for certificate in certificates:
        if certificate.expires - now < WARNING_WITHIN:
            day = f"{certificate.expires:%Y-%m-%d}"
            groups[certificate.host, day, _remedy(certificate.path)].append(certificate)
    for (host, day, remedy), group in groups.items():
        left = min(certificate.expires for certificate in group) - now
        others = f" and {len(group) - 1} more" if len(group) > 1 else ""
        yield Finding(
            host=host,
            check="certificate",
            found=f"{group[0].path}{others} {'expired on' if left < timedelta() else 'valid until'} {day}",
            wanted=f"at least {WARNING_WITHIN.days} days",
            remedy=remedy,
            severity="error" if left < ERROR_WITHIN else "warning",
        )


def _remedy(path: str) -> str:
    if path.startswith("/var/lib/kubelet/"):
        return "the kubelet should have renewed it: see `journalctl -u kubelet` there, then `systemctl restart kubelet`"
    if path.endswith("ca.crt"):
        return "a CA is replaced by hand: see Kubernetes' manual rotation of CA certificates"
    return "`kubeadm certs renew all` there, then restart its API server, controller manager, scheduler and etcd"
