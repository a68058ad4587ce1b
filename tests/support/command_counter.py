"""pyinfra's CLI, with what it does counted: remote commands per host, and seconds per operation.

``python -m tests.support.command_counter REPORT.json INVENTORY DEPLOY [OPTIONS]`` runs the CLI unchanged and leaves a
JSON file with ``commands`` (host -> count, shell commands and file transfers at the connector) and ``operations``
([name, seconds]).
"""

from __future__ import annotations

import atexit
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyinfra.api.state import BaseStateCallback, State
from pyinfra.connectors.ssh import SSHConnector

from tests.support.watched import watch

commands: Counter[str] = Counter()
operations: list[tuple[str, float]] = []


class Stopwatch(BaseStateCallback):
    """Notes how long each operation took over all hosts."""

    started = 0.0

    @classmethod
    def operation_start(cls, state: State, op_hash: str) -> None:
        cls.started = time.monotonic()

    @classmethod
    def operation_end(cls, state: State, op_hash: str) -> None:
        names = ", ".join(sorted(state.get_op_meta(op_hash).names))
        operations.append((names, round(time.monotonic() - cls.started, 2)))


def _counted(method: Callable[..., Any]) -> Callable[..., Any]:
    def count(connector: SSHConnector, *args: Any, **kwargs: Any) -> Any:
        commands[connector.host.name] += 1
        return method(connector, *args, **kwargs)

    return count


def _write(report: Path) -> None:
    report.write_text(json.dumps({"commands": commands, "operations": operations}, indent=2), encoding="utf-8")


if __name__ == "__main__":
    from pyinfra_cli.main import main  # it patches the standard library, which whoever imports this module may not want

    atexit.register(_write, Path(sys.argv.pop(1)))
    for name in ("run_shell_command", "put_file", "get_file"):
        setattr(SSHConnector, name, _counted(getattr(SSHConnector, name)))
    watch(Stopwatch())
    main()
