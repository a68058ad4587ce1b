"""What pyinfra writes on the person's terminal: words of hosts are among it, and none of them is to command it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any, Final

from pyinfra import logger
from pyinfra.api import output

from k8s_ha.untrusted import printable

_COLORS: Final = re.compile(r"(\x1b\[(?:0|1|3[1-6])m)")
"""What pyinfra itself colors with; of others, one hides what follows."""

_LINE_END: Final = re.compile(r"\r+(?=(?:\x1b\[0m)?(?:\n|$))")
"""A terminal's, where a command has one."""


def shown(text: str) -> str:
    """The text with its lines, tabs and colors, and whatever else a terminal would obey written out."""
    parts = _COLORS.split(_LINE_END.sub("", text))
    return "".join(part if number % 2 else printable(part, "\n\t") for number, part in enumerate(parts))


class _Shown(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg, record.args = shown(record.getMessage()), None
        return True


class _EchoShown:
    def __init__(self, echo: Callable[..., None]) -> None:
        self._echo = echo

    def __call__(self, message: Any = None, **options: Any) -> None:
        self._echo(shown(message) if isinstance(message, str) else message, **options)


_SHOWN: Final = _Shown()


def words_of_hosts_shown() -> None:
    """Have pyinfra's log and what it prints of commands be ``shown``."""
    logger.addFilter(_SHOWN)
    if not isinstance(output._echo, _EchoShown):
        output.set_echo(_EchoShown(output._echo))
