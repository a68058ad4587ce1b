"""pyinfra's command line: what it was asked for, what it ends with, and Ctrl-C."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from importlib import import_module
from pathlib import Path
from traceback import walk_tb
from typing import Any, Final

import click
import pyinfra
from pyinfra import logger
from pyinfra.api.state import State

from k8s_ha.pyinfra_internals.state import current_state, looks_for_changes

_AD_HOC: Final = frozenset({"exec", "fact", "debug-inventory"})
"""pyinfra's commands that run no deploy."""


def runs_a_deploy() -> bool:
    """Whether the command line was asked for a deploy; False too where pyinfra is used as a library."""
    return bool(pyinfra.is_cli) and _AD_HOC.isdisjoint(sys.argv)


def is_dry(state: State) -> bool:
    """Whether it was asked for the changes only; ``--json`` without ``-y`` does so too."""
    return "--dry" in sys.argv or ("--json" in sys.argv and looks_for_changes(state))


def host_by_host(together: int = 1) -> str | None:
    """The option by which hosts do not wait for each other; None where they do, or pyinfra is used as a library.

    + together: how many wait for each other within one operation: fewer at once would never end it
    """
    if not pyinfra.is_cli:
        return None
    option = next((option for option in ("--serial", "--no-wait") if option in sys.argv), None)
    state = current_state()
    at_once = state.config.PARALLEL if state and state.initialised else 0
    return option or (f"--parallel {at_once}" if 0 < at_once < together else None)


def inventory_file() -> Path | None:
    """The Python file that the command line names as the inventory; None where that is none."""
    if not pyinfra.is_cli:
        return None
    command: Any = import_module("pyinfra_cli.cli").cli
    try:
        given = command.make_context("pyinfra", sys.argv[1:], resilient_parsing=True).params.get("inventory")
        path = Path(str(given))
        return path if path.suffix == ".py" and path.is_file() else None
    except (click.ClickException, OSError, ValueError):
        return None


def wants_json() -> bool:
    """Whether stdout is to be one JSON document."""
    return bool(pyinfra.is_cli) and "--json" in sys.argv


def stdout_kept_for_json() -> None:
    """Have pyinfra's word at Ctrl-C, which it prints on stdout, go to stderr where stdout is to be a document."""
    handler = signal.getsignal(signal.SIGINT)
    if not wants_json() or not callable(handler) or isinstance(handler, _ToStderr):
        return
    with suppress(ValueError):  # not in another than the main thread
        signal.signal(signal.SIGINT, _ToStderr(handler))


class _ToStderr:
    def __init__(self, handler: Callable[..., Any]) -> None:
        self._handler = handler

    def __call__(self, number: int, frame: Any) -> None:
        with redirect_stdout(sys.stderr):
            self._handler(number, frame)


class ExitWatcher(logging.Filter):
    """What pyinfra's command line ends with.

    No hook tells it. But while that exception is in flight, pyinfra logs that it disconnects.
    """

    error: BaseException | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        self.error = sys.exc_info()[1] or self.error
        return True

    @property
    def is_regular(self) -> bool:
        """Whether pyinfra came to an end of its own and nobody interrupted it."""
        return isinstance(self.error, SystemExit) and all(
            frame.f_code.co_name != "_handle_interrupt" for frame, _ in walk_tb(self.error.__traceback__)
        )

    @property
    def has_printed(self) -> bool:
        """Whether pyinfra came as far as printing what it prints at a regular end, with ``--json`` its document."""
        return isinstance(self.error, SystemExit) and any(
            frame.f_code.co_name == "_exit" for frame, _ in walk_tb(self.error.__traceback__)
        )

    @property
    def cause(self) -> BaseException | None:
        """The error that ended pyinfra; None where there was none."""
        return None if isinstance(self.error, SystemExit) else getattr(self.error, "exception", self.error)


@contextmanager
def interrupt_kept(warning: str) -> Iterator[list[int]]:
    """Ctrl-C is put off until the block has cleaned up after itself; its signal stands in the list that is given.

    + warning: what the person is told who has pressed it once; the second time it is not put off
    """
    kept: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def keep(number: int, _: Any) -> None:
        logger.warning(warning)
        kept.append(number)
        signal.signal(signal.SIGINT, before)

    try:
        signal.signal(signal.SIGINT, keep)
    except ValueError:  # pyinfra runs in another than the main thread, which gets no signals
        yield kept
        return
    try:
        yield kept
    finally:
        signal.signal(signal.SIGINT, before)
        if kept:
            signal.raise_signal(signal.SIGINT)
