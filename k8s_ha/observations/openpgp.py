"""OpenPGP keys as repositories serve them (RFC 4880). Values in, values out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import Final

_BLOCK: Final = re.compile(
    r"^-----BEGIN PGP PUBLIC KEY BLOCK-----[ \t]*\n(?:[A-Za-z-]+: [^\n]*\n)*[ \t]*\n"
    r"(?P<data>[A-Za-z0-9+/=\n]+)^-----END PGP PUBLIC KEY BLOCK-----[ \t]*$",
    re.MULTILINE,
)
_PUBLIC_KEY, _SECRET_KEYS = 6, (5, 7)


def key_blocks(text: str) -> str:
    """The armored keys of a text, without what stands around them: a tool may see more in that than we do."""
    return "".join(f"{found[0]}\n" for found in _BLOCK.finditer(text.replace("\r\n", "\n")))


def fingerprints(text: str) -> tuple[str, ...]:
    """The fingerprint of every primary key in armored public keys, as gpg prints it without blanks.

    Raises ValueError where there is none, or one that cannot be read to its end.
    """
    found = [_fingerprint(body) for block in _BLOCK.finditer(text.replace("\r\n", "\n")) for body in _primaries(block)]
    if not found:
        raise ValueError("it holds no armored OpenPGP key")
    return tuple(found)


def _primaries(block: re.Match[str]) -> Iterator[bytes]:
    # The line behind "=" is a checksum of the transport.
    lines = [line for line in block["data"].split() if not line.startswith("=")]
    try:
        data = base64.b64decode("".join(lines), validate=True)
    except binascii.Error:
        raise ValueError("its armor is damaged") from None
    for tag, body in _packets(data):
        if tag in _SECRET_KEYS:
            raise ValueError("it holds a secret key")
        if tag == _PUBLIC_KEY:
            yield body


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        tag, length, start = _header(data, position)
        position = start + length
        if position > len(data):
            raise ValueError("it is cut off")
        yield tag, data[start:position]


def _header(data: bytes, position: int) -> tuple[int, int, int]:
    """Tag, length and start of the packet that begins at ``position``."""
    first, rest = data[position], data[position + 1 :]
    if not first & 0x80 or not rest:
        raise ValueError("it is no OpenPGP key")
    if first & 0x40:
        size = 1 if rest[0] < 192 else 2 if rest[0] < 224 else 5
        if 224 <= rest[0] < 255:
            raise ValueError("it has packets of unknown length")
        number = rest[1:5] if size == 5 else rest[:1]
        length = int.from_bytes(number, "big")
        if size == 2:
            length = ((rest[0] - 192) << 8) + int.from_bytes(rest[1:2], "big") + 192
        return first & 0x3F, length, position + 1 + size
    size = {0: 1, 1: 2, 2: 4}.get(first & 3, 0)
    if not size:
        raise ValueError("it has packets of unknown length")
    return first >> 2 & 0xF, int.from_bytes(rest[:size], "big"), position + 1 + size


def _fingerprint(body: bytes) -> str:
    if body[:1] != b"\x04":
        raise ValueError("its key is of another version than 4")
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()
