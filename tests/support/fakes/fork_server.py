"""``python -m tests.support.fakes.fork_server``: it has imported pyinfra's command line, and forks runs of it.

It reads one request a line, ``{folder, arguments, environment, output}``, and answers each with the exit code, -14
where it did not end within ``SECONDS_FOR_A_RUN``. The fork itself goes on as ``python -m pyinfra`` would, to the
interpreter's own end.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import pyinfra_cli.main  # noqa: F401
from gevent.monkey import get_original

# Imported by every run; none of them starts a thread or gevent's hub.
import k8s_ha  # noqa: F401
import tests.support.fakes.answers  # noqa: F401

SECONDS_FOR_A_RUN = 60


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
    # What is imported stays: forks need not look through it for garbage, each of them a copy of its own.
    gc.freeze()
    for line in sys.stdin:
        process = fork()
        if process == 0:
            _go_on(json.loads(line))
        _, status = wait(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
