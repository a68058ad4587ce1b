"""Certificates of a cluster in the lab signed again, by the cluster's own CAs, to end soon.

kubeadm gives certificates a life of its configuration's from 1.31 on; before it they live for a year. Keys, names and
uses stay; only the serial number and the time differ.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from k8s_ha.catalog.certificates import KUBELET_CLIENT, PKI, RENEWABLE
from tests.lab.checks import CONTROL_PLANES
from tests.lab.client import Lab

PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)
IN_KUBECONFIG: Final = re.compile(r"(?<=client-certificate-data: )\S+")
HOUR: Final = timedelta(hours=1)


def authority_of(path: str) -> str:
    """The path, without its ending, of the CA that has signed the certificate in a file.

    >>> authority_of("/etc/kubernetes/pki/apiserver-etcd-client.crt")
    '/etc/kubernetes/pki/etcd/ca'
    """
    if path.startswith(f"{PKI}/etcd/") or path.endswith("/apiserver-etcd-client.crt"):
        return f"{PKI}/etcd/ca"
    return f"{PKI}/front-proxy-ca" if path.endswith("/front-proxy-client.crt") else f"{PKI}/ca"


def signed_again(certificate: str, key: str, end: datetime) -> str:
    """The certificate with another end; all in PEM.

    + key: of the CA that has signed it
    """
    old = x509.load_pem_x509_certificate(certificate.encode())
    signer = load_pem_private_key(key.encode(), None)
    assert isinstance(signer, rsa.RSAPrivateKey)
    builder = (
        x509.CertificateBuilder(old.issuer, old.subject, old.public_key(), x509.random_serial_number())
        .not_valid_before(old.not_valid_before_utc)
        .not_valid_after(end)
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(signer, SHA256()).public_bytes(Encoding.PEM).decode()


def shortened(text: str, key: str, end: datetime) -> str:
    """A certificate's file, a kubelet's with its key behind, or a kubeconfig, whose certificate has another end."""

    def in_kubeconfig(found: re.Match[str]) -> str:
        certificate = base64.b64decode(found[0]).decode()
        return base64.b64encode(signed_again(certificate, key, end).encode()).decode()

    text = IN_KUBECONFIG.sub(in_kubeconfig, text)
    return PEM.sub(lambda found: signed_again(found[0], key, end), text)


def shorten(lab: Lab, minutes: int, of_kubelets: int) -> None:
    """Have all certificates that kubeadm renews end so soon, and the first kubelet's, which it has signed.

    + of_kubelets: minutes that a kubelet's lives
    """
    now = datetime.now(UTC)
    end = now + timedelta(minutes=minutes)
    for name in CONTROL_PLANES:
        for path in [entry.path for entry in RENEWABLE]:
            if lab.host(name, f"! test -e {path} || echo there"):  # super-admin.conf is where kubeadm init ran
                _shorten(lab, name, path, end)
        held = x509.load_pem_x509_certificate(lab.host(name, f"cat {KUBELET_CLIENT}").encode())
        if held.not_valid_after_utc > now + HOUR:
            _shorten(lab, name, KUBELET_CLIENT, now + timedelta(minutes=of_kubelets))
            lab.host(name, "systemctl restart kubelet")


def _shorten(lab: Lab, name: str, path: str, end: datetime) -> None:
    text, key = (lab.host(name, f"cat {file}") for file in (path, f"{authority_of(path)}.key"))
    changed = base64.b64encode(shortened(text, key, end).encode()).decode()
    lab.host(name, f"echo {changed} | base64 -d >{path}")  # what is there keeps its mode, and where it leads
