"""The hash that kubeadm's discovery knows a CA by, without openssl on the host."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from k8s_ha.resources import read_file
from tests.support.control_plane import write_certificate
from tests.support.shell_bench import Shell


@pytest.mark.parametrize("key", ["rsa:2048", "rsa:4096", "ec", "ed25519"])
def test_the_cas_hash_is_the_one_kubeadm_knows_it_by(tmp_path: Path, key: str) -> None:
    certificate = tmp_path / "ca.crt"
    write_certificate(certificate, key)
    public = f"openssl x509 -pubkey -noout -in {certificate} | openssl pkey -pubin -outform DER | sha256sum"
    wanted = subprocess.run(public, shell=True, check=True, capture_output=True, text=True).stdout.split()[0]
    script = f"WORK={tmp_path}\n" + read_file("ca-hash.sh") + f"ca_hash {certificate}\n"
    assert Shell(tmp_path).lines(script) == [f"sha256:{wanted}"]


@pytest.mark.parametrize("text", ["", "x\n", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_has_none(tmp_path: Path, text: str) -> None:
    shell = Shell(tmp_path)
    file = shell.file("/ca.crt", text)
    done = shell.run(f"WORK={tmp_path}\n" + read_file("ca-hash.sh") + f"ca_hash {file}\n")
    assert (done.returncode, done.stdout) == (1, "")
