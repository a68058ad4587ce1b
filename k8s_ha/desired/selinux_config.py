"""/etc/selinux/config and the kernel's command line, read as libselinux reads them when the host boots."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

Mode = Literal["enforcing", "permissive", "disabled"]

MODES: Final[tuple[Mode, ...]] = ("enforcing", "permissive", "disabled")
TAG: Final = b"SELINUX="
_BLANKS: Final = b" \t\v\f\r"


def mode_at_boot(content: bytes) -> Mode:
    """The mode that the file asks for; the first line that names one counts, and without such a line it is permissive.

    A line's tag stands at its very beginning; its value is compared without case, and only as far as the mode's name
    goes. libselinux passes over blanks before the value since 3.4, so where the two ways differ the stricter counts.
    """
    found = {next(_modes(content, blanks=blanks), "permissive") for blanks in (False, True)}
    return next(mode for mode in MODES if mode in found)


def _modes(content: bytes, *, blanks: bool) -> Iterator[Mode]:
    for line in content.split(b"\n"):
        if mode := _mode(line, blanks=blanks):
            yield mode


def _mode(line: bytes, *, blanks: bool) -> Mode | None:
    if not line.startswith(TAG):
        return None
    value = line[len(TAG) :]
    value = (value.lstrip(_BLANKS) if blanks else value).lower()
    return next((mode for mode in MODES if value.startswith(mode.encode())), None)


def permissive(content: bytes) -> bytes:
    """``content`` with every line that asks for enforcing asking for permissive, and every other byte as it was."""

    def changed(line: bytes) -> bytes:
        if _mode(line, blanks=True) != "enforcing":
            return line
        return re.sub(rb"(?i)enforcing", b"permissive", line, count=1)

    return b"\n".join(map(changed, content.split(b"\n")))


def enforced_by_kernel(command_line: str) -> bool:
    """Whether ``enforcing=`` on the kernel's command line makes SELinux enforce, whatever the file says."""
    found = re.search(r"(?:^|\s)enforcing=\s*([0-9]+)", command_line)
    return bool(found and found[1].strip("0")) and not switched_off(command_line)


def switched_off(command_line: str) -> bool:
    """Whether ``selinux=0`` on the kernel's command line switches it off; the last one counts."""
    values = re.findall(r"(?:^|\s)selinux=(\S+)", command_line)
    return bool(values) and values[-1] == "0"
