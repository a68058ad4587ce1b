"""Images that a registry has, asked by the real script of servers on this machine."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from k8s_ha.catalog.credentials import Login, login_lines
from k8s_ha.facts.images import ImagesFact
from tests.support.shell_bench import Shell

SERVER = "127.0.0.1:1/kube-apiserver:v1.35.4"
PROXY = "127.0.0.1:1/deep/kube-proxy:v1.35.4"


class Registry(ThreadingHTTPServer):
    """A registry that has some manifests, and may ask for a token.

    + user: NAME:PASSWORD that it gives a token to; None where everybody gets one, empty where none is needed
    """

    def __init__(self, manifests: Mapping[str, int], user: str | None = "") -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.manifests, self.user = manifests, user
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Answering(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        scope = parse_qs(parts.query).get("scope", [""])[0]
        self.server.asked.append(f"{self.command} {parts.path} {scope}".strip())
        user = self.server.user
        wanted = f"Basic {b64encode((user or '').encode()).decode()}"
        if parts.path == "/token":
            body = b'{"expires_in": 60,\n "token": "t-123"}' if self.headers["Authorization"] in (None, wanted) else b""
            if user and self.headers["Authorization"] != wanted:
                self._end(403)
            else:
                self._end(200, body)
        elif user != "" and self.headers["Authorization"] != "Bearer t-123":
            self._end(401, challenge=f'Bearer realm="{self.server.url}/token",service="a registry"')
        elif "oci.image.index" not in (self.headers["Accept"] or ""):
            self._end(406)
        else:
            self._end(self.server.manifests.get(parts.path, 404))

    do_HEAD = do_GET

    def _end(self, status: int, body: bytes = b"", challenge: str = "") -> None:
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registries() -> Iterator[list[Registry]]:
    made: list[Registry] = []
    yield made
    for server in made:
        server.shutdown()


def begun(registries: list[Registry], manifests: Mapping[str, int], user: str | None = "") -> Registry:
    server = Registry(manifests, user)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    registries.append(server)
    return server


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("systemctl", ":")
    return shell


def answers(shell: Shell, places: Mapping[str, list[str]], logins: str = "") -> dict[str, tuple[str, ...]]:
    fact = ImagesFact()
    command = fact.command(places, "containerd", logins=bool(logins))
    done = shell.run(command, stdin=logins)
    assert done.returncode == 0, done.stderr
    return fact.process(done.stdout.splitlines())


HELD = {"/v2/kube-apiserver/manifests/v1.35.4": 200}


@pytest.mark.parametrize("user", ["", None], ids=["no token", "a token for everybody"])
def test_what_it_has_and_what_it_has_not(shell: Shell, registries: list[Registry], user: str | None) -> None:
    server = begun(registries, HELD, user)
    assert answers(shell, {SERVER: [server.url], PROXY: [server.url]}) == {SERVER: ("200",), PROXY: ("404",)}
    tokens = sorted(line for line in server.asked if "token" in line)
    scopes = ["repository:deep/kube-proxy:pull", "repository:kube-apiserver:pull"]
    assert tokens == [f"GET /token {scope}" for scope in scopes] * (user is None)


def test_who_logs_in_gets_a_token_and_no_secret_is_an_argument(shell: Shell, registries: list[Registry]) -> None:
    server = begun(registries, HELD, "robot:whisper")
    real = "/usr/bin/curl"
    shell.add_tool("curl", f'echo "$*" >>{shell.root}/arguments; exec {real} "$@"')
    logins = login_lines({f"{server.url}/v2": Login("robot", "whisper")})
    assert answers(shell, {SERVER: [server.url]}, logins) == {SERVER: ("200",)}
    arguments = (shell.root / "arguments").read_text(encoding="utf-8")
    assert "whisper" not in arguments
    assert "t-123" not in arguments


def test_one_whose_token_is_refused_tells_nothing(shell: Shell, registries: list[Registry]) -> None:
    server = begun(registries, HELD, "robot:whisper")
    (answer,) = answers(shell, {SERVER: [server.url]})[SERVER]
    assert "403" in answer


def test_each_place_answers_for_itself(shell: Shell, registries: list[Registry]) -> None:
    server, odd = begun(registries, HELD), begun(registries, {"/v2/kube-apiserver/manifests/v1.35.4": 500})
    found = answers(shell, {SERVER: ["http://127.0.0.1:1", odd.url, server.url]})[SERVER]
    assert found[1:] == ("500", "200")
    assert "127.0.0.1" in found[0]
    assert not found[0].isdigit()


def test_no_image_is_asked_for_nothing(shell: Shell) -> None:
    assert answers(shell, {}) == {}
