"""Keys as gpg 2.2 exports them: their fingerprints as gpg tells them, and what is no key."""

from __future__ import annotations

import base64

import pytest

from k8s_ha.observations.openpgp import fingerprints, key_blocks
from tests.support.paths import RECORDED

ONE = (RECORDED / "keys/one.asc").read_text(encoding="utf-8")
TWO = (RECORDED / "keys/two.asc").read_text(encoding="utf-8")
BOTH = (RECORDED / "keys/both.asc").read_text(encoding="utf-8")
# gpg --list-keys --with-colons; the first is RSA with a subkey, the second Ed25519.
FIRST, SECOND = "EFA87F40F48E2D98DEA6191F9041ADF81B40D27F", "E6C9E370FD5F1CC160C7AF01ACB762AFD6E8DDC0"


def armored(*packets: bytes) -> str:
    encoded = base64.b64encode(b"".join(packets)).decode()
    return f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{encoded}\n-----END PGP PUBLIC KEY BLOCK-----\n"


BODY = b"\x04" + bytes(20)
NEW = b"\xc6" + bytes([len(BODY)]) + BODY
LONG = b"\x04" + bytes(300)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ONE, (FIRST,)),
        (TWO, (SECOND,)),
        (BOTH, (FIRST, SECOND)),  # two keys in one armor
        (f"{TWO}\n\n{ONE}", (SECOND, FIRST)),
        (f"-- a comment --\n{ONE}-- another --\n", (FIRST,)),
        (ONE.replace("\n", "\r\n"), (FIRST,)),
        (ONE.replace("BLOCK-----\n", "BLOCK-----\nVersion: GnuPG v2\nComment: any\n", 1), (FIRST,)),
    ],
)
def test_every_primary_key_counts_and_no_subkey(text: str, found: tuple[str, ...]) -> None:
    assert fingerprints(text) == found


def test_new_headers_and_old_ones_are_of_one_key() -> None:
    old = b"\x98" + bytes([len(BODY)]) + BODY
    assert fingerprints(armored(NEW)) == fingerprints(armored(old))
    two = b"\xc6" + bytes([(len(LONG) - 192) // 256 + 192, (len(LONG) - 192) % 256]) + LONG
    five = b"\xc6\xff" + len(LONG).to_bytes(4, "big") + LONG
    four = b"\x9a" + len(LONG).to_bytes(4, "big") + LONG
    assert len({fingerprints(armored(packet)) for packet in (two, five, four)}) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it holds no armored OpenPGP key"),
        ("<html>no such file</html>", "it holds no armored OpenPGP key"),
        (ONE[:500], "it holds no armored OpenPGP key"),
        (ONE.replace("PUBLIC", "PRIVATE"), "it holds no armored OpenPGP key"),
        (armored(b"\x94\x00"), "it holds a secret key"),
        (armored(b"\x99\x01\x00abc"), "it is cut off"),
        (armored(b"\x9bany"), "it has packets of unknown length"),
        (armored(b"\xc6\xe5any"), "it has packets of unknown length"),
        (armored(b"any"), "it is no OpenPGP key"),
        (armored(b"\xc6\x02\x06x"), "its key is of another version than 4"),
        (armored(b"\xb4\x01x"), "it holds no armored OpenPGP key"),
        (armored(NEW).replace("AAAA", "A=AA", 1), "its armor is damaged"),
    ],
)
def test_what_is_no_key_is_told(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        fingerprints(text)


def test_what_stands_around_a_key_is_left_out() -> None:
    assert key_blocks(f"any\n{ONE}more\n{TWO}") == ONE + TWO
