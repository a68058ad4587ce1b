"""Whom a host meets at an endpoint that nobody names yet, asked by the real script."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from k8s_ha.facts.endpoint_proof import QUESTIONS, EndpointProofFact
from k8s_ha.observations.endpoint_proof import EndpointProof
from tests.support.shell_bench import Shell, bare_host

END = datetime(2027, 11, 27, 8, 15, tzinfo=UTC)
CURL = """
for last; do :; done
echo "$*" >>{root}/asked
echo '*  subject: CN=kube-apiserver'
echo '*  expire date: Nov 27 08:15:00 2027 GMT'
{answer}
"""
ANSWERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "an API server": ("printf '\\nstatus 200\\n'", ()),
    "one that refuses anonymous requests": ("printf '\\nstatus 401\\n'", ()),
    "one that is not ready": ("printf '\\nstatus 500\\n'", ("HTTP 500",)),
    "nobody": ("echo 'curl: (7) Failed to connect'; printf '\\nstatus 000\\n'", ("no connection",)),
    "another cluster": (
        "echo 'curl: (60) SSL certificate problem'; printf '\\nstatus 000\\n'",
        ("a certificate that the cluster's CA has not signed",),
    ),
}


def proof(root: Path, answer: str, own: str = "10.0.11.18:6443", address: str = "10.0.1.158") -> EndpointProof:
    shell: Shell = bare_host(root)
    shell.add_tool("curl", CURL.format(root=root, answer=answer))
    shell.add_tool("getent", f"[ -z '{address}' ] || echo '{address}     STREAM api.example'")
    fact = EndpointProofFact()
    return fact.process(shell.lines(fact.command("api.example", 8443, own)))


@pytest.mark.parametrize(("answer", "failures"), ANSWERS.values(), ids=ANSWERS)
def test_who_answers(tmp_path: Path, answer: str, failures: tuple[str, ...]) -> None:
    found = proof(tmp_path, answer)
    if failures:
        assert found == EndpointProof((), failures * QUESTIONS)
    else:
        assert found == EndpointProof((END,) * QUESTIONS, (), END)


def test_it_asks_by_the_clusters_ca_for_a_name_that_every_certificate_has(tmp_path: Path) -> None:
    assert proof(tmp_path, "printf '\\nstatus 200\\n'", own="").own is None
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert len(asked) == QUESTIONS
    assert all("--cacert" in line and "/etc/kubernetes/pki/ca.crt" in line for line in asked)
    assert all(line.endswith("--resolve kubernetes:8443:10.0.1.158 https://kubernetes:8443/readyz") for line in asked)


def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    assert proof(tmp_path, "", address="") == EndpointProof((), ("its name is not known",))
