"""pyinfra's CLI, with each operation that begins told to a test, which then does something to the hosts.

``WATCHED_OPERATIONS=FILE python -m tests.support.watched INVENTORY DEPLOY [OPTIONS]`` runs the CLI unchanged; FILE gets
a line for each operation: its name, and the hosts that have it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pyinfra.api.state import BaseStateCallback, State

VARIABLE = "WATCHED_OPERATIONS"


class Teller(BaseStateCallback):
    """Writes down what begins."""

    @staticmethod
    def operation_start(state: State, op_hash: str) -> None:
        with Path(os.environ[VARIABLE]).open("a", encoding="utf-8") as file:
            hosts = ", ".join(host.name for host, held in state.ops.items() if op_hash in held)
            file.write(f"{', '.join(state.get_op_meta(op_hash).names)} @ {hosts}\n")


def watch(handler: BaseStateCallback) -> None:
    """Have the run that this process is about to begin watched by ``handler``."""
    init = State.init

    def initialise(state: State, *args: Any, **kwargs: Any) -> None:
        init(state, *args, **kwargs)
        state.add_callback_handler(handler)

    State.init = initialise


if __name__ == "__main__":
    from pyinfra_cli.main import main  # it patches the standard library, which whoever imports this module may not want

    watch(Teller())
    main()
