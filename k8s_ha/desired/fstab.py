"""/etc/fstab, read as getmntent reads it, which systemd's generator and swapon use. Bytes in, bytes out."""

from __future__ import annotations

import re
from typing import Final

_BLANKS: Final = re.compile(rb"[ \t]+")


def swap_at_boot(line: bytes) -> bool:
    """Whether the boot swaps for this line: an entry of type swap, without the option noauto."""
    fields = _BLANKS.split(line.strip(b" \t"))
    if len(fields) < 3 or fields[0].startswith(b"#"):
        return False
    options = fields[3].split(b",") if len(fields) > 3 else []
    return fields[2] == b"swap" and b"noauto" not in options


def without_swap(content: bytes) -> bytes:
    """``content`` with the entries that the boot swaps for made comments, and every other byte as it was."""
    lines = content.split(b"\n")
    return b"\n".join(b"# " + line if swap_at_boot(line) else line for line in lines)
