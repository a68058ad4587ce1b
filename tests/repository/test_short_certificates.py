"""What the program that lets certificates end soon makes of them, without a lab; openssl tells whether it is right."""

from __future__ import annotations

import base64
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.scenarios.short_certificates import authority_of, shortened

END = datetime(2046, 11, 28, 12, 30, tzinfo=UTC)
PKI = "/etc/kubernetes/pki"


def openssl(*words: str) -> str:
    return subprocess.run(["openssl", *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, and a certificate of its own for one year, each beside its key."""
    folder = tmp_path_factory.mktemp("pki")
    new = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365")
    openssl(*new, "-subj", "/CN=kubernetes", "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.crt")
    of_ca = ("-CA", f"{folder}/ca.crt", "-CAkey", f"{folder}/ca.key")
    names = ("-subj", "/O=system:masters/CN=admin", "-addext", "subjectAltName=IP:10.0.1.151")
    openssl(*new[:-2], *names, *of_ca, "-keyout", f"{folder}/admin.key", "-out", f"{folder}/admin.crt")
    return folder


def short(files: Path, text: str) -> str:
    return shortened(text, (files / "ca.key").read_text(), END)


def told(files: Path, certificate: str) -> list[str]:
    """What a certificate says of itself, its end last, and that the CA has signed it."""
    path = files / "told.crt"
    path.write_text(certificate)
    openssl("verify", "-CAfile", f"{files}/ca.crt", str(path))
    names = ("-subject", "-issuer", "-pubkey", "-ext", "subjectAltName,basicConstraints")
    return [
        openssl("x509", "-in", str(path), "-noout", *names),
        openssl("x509", "-in", str(path), "-noout", "-enddate"),
    ]


def test_only_its_end_differs(files: Path) -> None:
    text = (files / "admin.crt").read_text()
    before, after = told(files, text), told(files, short(files, text))
    assert before[0] == after[0]
    assert after[1] == "notAfter=Nov 28 12:30:00 2046 GMT\n" != before[1]


def test_a_kubelets_key_stays_behind_its_certificate(files: Path) -> None:
    key = (files / "admin.key").read_text()
    assert short(files, (files / "admin.crt").read_text() + key).endswith(f"-----END CERTIFICATE-----\n{key}")


def test_of_a_kubeconfig_the_clients_certificate_alone_differs(files: Path) -> None:
    inside, ca = (base64.b64encode((files / name).read_bytes()).decode() for name in ("admin.crt", "ca.crt"))
    text = f"    certificate-authority-data: {ca}\n    client-certificate-data: {inside}\n    client-key-data: S0VZ\n"
    before, data, after = short(files, text).splitlines()
    assert (before, after) == (f"    certificate-authority-data: {ca}", "    client-key-data: S0VZ")
    assert "2046" in told(files, base64.b64decode(data.rpartition(" ")[2]).decode())[1]


@pytest.mark.parametrize(
    ("path", "authority"),
    [
        (f"{PKI}/apiserver.crt", f"{PKI}/ca"),
        (f"{PKI}/apiserver-etcd-client.crt", f"{PKI}/etcd/ca"),
        (f"{PKI}/etcd/peer.crt", f"{PKI}/etcd/ca"),
        (f"{PKI}/front-proxy-client.crt", f"{PKI}/front-proxy-ca"),
        ("/etc/kubernetes/scheduler.conf", f"{PKI}/ca"),
    ],
)
def test_each_is_signed_by_the_authority_it_came_from(path: str, authority: str) -> None:
    assert authority_of(path) == authority
