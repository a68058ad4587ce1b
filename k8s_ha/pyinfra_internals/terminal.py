"""What is written on the person's terminal: words of hosts are among it, and none of them is to command it.

A mistake in settings is no error of pyinfra's in a file of this package, and a library's traceback helps nobody here.
A screen of many hosts stays one that a person can read.
"""

from __future__ import annotations

import logging
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
from pyinfra import logger
from pyinfra.api import output

from k8s_ha.untrusted import printable

_COLORS: Final = re.compile(r"(\x1b\[(?:0|1|3[1-6])m)")
"""What pyinfra itself colors with; of others, one hides what follows."""

_LINE_END: Final = re.compile(r"\r+(?=(?:\x1b\[0m)?(?:\n|$))")
"""A terminal's, where a command has one."""

_REFUSED: Final = re.compile(rf"pyinfra error in {re.escape(str(Path(__file__).parents[1]))}/\S+ line \d+")
"""What pyinfra calls an error that this package raises, which is before the first change."""

_OF_A_HOST: Final = re.compile(r"\[[^\]]+\] +(Connected|Ready: .+|No changes|Skipped|Success)")
"""What pyinfra says of each host in turn."""

SHOWN_SINGLY: Final = 8
"""How many hosts are, before they are counted."""

_SSH: Final = "paramiko.transport"
"""Logs a traceback where a connection fails, which pyinfra tells in one line."""


def shown(text: str) -> str:
    """The text with its lines, tabs and colors, and whatever else a terminal would obey written out.

    Without colors where NO_COLOR asks for that (https://no-color.org).
    """
    parts = _COLORS.split(_LINE_END.sub("", text))
    if is_plain():
        return "".join(printable(part, "\n\t") for part in parts[::2])
    return "".join(part if number % 2 else printable(part, "\n\t") for number, part in enumerate(parts))


def is_plain() -> bool:
    """Whether the person wants no colors."""
    return bool(os.environ.get("NO_COLOR"))


class _Shown(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg, record.args = _REFUSED.sub("Refused", shown(record.getMessage())), None
        return True


class _Counted(logging.Filter):
    """Of what all hosts come to, the first lines singly, then one at each doubling, and how many they were."""

    def __init__(self) -> None:
        super().__init__()
        self._hosts: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        if logger.isEnabledFor(logging.DEBUG):
            return True
        outcome = _OF_A_HOST.fullmatch(_COLORS.sub("", str(record.msg)))
        if outcome is None:
            hosts, self._hosts = self._hosts, Counter()
            for words, count in hosts.items():
                if count > SHOWN_SINGLY:
                    logger.info("%s hosts in all: %s", count, words)
            return True
        self._hosts[outcome[1]] += 1
        count = self._hosts[outcome[1]]
        return count <= SHOWN_SINGLY or count.bit_count() == 1


class _EchoShown:
    def __init__(self, echo: Callable[..., None]) -> None:
        self._echo = echo

    def __call__(self, message: Any = None, **options: Any) -> None:
        self._echo(shown(message) if isinstance(message, str) else message, **options)


_SHOWN: Final = _Shown()
_COUNTED: Final = _Counted()


def kept_readable() -> None:
    """Have pyinfra's log and what it prints of commands be ``shown``, and no traceback of the SSH library's.

    Whoever debugs sees every host's line and that library's errors, as does one who has set its own level.
    """
    logger.addFilter(_SHOWN)
    logger.addFilter(_COUNTED)
    ssh = logging.getLogger(_SSH)
    if ssh.level == logging.NOTSET and not ssh.isEnabledFor(logging.DEBUG):
        ssh.setLevel(logging.CRITICAL)
    if not isinstance(output._echo, _EchoShown):
        output.set_echo(_EchoShown(output._echo))
    if is_plain():
        _uncolored()


def _uncolored() -> None:
    """Have pyinfra color nothing by itself: neither lines by their level, nor what its command line prints."""
    for handler in logger.handlers:
        formatter: Any = handler.formatter
        if hasattr(formatter, "level_to_format"):
            formatter.level_to_format = {}
    context = click.get_current_context(silent=True)
    while context is not None:
        context.color, context = False, context.parent
