"""What a part's file holds, and the words that go with the archive."""

from __future__ import annotations

import base64
from collections import Counter
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from k8s_ha.catalog.diagnosis import CLUSTER_PARTS, HOST_PARTS
from k8s_ha.diagnosis.parts import MISSING, Part
from k8s_ha.diagnosis.summary import Told, readme
from k8s_ha.diagnosis.texts import ends_of_certificates, text_of

DAY = datetime(2027, 11, 27, 8, tzinfo=UTC)


def certificate() -> str:
    """The body of a PEM certificate that ends on DAY."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, DAY - timedelta(days=365), DAY).sign(key, SHA256())
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def test_of_certificates_their_ends_are_told() -> None:
    text = f"/etc/kubernetes/pki/a.crt {certificate()}\n/etc/kubernetes/pki/b.crt \n"
    assert ends_of_certificates(text) == (
        "2027-11-27T08:00:00Z  /etc/kubernetes/pki/a.crt\nno certificate was read  /etc/kubernetes/pki/b.crt\n"
    )
    assert text_of(Part("certificates", text), ())[0] == ends_of_certificates(text)


def test_what_a_terminal_would_obey_is_written_out_and_secrets_are_hidden() -> None:
    text, found = text_of(Part("system", "a\tword7\x1b[2J\npassword: y\n"), ["word7"])
    assert text == "a\t***\\x1b[2J\npassword: ***\n"
    assert found == Counter({"known secret": 1, "named value": 1})


def test_the_readme_names_what_is_there_and_what_is_not() -> None:
    read = Told("hosts/master1", files=["system.txt", "units.txt"], empty=["denials"], notes=[("etcd.txt", MISSING)])
    dead = Told("hosts/worker1", "it could not be reached\x1b")
    text = readme(
        DAY,
        DAY + timedelta(seconds=90),
        {"master1 (10.0.11.18, control_plane)": read, "worker1 (10.0.12.16, worker)": dead},
        (Told("cluster", "no control plane's API server answered"),),
        Counter({"private key": 2}),
    )
    for line in (
        "Begun 2027-11-27T08:00:00Z, ended 2027-11-27T08:01:30Z, by the operator's clock.",
        "Hosts that were read: 1 of 2. Begin with findings.txt.",
        "  2 x private key",
        "master1 (10.0.11.18, control_plane)\n  2 files in hosts/master1/\n"
        "    read, and there is nothing: denials\n    etcd.txt: " + MISSING,
        "worker1 (10.0.12.16, worker)\n  it could not be reached\\x1b\n",
        "cluster\n  no control plane's API server answered\n",
    ):
        assert line in text
    for row in (*HOST_PARTS, *CLUSTER_PARTS):
        assert row.holds in text
