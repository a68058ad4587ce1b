"""Hosts that go away at a chosen moment of a run."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.lab.checks import ready_nodes
from tests.lab.client import SECONDS_FOR_A_WATCH, Lab, until
from tests.support.watched import VARIABLE

WAYS: Mapping[str, tuple[tuple[str, str, str], tuple[str, str, str]]] = {
    "kill": (("power", "{}", "kill"), ("power", "{}", "on")),
    "drop": (("link", "{}", "drop"), ("link", "{}", "up")),
}
"""How a host goes away and comes back: its power, or its network."""

SECONDS_TO_THE_MOMENT = 900
SECONDS_FOR_A_RUN = 3000


@dataclass(frozen=True)
class Ran:
    """A run that has ended: its exit code, what it told on stderr, and its seconds."""

    code: int
    reported: str
    seconds: float

    @property
    def sentences(self) -> str:
        """What it told, with every line break and indentation made one space."""
        return " ".join(self.reported.split())

    def show(self, what: str) -> None:
        """Print how it ended: the errors that name what is wrong, and its report's short form."""
        print(f"  {what}: exit {self.code} after {self.seconds:.0f} s", flush=True)
        words, _, report = self.reported.partition("--> Report:")
        errors = [line.strip() for line in words.splitlines() if "] " in line and line.rstrip().endswith(".")]
        for line in [*dict.fromkeys(errors), *report.strip().splitlines()]:
            print(f"      {line.strip()[:400]}", flush=True)


def run(lab: Lab, **settings: Any) -> Ran:
    started = time.monotonic()
    done = lab.pyinfra("-y", **settings)
    return _ended(done.returncode, done.stderr, started)


def _ended(code: int, reported: str, started: float) -> Ran:
    assert "Traceback" not in reported, reported
    return Ran(code, reported, time.monotonic() - started)


@contextmanager
def run_until(lab: Lab, step: str, seconds: float = 0, on: str = "", **settings: Any) -> Iterator[list[Ran]]:
    """Enters the block when a run is so many seconds into that operation; the list holds the run once it has ended.

    + on: the host that must have the operation; empty for any
    """
    ran: list[Ran] = []
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        reported = Path(folder) / "operations"
        reported.touch()
        patch.setenv(VARIABLE, str(reported))
        command = [sys.executable, "-m", "tests.support.watched", lab.inventory, "deploy.py", "-y"]

        def operate() -> None:
            started = time.monotonic()
            done = lab.operator(*command, timeout=SECONDS_FOR_A_RUN, settings=settings)
            ran.append(_ended(done.returncode, done.stderr, started))

        operator = threading.Thread(target=operate)
        operator.start()

        def has_begun() -> bool:
            lines = [line.rpartition(" @ ") for line in reported.read_text("utf-8").splitlines()]
            return any(step in names and on in [*hosts.split(", "), ""] for names, _, hosts in lines)

        until(lambda: has_begun() or not operator.is_alive(), SECONDS_TO_THE_MOMENT, step)
        operator.join(seconds)
        assert operator.is_alive(), f"the run ended before {step!r}:\n{ran and ran[0].reported[-3000:]}"
        yield ran
        operator.join()


def cut(lab: Lab, way: str, host: str) -> None:
    """Have a host go away, in one of the WAYS."""
    lab.run(*(word.format(host) for word in WAYS[way][0]), check=True)


def bring_back(lab: Lab, way: str, host: str) -> None:
    lab.run(*(word.format(host) for word in WAYS[way][1]), check=True)


def replace(lab: Lab, host: str) -> None:
    """Give a host a blank disk."""
    lab.run("power", host, "kill")
    lab.run("new-disk", host, check=True)
    lab.run("power", host, "on", check=True)


def wait_until_gone(lab: Lab, host: str) -> None:
    until(lambda: host not in ready_nodes(lab), SECONDS_FOR_A_WATCH, f"{host} is seen to be gone")
