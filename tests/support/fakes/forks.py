"""pyinfra's command line in processes that need not import it first: they are forks of one that has.

``python -m tests.support.fakes.forks`` reads one request a line, ``{folder, arguments, environment, output}``, and
answers each with the exit code, -14 where it did not end within ``SECONDS_FOR_A_RUN``. The fork itself goes on as
``python -m pyinfra`` would, to the interpreter's own end.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any, NoReturn

import pyinfra_cli.main  # noqa: F401
from gevent.monkey import get_original

# Imported by every run; none of them starts a thread or gevent's hub.
import k8s_ha  # noqa: F401
import tests.support.fakes.answers  # noqa: F401

SECONDS_FOR_A_RUN = 60


class Forks:
    """The process that forks, with one hash seed for all of its runs."""

    def __init__(self, hash_seed: int, project: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(project), "PYTHONHASHSEED": str(hash_seed)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fakes.forks"],
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


def _go_on(request: Mapping[str, Any]) -> NoReturn:
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, path in enumerate(["/dev/null", *request["output"]]):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, number)
        os.close(descriptor)
    signal.alarm(SECONDS_FOR_A_RUN)
    sys.argv = ["pyinfra", *request["arguments"]]
    runpy.run_module("pyinfra", run_name="__main__", alter_sys=True)
    sys.exit()


def main() -> None:
    # gevent's own would start its hub, which a fork would share.
    fork, wait = get_original("os", "fork"), get_original("os", "waitpid")
    for line in sys.stdin:
        process = fork()
        if process == 0:
            _go_on(json.loads(line))
        _, status = wait(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
