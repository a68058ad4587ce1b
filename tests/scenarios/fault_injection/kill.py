"""pyinfra's CLI whose process is killed, by SIGKILL, at a chosen moment.

``python -m tests.scenarios.fault_injection.kill MOMENT INVENTORY DEPLOY [OPTIONS]`` with a MOMENT such as ``12`` (after
the 12th operation has ended), ``Join master2:3.5`` (3.5 seconds into the operation whose name holds that), or
``each:FILE`` (after the first operation of a change's steps that FILE does not have yet, which is added to it). A run
that never comes to its moment ends as any other.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import gevent
from pyinfra.api.state import BaseStateCallback, State

from tests.support.told_secrets import tell
from tests.support.watched import watch


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Killer(BaseStateCallback):
    """Ends the process at its moment."""

    after: int | None = None
    inside: str | None = None
    seconds = 0.0
    ended = 0
    passed: Path | None = None
    in_steps = False

    @classmethod
    def operation_start(cls, state: State, op_hash: str) -> None:
        names = ", ".join(state.get_op_meta(op_hash).names)
        cls.in_steps |= "Step 1 of " in names
        if cls.inside and cls.inside in names:
            gevent.spawn_later(cls.seconds, die)

    @classmethod
    def operation_end(cls, state: State, op_hash: str) -> None:
        cls.ended += 1
        if cls.ended == cls.after or (cls.passed and cls.in_steps and cls._is_new(state, op_hash, cls.passed)):
            die()

    @staticmethod
    def _is_new(state: State, op_hash: str, passed: Path) -> bool:
        """Whether no run before was killed after this operation; it is noted then."""
        names = ", ".join(sorted(state.get_op_meta(op_hash).names))
        hosts = ", ".join(sorted(host.name for host, held in state.ops.items() if op_hash in held))
        # The steps that are left are counted anew by each run.
        line = f"{hosts}: {re.sub(r'[Ss]tep [0-9]+ of [0-9]+', 'a step', names)}"
        with passed.open("a+", encoding="utf-8") as file:
            file.seek(0)
            if line in file.read().splitlines():
                return False
            file.write(f"{line}\n")
        return True


if __name__ == "__main__":
    from pyinfra_cli.main import main  # it patches the standard library, which whoever imports this module may not want

    moment = sys.argv.pop(1)
    if moment.startswith("each:"):
        Killer.passed = Path(moment.partition(":")[2])
    elif moment.isdigit():
        Killer.after = int(moment)
    else:
        Killer.inside, _, seconds = moment.rpartition(":")
        Killer.seconds = float(seconds)
    watch(Killer())
    tell()
    main()
