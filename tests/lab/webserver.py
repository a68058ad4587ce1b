"""The package mirrors: `python -m tests.lab.webserver ADDRESS CERTIFICATE KEY WEB_ROOT...` serves ports 80 and 443."""

import shutil
import socket
import ssl
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.lab.names import file_of


class Handler(BaseHTTPRequestHandler):
    """Serves files by host name and path; each request is a line of the access log on stderr."""

    protocol_version = "HTTP/1.1"
    web_roots: tuple[Path, ...]

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        host = self.headers.get("Host", "").partition(":")[0].lower()
        name = file_of(host, unquote(urlsplit(self.path).path))
        file = self._file(name) if name else None
        if file is None or not file.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with file.open("rb") as content:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Length", str(file.stat().st_size))
            self.send_header("Last-Modified", self.date_time_string(int(file.stat().st_mtime)))
            self.end_headers()
            if with_body:
                shutil.copyfileobj(content, self.wfile, 1 << 20)

    def _file(self, name: str) -> Path:
        """The file of the first root, where that has this repository; another root's part of it would not fit."""
        first, *others = self.web_roots
        folder = (first / name).parent
        hidden = (folder.name == "repodata" and folder.is_dir()) or (folder / "repodata").is_dir()
        return first / name if hidden or not others else others[0] / name

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        host = self.headers.get("Host", "-") if hasattr(self, "headers") else "-"
        status = code.value if isinstance(code, HTTPStatus) else code
        print(self.log_date_time_string(), self.client_address[0], host, self.requestline, status, file=sys.stderr)


class TlsServer(ThreadingHTTPServer):
    """Shakes hands at the first read, in the request's thread, so that one silent client keeps nobody waiting."""

    context: ssl.SSLContext

    def get_request(self) -> tuple[socket.socket, object]:
        plain, client = super().get_request()
        return self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), client


def main(address: str, certificate: str, key: str, *web_roots: str) -> None:
    """Serve until killed."""
    Handler.web_roots = tuple(map(Path, web_roots))
    plain = ThreadingHTTPServer((address, 80), Handler)
    secure = TlsServer((address, 443), Handler)
    secure.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.context.load_cert_chain(certificate, key)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    secure.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
