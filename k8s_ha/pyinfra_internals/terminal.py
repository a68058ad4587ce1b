"""What is written on the person's terminal: words of hosts are among it, and none of them is to command it.

A mistake in settings is no error of pyinfra's in a file of this package, and a library's traceback helps nobody here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pyinfra import logger
from pyinfra.api import output

from k8s_ha.untrusted import printable

_COLORS: Final = re.compile(r"(\x1b\[(?:0|1|3[1-6])m)")
"""What pyinfra itself colors with; of others, one hides what follows."""

_LINE_END: Final = re.compile(r"\r+(?=(?:\x1b\[0m)?(?:\n|$))")
"""A terminal's, where a command has one."""

_REFUSED: Final = re.compile(rf"pyinfra error in {re.escape(str(Path(__file__).parents[1]))}/\S+ line \d+")
"""What pyinfra calls an error that this package raises, which is before the first change."""

_SSH: Final = "paramiko.transport"
"""Logs a traceback where a connection fails, which pyinfra tells in one line."""


def shown(text: str) -> str:
    """The text with its lines, tabs and colors, and whatever else a terminal would obey written out."""
    parts = _COLORS.split(_LINE_END.sub("", text))
    return "".join(part if number % 2 else printable(part, "\n\t") for number, part in enumerate(parts))


class _Shown(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg, record.args = _REFUSED.sub("Refused", shown(record.getMessage())), None
        return True


class _EchoShown:
    def __init__(self, echo: Callable[..., None]) -> None:
        self._echo = echo

    def __call__(self, message: Any = None, **options: Any) -> None:
        self._echo(shown(message) if isinstance(message, str) else message, **options)


_SHOWN: Final = _Shown()


def kept_readable() -> None:
    """Have pyinfra's log and what it prints of commands be ``shown``, and no traceback of the SSH library's.

    Whoever debugs, or has set that library's own level, sees its errors as before.
    """
    logger.addFilter(_SHOWN)
    ssh = logging.getLogger(_SSH)
    if ssh.level == logging.NOTSET and not ssh.isEnabledFor(logging.DEBUG):
        ssh.setLevel(logging.CRITICAL)
    if not isinstance(output._echo, _EchoShown):
        output.set_echo(_EchoShown(output._echo))
