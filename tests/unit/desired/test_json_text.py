"""A JSON object edited as text: every other byte stays."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.desired.json_text import JsonText

EDITS: dict[str, tuple[str, str, Any, str]] = {
    "no file": ("", "a", ["b"], '{\n  "a": [\n    "b"\n  ]\n}\n'),
    "blanks": (" \n", "a", "b", ' \n{\n  "a": "b"\n}\n'),
    "an empty object": ("{}", "a", "b", '{\n  "a": "b"\n}'),
    "at the end, as the others are": (
        '{\n\t"z": 1\n}\n',
        "a",
        {"b": "c"},
        '{\n\t"z": 1,\n\t"a": {\n\t\t"b": "c"\n\t}\n}\n',
    ),
    "in one line": ('{"z":1}', "a", ["b"], '{"z":1, "a": ["b"]}'),
    "lines of Windows": (
        '{\r\n  "z": 1\r\n}\r\n',
        "a",
        ["b"],
        '{\r\n  "z": 1,\r\n  "a": [\r\n    "b"\r\n  ]\r\n}\r\n',
    ),
    "in the place of another value": ('{"a": [1, 2] , "z": 1}', "a", "b", '{"a": "b" , "z": 1}'),
    "taken away at the end": ('{"z": 1,\n "a": 2}', "a", None, '{"z": 1}'),
    "taken away at the beginning": ('{\n  "a": 2,\n  "z": 1\n}', "a", None, '{\n  "z": 1\n}'),
    "taken away where it was alone": ('{\n  "a": 2\n}', "a", None, "{\n}"),
    "taken away where it was not": ('{"z": 1}', "a", None, '{"z": 1}'),
    "numbers of every size": (
        '{"n": 1e3, "b": 123456789012345678901234567890, "d": -0.10}',
        "a",
        "b",
        '{"n": 1e3, "b": 123456789012345678901234567890, "d": -0.10, "a": "b"}',
    ),
    "a number longer than Python reads": ('{"n": ' + "9" * 5000 + "}", "n", "b", '{"n": "b"}'),
    "keys of somebody else's that stand twice": ('{"z": 1, "z": 2}', "a", "b", '{"z": 1, "z": 2, "a": "b"}'),
    "other scripts, escaped or not": ('{"日": "\\u672c"}', "a", "語", '{"日": "\\u672c", "a": "語"}'),
    "a byte order mark": ('\ufeff{"z": 1}', "a", "b", '\ufeff{"z": 1, "a": "b"}'),
    "a key in a nested object": ('{"z": {"a": 1}}', "a", "b", '{"z": {"a": 1}, "a": "b"}'),
    "braces in text": ('{"}": "{\\"a\\""}', "a", "b", '{"}": "{\\"a\\"", "a": "b"}'),
}


@pytest.mark.parametrize(("before", "key", "value", "after"), EDITS.values(), ids=EDITS)
def test_edits(before: str, key: str, value: Any, after: str) -> None:
    assert JsonText(before.encode()).having(key, value).text == after


MISTAKES = {
    b"[]": "holds no JSON object",
    b'"a"': "holds no JSON object",
    b"x": "is not JSON: Expecting value in line 1, column 1",
    b"{": "is not JSON: Expecting property name enclosed in double quotes in line 1, column 2",
    b'{"a"': "is not JSON: Expecting ':' delimiter in line 1, column 5",
    b'{"a":': "is not JSON: Expecting value in line 1, column 6",
    b'{"a": 1': "is not JSON: Expecting ',' delimiter in line 1, column 8",
    b'{"a": 1,}': "is not JSON: Expecting property name enclosed in double quotes in line 1, column 9",
    b'{"a": 1 "b": 2}': "is not JSON: Expecting ',' delimiter in line 1, column 9",
    b"{\n  'a': 1\n}": "is not JSON: Expecting property name enclosed in double quotes in line 2, column 3",
    b'{"a": NaN}': "is not JSON: it has NaN",
    b'{"a": -Infinity}': "is not JSON: it has -Infinity",
    b"{} {}": "is not JSON: Extra data in line 1, column 4",
    b'{"a": "\xb2\xbb"}': "is not UTF-8: byte 7 is 0xb2",
    b'{"a": ' + b"[" * 100_000: "is nested too deep",
    b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}": "is nested too deep",
}


@pytest.mark.parametrize(("content", "wrong"), MISTAKES.items(), ids=MISTAKES.values())
def test_mistakes(content: bytes, wrong: str) -> None:
    with pytest.raises(ValueError) as caught:
        JsonText(content)
    assert str(caught.value) == wrong


def test_a_key_that_is_asked_for_stands_once() -> None:
    document = JsonText(b'{"a": 1, "b": 2, "a": 3}')
    assert (document.value_of("b"), document.value_of("c"), document.keys()) == ("2", None, ["a", "b", "a"])
    with pytest.raises(ValueError, match=r"^has 'a' twice$"):
        document.value_of("a")
