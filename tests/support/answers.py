"""Answers of hosts as they come: between their marks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from k8s_ha.facts.answers import FIRST, LAST


def whole(lines: Iterable[str], status: int = 0) -> list[str]:
    """An answer that came to its end."""
    return [FIRST, *lines, f"{LAST} {status}"]


def script_of(command: str) -> str:
    """The script of a marked command; any other command as it is."""
    found = re.search(r"^k8s_ha_answer\(\) \{\n(.*)\n\}\nanswer=", command, re.MULTILINE | re.DOTALL)
    return found[1] if found else command
