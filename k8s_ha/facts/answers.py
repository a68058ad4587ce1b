"""What a host answers, told from what else its shell prints: each answer stands between a first and a last mark.

A login shell may print a line of its own (``~/.bashrc``, ``/etc/bashrc``) before every command, or the connection may
end amid an answer. What is outside of the marks is dropped; without both, nothing of it is believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

FIRST: Final = "k8s-ha answer begins"
LAST: Final = "k8s-ha answer ends"

LOCALE: Final = "C"
"""Of every command: tools speak English, and sort and compare bytes."""


class IncompleteAnswer(ValueError):
    """An answer that lacks a mark, or whose script has failed."""


def marked(script: str) -> str:
    """A script whose output stands between the marks, with its exit code behind the last one.

    A byte that is not printable ASCII is shown as a question mark: pyinfra stops reading at the first line that is not
    UTF-8. What has to come byte for byte travels in base64.
    """
    return (
        f"export LC_ALL={LOCALE}\nk8s_ha_answer() {{\n{script.rstrip()}\n}}\nanswer=$(k8s_ha_answer)\nstatus=$?\n"
        f"printf '\\n%s\\n%s\\n%s\\n' '{FIRST}' \"$answer\" \"{LAST} $status\" | tr -c '\\11\\12\\40-\\176' '?'\n"
        "exit $status"
    )


def between_marks(output: Sequence[str]) -> list[str]:
    """The lines of an answer; IncompleteAnswer where it did not come whole, or where its script has failed."""
    lines = [line.rstrip("\r") for line in output]
    if FIRST not in lines:
        raise IncompleteAnswer("its first mark is missing")
    begin = lines.index(FIRST) + 1
    ends = [number for number, line in enumerate(lines) if number >= begin and line.startswith(f"{LAST} ")]
    if not ends:
        raise IncompleteAnswer("it was cut off before its last mark")
    status = lines[ends[-1]].removeprefix(f"{LAST} ")
    if status != "0":
        raise IncompleteAnswer(f"it ended with exit code {status}")
    answer = lines[begin : ends[-1]]
    return [] if answer == [""] else answer
