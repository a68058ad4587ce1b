"""An HTTP server on this machine that notes what it is asked, and how."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Request(NamedTuple):
    """A request as it came: to a proxy the path is a URL; users are "name:password", empty for none."""

    method: str
    path: str
    proxy_user: str
    user: str
    agent: str


class Mirror(ThreadingHTTPServer):
    """Answers 200 to everything, but for what ``answers`` says by path: a status, or a body.

    + proxy_user: whom it lets through as a proxy; empty for everybody
    """

    def __init__(self, answers: Mapping[str, int | str], proxy_user: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answers = answers
        self.proxy_user = proxy_user
        self.requests: list[Request] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    @property
    def asked(self) -> list[str]:
        """The paths asked for, sorted."""
        return sorted(request.path for request in self.requests)


def _user(header: str | None) -> str:
    return base64.b64decode(header.removeprefix("Basic ")).decode() if header and header.startswith("Basic ") else ""


class _Answering(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        proxy_user, user = _user(self.headers["Proxy-Authorization"]), _user(self.headers["Authorization"])
        answer = self.server.answers.get(self.path, 200)
        if self.server.proxy_user and proxy_user != self.server.proxy_user:
            self.send_response(407)
            self.send_header("Proxy-Authenticate", 'Basic realm="x"')
            body = ""
        else:
            self.server.requests.append(
                Request(self.command, self.path, proxy_user, user, self.headers["User-Agent"] or "")
            )
            self.send_response(answer if isinstance(answer, int) else 200)
            body = "" if isinstance(answer, int) else answer
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body.encode())

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def mirror(answers: Mapping[str, int | str] | None = None, proxy_user: str = "") -> Iterator[Mirror]:
    """A server while the block runs."""
    with Mirror(answers or {}, proxy_user) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()
