"""Asks over and over, and tells what went wrong: the program that the watchers of availability.py are.

It needs Python's standard library alone. Its first line of stdin is a JSON list of jobs, see ``JOBS``; when stdin ends,
so does it, and it never outlives who started it. It writes JSON lines: one when a job has begun, one a failure with
its moment (seconds since 1970), one a job at its end.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

SECONDS_FOR_AN_ANSWER = 10.0
SECONDS_FOR_THE_LAST = 10.0
"""How long what was written last may take to be seen."""
AT_ONCE = 100
"""Requests that wait for their answers; as many as are begun until the first of them is given up."""
PAUSE = 0.05
"""Seconds between two tries of what has failed."""

FAILED = (OSError, http.client.HTTPException, ValueError)
GONE = 410
"""What an API server says where it has no more of the changes since a resourceVersion."""

Job = dict[str, Any]
stopped = threading.Event()
_writing = threading.Lock()


def tell(event: str, **what: Any) -> None:
    with _writing:
        print(json.dumps({"event": event, **what}), flush=True)


class Refused(OSError):
    """An answer that is not the wanted one.

    + status: HTTP's
    + body: the begin of what it says
    """

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP {status} {body.decode('utf-8', 'replace')}".strip())
        self.status = status


def words(error: BaseException) -> str:
    """An error in one line."""
    text = " ".join(str(error).split())
    return text if isinstance(error, Refused) else f"{type(error).__name__}: {text}".removesuffix(": ")


class Client:
    """Makes a connection of its own for each request.

    + job: its ``url``; for HTTPS ``ca`` and ``certificate``, files in PEM form, the latter with its key
    """

    def __init__(self, job: Job) -> None:
        url = urlsplit(job["url"])
        self.host, self.port, self.path = url.hostname or "", url.port, url.path
        self.context = None
        if url.scheme == "https":
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self.context.load_verify_locations(job["ca"])
            self.context.load_cert_chain(job["certificate"])

    def connect(self) -> http.client.HTTPConnection:
        if self.context:
            return http.client.HTTPSConnection(
                self.host, self.port, timeout=SECONDS_FOR_AN_ANSWER, context=self.context
            )
        return http.client.HTTPConnection(self.host, self.port, timeout=SECONDS_FOR_AN_ANSWER)

    def ask(self, query: str = "", method: str = "GET", body: str | None = None) -> bytes:
        """The answer's body; one of FAILED where it is not a good one."""
        with closing(self.connect()) as connection:
            headers = {"Content-Type": "application/merge-patch+json"} if body else {}
            connection.request(method, self.path + query, body, headers)
            return opened(connection).read()


def opened(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    response = connection.getresponse()
    if response.status != 200:
        raise Refused(response.status, response.read(400))
    return response


class Poll:
    """One URL, asked every so many seconds (``every``) whether or not earlier requests have their answers."""

    def __init__(self, job: Job) -> None:
        self.name, self.every, self.client = job["name"], job["every"], Client(job)
        self.requests = self.failures = 0
        self.slowest, self.slowest_at = 0.0, 0.0
        self.counting = threading.Lock()

    def run(self) -> None:
        while not stopped.is_set() and not self.answers():
            stopped.wait(self.every)
        tell("begun", name=self.name)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            due = time.monotonic()
            while not stopped.is_set():
                pool.submit(self.ask)
                # A request that is late is not made up for: what users see are single requests, not bursts.
                due = max(due + self.every, time.monotonic())
                stopped.wait(due - time.monotonic())
        counted = {"requests": self.requests, "failures": self.failures}
        tell("polled", name=self.name, **counted, slowest=self.slowest, slowest_at=self.slowest_at)

    def answers(self) -> bool:
        try:
            self.client.ask()
        except FAILED:
            return False
        return True

    def ask(self) -> None:
        at, begun, error = time.time(), time.monotonic(), ""
        try:
            self.client.ask()
        except FAILED as failure:
            error = words(failure)
        seconds = time.monotonic() - begun
        with self.counting:
            self.requests += 1
            self.failures += bool(error)
            if not error and seconds > self.slowest:
                self.slowest, self.slowest_at = seconds, at
        if error:
            tell("failed", name=self.name, at=at, seconds=seconds, error=error)


class Watch:
    """A watch of ConfigMaps, held as a controller does, and a writer whose every change it must tell.

    + job: ``url`` of the ConfigMaps of a namespace, ``object``: which is written, every so many seconds (``every``)
    """

    def __init__(self, job: Job) -> None:
        self.name, self.every, self.object = job["name"], job["every"], job["object"]
        self.client = Client(job)
        self.writer = Client({**job, "url": f"{job['url']}/{self.object}"})
        self.written: dict[str, float] = {}
        self.seen: dict[str, float] = {}
        self.retries = 0
        self.interrupted: tuple[float, float, str] | None = None
        """Where no watch is held: since which moment (monotonic, and since 1970), and why it ended."""
        self.resuming = threading.Lock()
        self.held = threading.Event()

    def run(self) -> None:
        threading.Thread(target=self.hold, daemon=True).start()
        while not stopped.is_set() and not self.held.wait(PAUSE):
            pass
        count = 0
        while not stopped.is_set():
            count += 1
            self.write(count)
            if count == 1:
                tell("begun", name=self.name)
            stopped.wait(self.every)
        deadline = time.monotonic() + SECONDS_FOR_THE_LAST
        while self.lost() and time.monotonic() < deadline:
            time.sleep(PAUSE)
        self.resumed()
        late = max((self.seen[version] - at for version, at in self.written.items() if version in self.seen), default=0)
        counted = {"written": len(self.written), "lost": self.lost(), "retries": self.retries}
        tell("watched", name=self.name, **counted, slowest=max(late, 0.0))

    def lost(self) -> list[str]:
        """resourceVersions that were written and not told."""
        return [version for version in self.written if version not in self.seen]

    def write(self, count: int) -> None:
        """One change. A try that came through although its answer did not is told as the next one's version."""
        body = json.dumps({"data": {"count": str(count)}})
        while True:
            try:
                version = json.loads(self.writer.ask(method="PATCH", body=body))["metadata"]["resourceVersion"]
            except FAILED:
                self.retries += 1
                if stopped.wait(PAUSE):
                    return
            else:
                self.written[version] = time.monotonic()
                return

    def hold(self) -> None:
        """Hold a watch, and another one from where it ended, for ever."""
        version = ""
        while True:
            try:
                version = version or self.listed()
                with closing(self.client.connect()) as connection:
                    query = f"?watch=1&allowWatchBookmarks=true&resourceVersion={version}"
                    connection.request("GET", self.client.path + query)
                    response = opened(connection)
                    self.held.set()
                    self.resumed()
                    version = self.follow(response, version)
            except FAILED as error:
                if isinstance(error, Refused) and error.status == GONE:
                    version = ""
                time.sleep(PAUSE)

    def listed(self) -> str:
        """The list's resourceVersion; the object's own is told by it, too."""
        found = json.loads(self.client.ask())
        self.note(found["items"])
        return str(found["metadata"]["resourceVersion"])

    def note(self, objects: list[Any]) -> None:
        for each in objects:
            if each["metadata"].get("name") == self.object:
                self.seen.setdefault(each["metadata"]["resourceVersion"], time.monotonic())

    def follow(self, response: http.client.HTTPResponse, version: str) -> str:
        """The version to go on from where the watch has ended; empty where it cannot be gone on with."""
        last, reason = time.monotonic(), "closed"
        try:
            while line := response.readline():
                last = time.monotonic()
                event = json.loads(line)
                if event["type"] == "ERROR":
                    reason = f"told an error, {event['object'].get('message', '')}"
                    version = "" if event["object"].get("code") == GONE else version
                    break
                version = event["object"]["metadata"]["resourceVersion"]
                self.note([event["object"]])
            last = time.monotonic()
        except TimeoutError:
            reason = "silent"  # since the last line
        except FAILED as error:
            last, reason = time.monotonic(), words(error)
        self.interrupted = (last, time.time() - (time.monotonic() - last), reason)
        return version

    def resumed(self) -> None:
        """Tell the end of the last watch, if another one has not followed it yet."""
        with self.resuming:
            if self.interrupted:
                since, at, reason = self.interrupted
                self.interrupted = None
                tell("watch ended", at=at, reason=reason, gap=time.monotonic() - since)


class Cordons:
    """Which nodes are cordoned, or gone, and since when; asked every so many seconds (``every``)."""

    def __init__(self, job: Job) -> None:
        self.name, self.every, self.client = job["name"], job["every"], Client(job)

    def run(self) -> None:
        taking: dict[str, bool] = {}
        begun = False
        while not stopped.is_set():
            try:
                items = json.loads(self.client.ask())["items"]
            except FAILED:
                stopped.wait(self.every)
                continue
            found = {each["metadata"]["name"]: not each["spec"].get("unschedulable") for each in items}
            for node in sorted({*taking, *found}):
                takes = found.get(node, False)
                if takes != taking.get(node, True):
                    tell("uncordoned" if takes else "cordoned", node=node, at=time.time())
                taking[node] = takes
            if not begun:
                tell("begun", name=self.name)
            begun = True
            stopped.wait(self.every)


JOBS: dict[str, type[Poll] | type[Watch] | type[Cordons]] = {"poll": Poll, "watch": Watch, "cordons": Cordons}
"""By a job's ``kind``: what carries it out. Each takes ``name``, ``url`` and ``every``."""


def main() -> None:
    jobs = json.loads(sys.stdin.readline())
    threads = [threading.Thread(target=JOBS[job["kind"]](job).run) for job in jobs]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stopped.set()
    for thread in threads:
        thread.join()
    sys.stdout.flush()
    os._exit(0)  # the thread that holds a watch is still at it


if __name__ == "__main__":
    main()
