"""pyinfra's CLI whose process is killed, by SIGKILL, at a chosen moment.

``python -m tests.scenarios.fault_injection.kill MOMENT INVENTORY DEPLOY [OPTIONS]`` with a MOMENT such as ``12`` (after
the 12th operation has ended) or ``Join master2:3.5`` (3.5 seconds into the operation whose name holds that). A run that
never comes to its moment ends as any other.
"""

from __future__ import annotations

import os
import signal
import sys

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

    @classmethod
    def operation_start(cls, state: State, op_hash: str) -> None:
        names = ", ".join(state.get_op_meta(op_hash).names)
        if cls.inside and cls.inside in names:
            gevent.spawn_later(cls.seconds, die)

    @classmethod
    def operation_end(cls, state: State, op_hash: str) -> None:
        cls.ended += 1
        if cls.ended == cls.after:
            die()


if __name__ == "__main__":
    from pyinfra_cli.main import main  # it patches the standard library, which whoever imports this module may not want

    moment = sys.argv.pop(1)
    if moment.isdigit():
        Killer.after = int(moment)
    else:
        Killer.inside, _, seconds = moment.rpartition(":")
        Killer.seconds = float(seconds)
    watch(Killer())
    tell()
    main()
