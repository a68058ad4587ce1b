"""``python -m tests.power [kill|drop] [SCENARIO …]``: hosts that go away in the middle of a run.

Every scenario cuts one host off at one moment of a run: its power (kill) or its network (drop). Then the run is simply
started again while the host is away, and once more when it is back. It prints what each run said, and how long it took.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.lab_checks import NODES, check_a_second_run_changes_nothing, check_every_pod_of_the_road, ready_nodes
from tests.lab_client import SECONDS_FOR_A_WATCH, Lab, until
from tests.watched import VARIABLE

WAYS = ("kill", "drop")
SECONDS_FOR_A_STEP = 900
"""How long a run may take until it comes to the moment of the cut."""

SECONDS_FOR_VERIFY = 20
"""How long verify waits for what cannot come, while a host is away."""

INIT, JOIN2, JOIN3, JOIN_WORKERS = (
    "Initialise the cluster on master1",
    "Join master2 to the control plane",
    "Join master3 to the control plane",
    "Join the workers to the cluster",
)


@dataclass(frozen=True)
class Cut:
    """A host that goes away in the middle of a run.

    + step: the operation in which it does
    + seconds: after that has begun
    + blank: a host of the finished cluster that got a new disk before the run, so that there is something to join
    + away: what a run says while the host is away
    + unchanged: whether that run must have refused before its first change
    """

    host: str
    step: str
    seconds: float
    away: tuple[str, ...]
    blank: str | None = None
    unchanged: bool = False


VIRGIN: dict[str, Cut] = {
    "master1 during its init": Cut("master1", INIT, 15, ("master1",), unchanged=True),
    "the load balancer during a join": Cut("master-lb", JOIN2, 10, ("master-lb",)),
    "master1 during master2's join": Cut("master1", JOIN2, 12, ("master1",), unchanged=True),
    "master2 during its join": Cut("master2", JOIN2, 20, ("master2",)),
}
"""On virgin hosts, each run beginning where the one before it has come to."""

FINISHED: dict[str, Cut] = {
    "master3 during its join": Cut("master3", JOIN3, 15, ("master3",), blank="master3"),
    "master1 during master3's join": Cut("master1", JOIN3, 15, ("master1",), blank="master3"),
    "worker1 during its join": Cut("worker1", JOIN_WORKERS, 3, ("worker1",), blank="worker1"),
    "worker2 during worker1's join": Cut("worker2", JOIN_WORKERS, 3, ("worker2",), blank="worker1"),
    "master2 during worker1's join": Cut("master2", JOIN_WORKERS, 3, ("master2",), blank="worker1"),
}
"""On the finished cluster, which is whole again after each."""


def cut(lab: Lab, way: str, host: str) -> None:
    lab.run(*{"kill": ("power", host, "kill"), "drop": ("link", host, "drop")}[way], check=True)


def back(lab: Lab, way: str, host: str) -> None:
    lab.run(*{"kill": ("power", host, "on"), "drop": ("link", host, "up")}[way], check=True)


@dataclass(frozen=True)
class Ran:
    """A run that has ended: its exit code, its words and its seconds."""

    code: int
    said: str
    seconds: float

    def show(self, what: str) -> None:
        """Print its end: the errors that name what is wrong, and its report's short form."""
        print(f"  {what}: exit {self.code} after {self.seconds:.0f} s", flush=True)
        words, _, report = self.said.partition("--> Report:")
        sentences = [line.strip() for line in words.splitlines() if "rror" in line and "Error: executed" not in line]
        for line in [*dict.fromkeys(sentences), *report.strip().splitlines()][-20:]:
            print(f"      {line.strip()}", flush=True)


def run(lab: Lab, **settings: Any) -> Ran:
    started = time.monotonic()
    done = lab.pyinfra("-y", **settings)
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stderr, time.monotonic() - started)


@contextmanager
def at_the_moment(lab: Lab, moment: Cut) -> Iterator[list[Ran]]:
    """Enters the block when a run has come to the moment, and fills the list with that run when it has ended."""
    ran: list[Ran] = []
    with TemporaryDirectory() as folder:
        told = Path(folder) / "operations"
        told.touch()
        command = [sys.executable, "-m", "tests.watched", lab.inventory, "deploy.py", "-y"]
        os.environ[VARIABLE] = str(told)

        def operate() -> None:
            started = time.monotonic()
            settings = {"verify_timeout_seconds": SECONDS_FOR_VERIFY}
            done = lab.run("operator", "--", *command, timeout=3000, settings=settings)
            ran.append(Ran(done.returncode, done.stderr, time.monotonic() - started))

        operator = threading.Thread(target=operate)
        operator.start()
        until(
            lambda: moment.step in told.read_text(encoding="utf-8") or not operator.is_alive(),
            SECONDS_FOR_A_STEP,
            f"the run comes to {moment.step!r}",
        )
        time.sleep(moment.seconds)
        assert operator.is_alive(), f"the run ended before its moment:\n{ran[0].said[-3000:]}"
        yield ran
        operator.join()


def renew(lab: Lab, host: str) -> None:
    """Give a host of the finished cluster a blank disk."""
    lab.run("power", host, "kill", check=True)
    lab.run("new-disk", host, check=True)
    lab.run("power", host, "on", check=True)
    until(lambda: host not in ready_nodes(lab), SECONDS_FOR_A_WATCH, f"{host} is seen to be gone")


def play(lab: Lab, way: str, moment: Cut) -> None:
    """The cut, and the run while the host is away; it is back afterwards."""
    if moment.blank:
        renew(lab, moment.blank)
    with at_the_moment(lab, moment) as ran:
        cut(lab, way, moment.host)
    ran[0].show(f"the run in which {moment.host} went away")
    assert "Traceback" not in ran[0].said, ran[0].said
    assert ran[0].code == 1, ran[0].said
    before = lab.digest("--running")
    away = run(lab, verify_timeout_seconds=SECONDS_FOR_VERIFY)
    away.show("a run while it is away")
    assert away.code == 1, away.said
    for sentence in moment.away:
        assert sentence in " ".join(away.said.split()), away.said
    if moment.unchanged:
        assert lab.digest("--running") == before
    back(lab, way, moment.host)


def check_whole_again(lab: Lab) -> None:
    """One more run, told to recover the quorum where it says that it may, makes the cluster whole."""
    again = run(lab)
    again.show("a run when it is back")
    if again.code and "recover_quorum" in again.said:
        again = run(lab, recover_quorum=True)
        again.show("a run that may recover the quorum")
    assert again.code == 0, again.said
    assert ready_nodes(lab) == sorted(NODES)


def main(ways: Sequence[str], chosen: Sequence[str]) -> None:
    lab = Lab()
    for way in ways:
        lab.up()
        for name, moment in (VIRGIN | FINISHED).items():
            if chosen and name not in chosen:
                continue
            print(f"{way}: {name}", flush=True)
            play(lab, way, moment)
            if moment.blank or name == list(VIRGIN)[-1]:
                check_whole_again(lab)
        check_every_pod_of_the_road(lab)
        check_a_second_run_changes_nothing(lab)
    lab.run("down", check=True)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main([way for way in WAYS if way in arguments] or WAYS, [word for word in arguments if word not in WAYS])
