"""pyinfra's command line in processes that need not import it first: they are forks of one that has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO


class Forks:
    """The process that forks (``fork_server``), with one hash seed for all of its runs."""

    def __init__(self, hash_seed: int, project: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(project), "PYTHONHASHSEED": str(hash_seed)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fakes.fork_server"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, folder: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
        """The exit code, stdout and stderr of ``pyinfra ARGUMENTS`` in ``folder``."""
        output = [str(folder / name) for name in ("stdout", "stderr")]
        request = {"folder": str(folder), "arguments": list(arguments), "environment": dict(environment)}
        stdin, stdout = self._pipes()
        stdin.write(json.dumps({**request, "output": output}) + "\n")
        stdin.flush()
        answer = stdout.readline()
        assert answer, "the process that forks has ended"
        texts = [Path(path).read_text(encoding="utf-8") for path in output]
        return int(answer), texts[0], texts[1]

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


@cache
def forks(hash_seed: int, project: Path) -> Forks:
    """The one of this seed, which ends with this process: nobody holds its stdin then."""
    return Forks(hash_seed, project)
