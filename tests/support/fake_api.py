"""An API server on loopback, over HTTPS with client certificates, of which tests/scenarios/poller.py can ask."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

SECONDS_BETWEEN_LOOKS = 0.02


class FakeApi(ThreadingHTTPServer):
    """Serves a namespace, the nodes, and a ConfigMap that is patched and watched.

    + fails: whether each request but a watch gets status 500
    + watches: number of the watches that may go on; an earlier one ends
    + forgets: resourceVersions below this are gone for watches
    + swallowed: resourceVersions that no watch tells
    + told: the last resourceVersion that a watch told
    """

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "http"
        if context:
            self.scheme = "https"
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.fails = False
        self.cordoned = False
        self.version = 1
        self.watches = 0
        self.forgets = self.told = 0
        self.swallowed: set[int] = set()
        self.changing = threading.Lock()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Whoever goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeApi

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = parse_qs(url.query)
        if "watch" in asked:
            self.watch(int(asked["resourceVersion"][0]))
        elif url.path.endswith("/nodes"):
            self.answer({"items": [{"metadata": {"name": "worker1"}, "spec": {"unschedulable": self.server.cordoned}}]})
        elif url.path.endswith("/configmaps"):
            self.answer({"metadata": {"resourceVersion": str(self.server.version)}, "items": [self.written()]})
        else:
            self.answer({"kind": "Namespace"})

    def do_PATCH(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.changing:
            self.server.version += not self.server.fails
            self.answer(self.written())

    def written(self, version: int = 0) -> dict[str, Any]:
        return {"metadata": {"name": "written", "resourceVersion": str(version or self.server.version)}}

    def answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(500 if self.server.fails else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def watch(self, version: int) -> None:
        self.server.watches += 1
        own = self.server.watches
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if version < self.server.forgets:
            self.tell({"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}})
        while own == self.server.watches and version >= self.server.forgets:
            while version < self.server.version:
                version += 1
                if version not in self.server.swallowed:
                    self.tell({"type": "MODIFIED", "object": self.written(version)})
                    self.server.told = version
            threading.Event().wait(SECONDS_BETWEEN_LOOKS)
        self.wfile.write(b"0\r\n\r\n")

    def tell(self, event: object) -> None:
        line = json.dumps(event).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.flush()


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[FakeApi]:
    server = FakeApi(context)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.watches += 1
    server.shutdown()
    server.server_close()


def certificates(folder: Path) -> tuple[ssl.SSLContext, dict[str, bytes]]:
    """A server's context that asks for a client's certificate; and ``ca``, ``certificate`` and ``key`` of a client."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = _signed("kubernetes", ca_key, "kubernetes", ca_key, x509.BasicConstraints(ca=True, path_length=None))
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    own = _signed("kube-apiserver", key, "kubernetes", ca_key, address).public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(own + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    context.load_verify_locations(cadata=ca.public_bytes(Encoding.PEM).decode())
    context.verify_mode = ssl.CERT_REQUIRED
    return context, {"ca": ca.public_bytes(Encoding.PEM), "certificate": own, "key": private}


def _signed(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey, more: x509.ExtensionType
) -> x509.Certificate:
    subject, signer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer))
    builder = x509.CertificateBuilder(signer, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2120, 1, 1, tzinfo=UTC)
    )
    return builder.add_extension(more, critical=False).sign(by, SHA256())
