"""``python -m tests.scenarios.endpoint_asker ADDRESS PORT SECONDS``: asks an endpoint every 100 ms, until it is ended.

Each request has a connection of its own, and so many seconds for it and for its answer. A line is printed for each:
when it began, and the HTTP status or the error.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Final

from tests.lab import access, state

MODULE: Final = "tests.scenarios.endpoint_asker"


def ask(context: ssl.SSLContext, address: str, port: int, seconds: float, begun: float) -> None:
    try:
        with socket.create_connection((address, port), seconds) as plain, context.wrap_socket(plain) as link:
            link.settimeout(seconds)
            link.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
            said = link.recv(64).split(b" ")[1].decode()
    except Exception as error:
        said = type(error).__name__
    print(f"{begun} {said}\n", end="", flush=True)


@contextmanager
def asking(address: str, port: int, seconds: float) -> Iterator[list[tuple[float, str]]]:
    """This program at work where the operator stands, while a block runs; behind it the list has the ``answers``."""
    found: list[tuple[float, str]] = []
    command = [sys.executable, "-m", MODULE, address, str(port), str(seconds)]
    words, environment = access.at_operator(command, state.current())
    with TemporaryFile("w+") as told, subprocess.Popen(words, stdout=told, env=environment) as program:
        try:
            yield found
        finally:
            program.terminate()
            program.wait()
            told.seek(0)
            found += answers(told.read())


def answers(told: str) -> list[tuple[float, str]]:
    """What this program has printed, by when each was asked. The last line may have been cut off."""
    lines = [line.split(" ", 1) for line in told.splitlines(keepends=True) if line.endswith("\n")]
    return sorted((float(moment), said.strip()) for moment, said in lines)


def main(address: str, port: str, seconds: str) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    while True:
        given = (context, address, int(port), float(seconds), time.time())
        threading.Thread(target=ask, args=given, daemon=True).start()
        time.sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
