"""Runs of pyinfra's command line on a simulated cluster, and what they did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from tests.support.fakes.forks import forks
from tests.support.fakes.scenario import SETTINGS, VARIABLE, Scenario
from tests.support.fakes.world import World
from tests.support.paths import FAKES, PROJECT

DEPLOY = FAKES / "deploy.py"
JOINS = FAKES / "joins.py"
WORKERS = FAKES / "workers.py"
RUNTIME = FAKES / "runtime.py"
LOOK = FAKES / "look.py"
VERIFY = FAKES / "verify.py"
PROBE = FAKES / "probe.py"


@dataclass(frozen=True)
class Step:
    """A command that ran on a host; ``begun`` and ``ended`` are positions in the order of all of the run.

    + seconds: how long it was allowed to take
    + locale: that its tools speak in
    """

    host: str
    step: str
    command: str
    begun: int
    ended: int
    succeeded: bool
    changes: bool
    seconds: int | None
    locale: str | None


@dataclass(frozen=True)
class Outcome:
    """What a run printed, did, and left behind.

    + output: stdout, then stderr
    + reports: of this run, in the order of their files' names
    """

    exit_code: int
    stdout: str
    output: str
    log: Sequence[Step]
    world: World
    reports: Sequence[dict[str, Any]]

    def steps(self, *kinds: str) -> list[Step]:
        """The steps of these kinds (see ``ANSWERS``), in the order in which they began."""
        return [step for step in self.log if step.step in kinds]

    @property
    def changes(self) -> list[str]:
        """The steps that changed something."""
        return [step.step for step in self.log if step.changes]

    @property
    def sentences(self) -> str:
        """The output in one line, since pyinfra breaks and indents it."""
        return " ".join(self.output.split())


class Fleet:
    """A scenario's hosts in a folder of their own, as the runs before left them."""

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        self.folder = folder
        self.world_file = folder / "world.json"
        self.change(scenario)

    def change(self, scenario: Scenario) -> None:
        """Go on with these hosts under another scenario."""
        self.scenario = scenario
        scenario.save(self.folder)

    def set(self, **settings: Any) -> Fleet:
        """Go on with these hosts under other settings."""
        self.change(replace(self.scenario, settings=SETTINGS | settings))
        return self

    def edit(self, change: Callable[[World], object]) -> None:
        """Change what the hosts hold, between two runs."""
        world = World.load(self.world_file, self.scenario)
        change(world)
        world.save(self.world_file)

    def run(self, *flags: str, deploy: Path | str = DEPLOY, hash_seed: int = 0) -> Outcome:
        """``pyinfra inventory.py DEPLOY FLAGS``, by default ``-y``.

        + deploy: ``DEPLOY``, ``JOINS`` (where hosts wait for each other), ``WORKERS``, ``RUNTIME`` or ``VERIFY`` (that
          phase alone), ``LOOK`` (preflight alone) or another file
        + hash_seed: of Python, whose sets pyinfra takes an order from
        """
        log = self.folder / "log.jsonl"
        log.unlink(missing_ok=True)
        earlier = set(self._report_files())
        arguments = [str(FAKES / "inventory.py"), str(deploy), *(flags or ("-y",))]
        environment = {**os.environ, VARIABLE: str(self.folder), "PYTHONPATH": str(PROJECT)}
        exit_code, stdout, stderr = forks(hash_seed, PROJECT).run(self.folder, arguments, environment)
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        steps = sorted((Step(**json.loads(line)) for line in lines), key=lambda step: step.begun)
        world = World.load(self.world_file, self.scenario)
        reports = [json.loads(path.read_text(encoding="utf-8")) for path in self._report_files() if path not in earlier]
        return Outcome(exit_code, stdout, stdout + stderr, steps, world, reports)

    def begin(
        self, *flags: str, deploy: Path | str = DEPLOY, hash_seed: int = 0, output: IO[str] | int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        """The process of such a run, just started.

        + output: where what it prints goes
        """
        return subprocess.Popen(
            [sys.executable, "-m", "pyinfra", str(FAKES / "inventory.py"), str(deploy), *(flags or ("-y",))],
            cwd=self.folder,
            env={
                **os.environ,
                VARIABLE: str(self.folder),
                "PYTHONPATH": str(PROJECT),
                "PYTHONHASHSEED": str(hash_seed),
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
        )

    def _report_files(self) -> list[Path]:
        return sorted((self.folder / "reports").glob("*.json"))
