"""A JSON object as text: what of it is edited changes, and every other byte stays."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from k8s_ha.untrusted import LEVELS_AT_MOST, is_deeper

_BLANKS: Final = " \t\n\r"
_BOM: Final = "\ufeff"


class Number(str):
    """A number as it is written, of whatever size."""

    __slots__ = ()


def _refused(name: str) -> NoReturn:
    raise ValueError(f"is not JSON: it has {name}")


_DECODER: Final = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_refused)


@dataclass(frozen=True)
class Member:
    """A key with its value, and where both stand in the text."""

    key: str
    value: Any
    begin: int
    value_begin: int
    end: int


class JsonText:
    """A JSON object with the places of its members.

    Raises ValueError, with what is wrong, for whatever is none.
    """

    def __init__(self, content: bytes) -> None:
        try:
            self.text = content.decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"is not UTF-8: byte {error.start} is {content[error.start]:#04x}") from None
        try:
            self.members = self._read()
        except json.JSONDecodeError as error:
            raise ValueError(f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
        except RecursionError:
            raise ValueError("is nested too deep") from None

    def value_of(self, key: str) -> Any:
        """The value; None where the key is missing. ValueError where it stands twice."""
        values = [member.value for member in self.members if member.key == key]
        if len(values) > 1:
            raise ValueError(f"has {key!r} twice")
        return values[0] if values else None

    def keys(self) -> list[str]:
        """The keys, in their order."""
        return [member.key for member in self.members]

    def having(self, key: str, value: Any) -> JsonText:
        """The text with the key's value replaced where it stands, else added at the end; None takes the key away."""
        place = self.keys().index(key) if key in self.keys() else None
        if place is None:
            return self if value is None else self._edited(*self._added(key, value))
        if value is None:
            return self._edited(*self._without(place), "")
        member = self.members[place]
        return self._edited(member.value_begin, member.end, self._written(value))

    def _edited(self, begin: int, end: int, text: str) -> JsonText:
        return JsonText((self.text[:begin] + text + self.text[end:]).encode())

    def _added(self, key: str, value: Any) -> tuple[int, int, str]:
        written = f"{json.dumps(key)}: {self._written(value)}"
        if self.members:
            last = self.members[-1]
            return last.end, last.end, f",{self._before(self.members[0])}{written}"
        if not self.text.strip(_BLANKS + _BOM):
            return len(self.text), len(self.text), f"{{\n  {written}\n}}\n"
        begin, end = self.text.index("{") + 1, self.text.rindex("}")
        return begin, end, f"\n  {written}\n"

    def _without(self, place: int) -> tuple[int, int]:
        member = self.members[place]
        if place:
            return self.members[place - 1].end, member.end
        if len(self.members) > 1:
            return member.begin, self.members[1].begin
        return self.text.index("{") + 1, member.end

    def _before(self, member: Member) -> str:
        """The blanks in front of a member; a blank where it stands behind something else in its line."""
        start = member.begin
        while self.text[start - 1] in _BLANKS:
            start -= 1
        blanks = self.text[start : member.begin]
        line_end = "\r\n" if "\r\n" in blanks else "\n"
        return blanks[blanks.rindex(line_end) :] if "\n" in blanks else " "

    def _written(self, value: Any) -> str:
        """A value in the indentation of the text."""
        indent = self._before(self.members[0]) if self.members else "\n  "
        if "\n" not in indent:
            return json.dumps(value, ensure_ascii=False)
        return json.dumps(value, indent=indent.lstrip("\r\n") or None, ensure_ascii=False).replace("\n", indent)

    def _read(self) -> tuple[Member, ...]:
        begin = self._behind_blanks(len(_BOM) if self.text.startswith(_BOM) else 0)
        if begin == len(self.text):
            return ()
        if self.text[begin] != "{":
            _DECODER.raw_decode(self.text, begin)
            raise ValueError("holds no JSON object")
        members: list[Member] = []
        place = self._behind_blanks(begin + 1)
        if not self._has("}", place):
            members.append(self._member(place))
            place = self._behind_blanks(members[-1].end)
        while members and not self._has("}", place):
            self._expect(",", "',' delimiter", place)
            members.append(self._member(self._behind_blanks(place + 1)))
            place = self._behind_blanks(members[-1].end)
        rest = self._behind_blanks(place + 1)
        if rest != len(self.text):
            raise json.JSONDecodeError("Extra data", self.text, rest)
        return tuple(members)

    def _member(self, place: int) -> Member:
        self._expect('"', "property name enclosed in double quotes", place)
        key, end = _DECODER.raw_decode(self.text, place)
        colon = self._behind_blanks(end)
        self._expect(":", "':' delimiter", colon)
        begin = self._behind_blanks(colon + 1)
        value, end = _DECODER.raw_decode(self.text, begin)
        if is_deeper(value, LEVELS_AT_MOST, len(self.text)):
            raise ValueError("is nested too deep")
        return Member(key, value, place, begin, end)

    def _has(self, character: str, place: int) -> bool:
        return self.text[place : place + 1] == character

    def _expect(self, character: str, what: str, place: int) -> None:
        if not self._has(character, place):
            raise json.JSONDecodeError(f"Expecting {what}", self.text, place)

    def _behind_blanks(self, place: int) -> int:
        while place < len(self.text) and self.text[place] in _BLANKS:
            place += 1
        return place
