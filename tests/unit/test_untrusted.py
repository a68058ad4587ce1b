"""Text of others: what is taken for a number or for JSON, and what a terminal is shown."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.untrusted import is_deeper, json_value, printable, short, whole_number

NUMBERS = {
    "0": 0,
    "007": 7,
    "18446744073709551615": 2**64 - 1,
    "": None,
    "²": None,
    "٣": None,
    "-1": None,
    "+1": None,
    "1_000": None,
    " 1": None,
    "1\n": None,
    "1.5": None,
    "9" * 21: None,
    "9" * 5000: None,
}


@pytest.mark.parametrize("text", NUMBERS, ids=lambda text: repr(text[:22]))
def test_a_number_has_ascii_digits_and_64_bits(text: str) -> None:
    assert whole_number(text) == NUMBERS[text]


JSON: dict[str, Any] = {
    '{"a": [1]}': {"a": [1]},
    "no": None,
    "": None,
    "9" * 5000: None,
    "[" * 1000 + "]" * 1000: None,
    "[" * 100_000: None,
    "[" * 70 + "]" * 70: None,
    '{"a":' * 5000 + "1" + "}" * 5000: None,
}


@pytest.mark.parametrize("text", JSON, ids=lambda text: f"{text[:12]} {len(text)}")
def test_json_is_read_or_is_none(text: str) -> None:
    assert json_value(text) == JSON[text]


def test_how_deep_data_is_and_how_much_it_holds() -> None:
    assert not is_deeper("text", 0, 0)
    assert not is_deeper({"a": {"b": 1}}, 2, 2)
    assert is_deeper({"a": {"b": 1}}, 1, 2)
    assert is_deeper({"a": {"b": 1}}, 2, 1)


PRINTABLE = {
    "plain, é, 漢, 🙂": "plain, é, 漢, 🙂",
    "\x1b]52;c;eA==\x07": r"\x1b]52;c;eA==\x07",
    "C1: \x9b31m": r"C1: \x9b31m",
    "over\rwritten": r"over\rwritten",
    "two\nlines\tand a tab": r"two\nlines\tand a tab",
    "\u202egnp.exe": r"\u202egnp.exe",
    "\u2066isolated\u2069": r"\u2066isolated\u2069",
    "zero\u200bwidth\ufeff": r"zero\u200bwidth\ufeff",
    "\ud800": r"\ud800",
    "\U000e0041": r"\U000e0041",
    "no-break\xa0space\u2028": r"no-break\xa0space\u2028",
    "\x00\x7f": r"\x00\x7f",
}


@pytest.mark.parametrize("text", PRINTABLE, ids=ascii)
def test_what_is_not_seen_is_written_out(text: str) -> None:
    assert printable(text) == PRINTABLE[text]
    assert printable(text, kept=text) == text


def test_a_value_is_shown_short_whatever_it_is() -> None:
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    assert short("x" * 200) == "'" + "x" * 98 + "…"
    assert short(10**5000) == "int, too large to show"
    assert short(nested) == "list, too large to show"
