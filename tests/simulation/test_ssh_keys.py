"""SSH keys that nobody has compared are told, with pyinfra's own client against a server of this test's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import paramiko
import pytest
from pyinfra.connectors.sshuserclient.client import SSHClient

from k8s_ha.pyinfra_internals.connection import key_taken_unseen
from tests.support.fakes.run import Fleet
from tests.support.finding_rows import reported
from tests.support.reports import scenario, the_report

KEY = paramiko.ECDSAKey.generate()


class Server(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.AUTH_SUCCESSFUL


@pytest.fixture
def port() -> Iterator[int]:
    """Where an SSH server with ``KEY`` answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            transport = paramiko.Transport(connection)
            transport.add_server_key(KEY)
            transport.start_server(server=Server())
            transport.accept(10)
            transport.close()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def taken(known_hosts: Path, port: int, policy: str) -> str | None:
    client = SSHClient()
    config = known_hosts.parent / "config"
    config.write_text("", encoding="utf-8")
    client.connect(
        "127.0.0.1",
        port=port,
        username="u",
        password="p",
        allow_agent=False,
        look_for_keys=False,
        _pyinfra_ssh_known_hosts_file=str(known_hosts),
        _pyinfra_ssh_strict_host_key_checking=policy,
        _pyinfra_ssh_config_file=str(config),
    )
    target: Any = SimpleNamespace(
        name="worker1",
        data={"ssh_hostname": "127.0.0.1", "ssh_config_file": str(config)},
        connector=SimpleNamespace(client=client),
    )
    try:
        return key_taken_unseen(target)
    finally:
        client.close()


@pytest.mark.parametrize("policy", ["accept-new", "no"])
def test_a_key_that_was_not_known_has_been_taken(tmp_path: Path, port: int, policy: str) -> None:
    (tmp_path / "known_hosts").write_text("", encoding="utf-8")
    assert taken(tmp_path / "known_hosts", port, policy) == KEY.fingerprint
    assert ("ecdsa" in (tmp_path / "known_hosts").read_text(encoding="utf-8")) == (policy == "accept-new")


@pytest.mark.parametrize("policy", ["accept-new", "no", "yes"])
def test_a_key_that_was_known_has_not(tmp_path: Path, port: int, policy: str) -> None:
    line = f"[127.0.0.1]:{port} {KEY.get_name()} {KEY.get_base64()}\n"
    (tmp_path / "known_hosts").write_text(line, encoding="utf-8")
    assert taken(tmp_path / "known_hosts", port, policy) is None


def test_a_connection_that_is_no_ssh_has_no_key() -> None:
    target: Any = SimpleNamespace(name="@local", data={}, connector=SimpleNamespace())
    assert key_taken_unseen(target) is None


DEPLOY = """
import k8s_ha
from k8s_ha.deploys import phase

phase.key_taken_unseen = lambda member: "SHA256:abc" if member.name == "@fake/worker1" else None
k8s_ha.{phase}()
"""
SENTENCE = (
    "@fake/worker1: its SSH key SHA256:abc was not known, and was accepted; a key that you have compared; compare it "
    "there by `ssh-keygen -lf` of /etc/ssh/ssh_host_*_key.pub; with ssh_strict_host_key_checking = 'yes' in group_data "
    "such a host is not spoken to"
)


@pytest.mark.parametrize("phase", ["preflight", "prepare_host"])
def test_it_is_told_and_stands_in_the_report(tmp_path: Path, phase: str) -> None:
    fleet, deploy = Fleet(tmp_path, scenario()), tmp_path / "own.py"
    deploy.write_text(DEPLOY.format(phase=phase), encoding="utf-8")
    outcome = fleet.run(deploy=deploy)
    assert outcome.exit_code == 0, outcome.output
    told = reported(outcome.output, SENTENCE) if phase == "preflight" else SENTENCE in outcome.sentences
    assert told, outcome.output
    findings = the_report(outcome)["findings"]
    assert [
        (entry["host"], entry["check"], entry["severity"]) for entry in findings if entry["check"] == "ssh-key"
    ] == [("@fake/worker1", "ssh-key", "warning")]
