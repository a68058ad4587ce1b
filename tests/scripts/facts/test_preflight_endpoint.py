"""How a host tells of an endpoint that somebody else runs, and of its name: the script run for real."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from k8s_ha.facts.preflight import PreflightFacts
from k8s_ha.preflight_checks.model import HostPreflight
from tests.support.shell_bench import Shell, bare_host

API = '{"kind": "Status", "code": 401}'
WAITS = "curl: (28) Connection timed out after 5001 milliseconds"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return bare_host(tmp_path)


def looked(shell: Shell, endpoint: str = "10.0.1.157", asked: str = "") -> HostPreflight:
    fact = PreflightFacts()
    command = fact.command(
        address="10.0.12.16",
        endpoint=endpoint,
        folders=[],
        modules=[],
        names=[],
        runtime="containerd",
        sources=[],
        asked_endpoint=asked,
    )
    found = fact.process(shell.lines(command))
    assert found is not None
    return found


@contextmanager
def listening(serve: Callable[[socket.socket], object]) -> Iterator[str]:
    """Somebody who takes connections; HOST:PORT."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                serve(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def http(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    connection.close()


def test_who_refuses_and_who_closes(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert looked(shell, asked=f"127.0.0.1:{port}").endpoint_answer == "refused"
    with listening(socket.socket.close) as place:
        assert looked(shell, asked=place).endpoint_answer == "closed"


def test_who_speaks_plain_http(shell: Shell) -> None:
    with listening(http) as place:
        assert looked(shell, asked=place).endpoint_answer == "other"


@pytest.mark.parametrize(
    ("said", "code", "answer"),
    [
        (API, 0, "api"),
        ('{"major": "1", "gitVersion": "v1.37.2"}', 0, "api"),
        ("<html>503</html>", 0, "other"),
        ("x" * 9000, 0, "other"),
        ("curl: (6) Could not resolve host: lb.example", 6, "unresolved"),
        ("curl: (52) Empty reply from server", 52, "closed"),
    ],
)
def test_what_an_answer_is(shell: Shell, said: str, code: int, answer: str) -> None:
    shell.add_tool("curl", f"echo '{said}'; exit {code}")
    assert looked(shell, asked="lb.example:6443").endpoint_answer == answer


def test_who_holds_a_connection_is_no_one_who_is_not_there(shell: Shell) -> None:
    shell.add_tool("curl", f"echo '{WAITS}' >&2; exit 28")
    held: list[socket.socket] = []
    with listening(held.append) as place:
        assert looked(shell, asked=place).endpoint_answer == "held"
    shell.add_tool("timeout", "exit 124")
    assert looked(shell, asked="10.0.1.250:6443").endpoint_answer == f"silent {WAITS}"


def test_a_name_is_resolved_without_what_this_package_has_written(shell: Shell) -> None:
    shell.add_tool("getent", 'case "$*" in *"-s dns "*) ;; *) echo "10.9.9.9 STREAM api.example" ;; esac')
    assert looked(shell, endpoint="api.example").endpoint_addresses == ("10.9.9.9",)
    shell.file("/etc/hosts", "# BEGIN k8s_ha\n10.9.9.9 api.example\n# END k8s_ha\n")
    assert looked(shell, endpoint="api.example").endpoint_addresses == ()


def test_without_a_question_nothing_is_asked(shell: Shell) -> None:
    shell.add_tool("getent", "exit 9")
    found = looked(shell)
    assert (found.endpoint_answer, found.endpoint_addresses) == ("", ())
