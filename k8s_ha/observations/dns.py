"""One question to a name server and its answer, in DNS' own bytes: hosts have no dig. Values in, values out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

NO_ANSWER: Final = "no answer"
_IDENTITY: Final = 0x4B38
_RECURSION_DESIRED: Final = 0x0100
_TYPE_A: Final = 1
_CLASS_IN: Final = 1
_REFUSALS: Final = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


def question(name: str) -> bytes:
    """The packet that asks for the IPv4 addresses of ``name``, which is taken as it is, without search domains."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    header = struct.pack("!6H", _IDENTITY, _RECURSION_DESIRED, 1, 0, 0, 0)
    return header + labels + b"\0" + struct.pack("!2H", _TYPE_A, _CLASS_IN)


def for_printf(packet: bytes) -> str:
    r"""The packet as a format of printf, ``\x4b\x38…``."""
    return "".join(f"\\x{byte:02x}" for byte in packet)


def parse_answer(answer: str) -> str:
    """What an answer, in hex, says: addresses in order, separated by ", ", or why there is none."""
    try:
        packet = bytes.fromhex(answer)
        return ", ".join(sorted(_addresses(packet))) or _refusal(packet) if packet else NO_ANSWER
    except (ValueError, IndexError, struct.error):
        return "an answer that is not DNS"


def _refusal(packet: bytes) -> str:
    return _REFUSALS.get(packet[3] & 0xF, "no address")


def _addresses(packet: bytes) -> Iterator[str]:
    identity, _, questions, answers = struct.unpack_from("!4H", packet)
    if identity != _IDENTITY:
        raise ValueError("the answer to another question")
    at = 12
    for _ in range(questions):
        at = _after_name(packet, at) + 4
    for _ in range(answers):
        at = _after_name(packet, at)
        kind, _, _, length = struct.unpack_from("!2HIH", packet, at)
        at += 10
        if kind == _TYPE_A:
            yield ".".join(map(str, struct.unpack_from("!4B", packet, at)))
        at += length


def _after_name(packet: bytes, at: int) -> int:
    while packet[at]:
        if packet[at] >= 0xC0:  # a pointer to a name that stood before
            return at + 2
        at += packet[at] + 1
    return at + 1
