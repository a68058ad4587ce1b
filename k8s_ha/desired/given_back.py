"""Edits of somebody else's files, taken back. Bytes in, bytes out.

A file that was edited may have been changed by its owner since: the edit is undone, and all else stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from k8s_ha.desired import fstab, selinux_config

FSTAB: Final = "/etc/fstab"
HOSTS: Final = "/etc/hosts"
SELINUX: Final = "/etc/selinux/config"
_KEPT: Final = "/var/lib/k8s-ha/before"
_EDITS: Final[Mapping[str, tuple[str, Callable[[bytes], bytes]]]] = {
    FSTAB: (f"{_KEPT}/fstab", fstab.without_swap),
    SELINUX: (f"{_KEPT}/selinux-config", selinux_config.permissive),
}
"""By path: what stood there before, and the edit that was made of it."""

_BEGIN: Final = b"# BEGIN k8s_ha\n"
_END: Final = b"# END k8s_ha\n"


def given_back(contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """What the files are to hold from which an edit is taken, by path; those that have none of it are left out.

    + contents: of these files and of what is kept of them, as far as they are there
    """
    found = {}
    for path, (kept, edit) in _EDITS.items():
        if path in contents and kept in contents:
            found[path] = undone(contents[path], contents[kept], edit)
    if HOSTS in contents:
        found[HOSTS] = without_block(contents[HOSTS])
    return {path: text for path, text in found.items() if text != contents[path]}


def undone(content: bytes, before: bytes, edit: Callable[[bytes], bytes]) -> bytes:
    """``content`` with the lines that ``edit`` made of ``before`` as they were, wherever they stand now."""
    pairs = zip(before.split(b"\n"), edit(before).split(b"\n"), strict=True)
    original = {after: line for line, after in pairs if after != line}
    return b"\n".join(original.get(line, line) for line in content.split(b"\n"))


def without_block(content: bytes) -> bytes:
    """``content`` without this package's block; as it is where its end is missing."""
    before, begin, rest = content.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    return before + after if begin and end else content
