"""Text of hosts, files and users, read and shown so that no byte of it harms. Values in, values out.

Python's own ``str.isdigit`` takes ``²`` for a digit, its ``int`` refuses more than 4300 of them, and its JSON decoder
ends with RecursionError: whoever reads what somebody else has written does it here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, Final

import yaml

_DIGITS_AT_MOST: Final = 20
"""Of a number of 64 bits, such as the identity of an etcd member."""

LEVELS_AT_MOST: Final = 64
"""How deep JSON may be nested: what Kubernetes, etcd and Docker write has a dozen levels; Python ends at a thousand."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_ENTRIES_AT_MOST: Final = 1_000_000


def whole_number(text: str) -> int | None:
    """The number in ASCII digits, 20 at most; None for anything else."""
    return int(text) if re.fullmatch(rf"[0-9]{{1,{_DIGITS_AT_MOST}}}", text) else None


def unix_time(text: str) -> datetime | None:
    """That of so many seconds since 1970; None for what is no number, or a year that no calendar has."""
    seconds = whole_number(text)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def json_value(text: str) -> Any:
    """What a JSON text says; None where it is none, or nested too deep."""
    try:
        return read_json(text)
    except ValueError:
        return None


def json_object(text: str) -> dict[str, Any]:
    """A JSON object; an empty one where the text is something else."""
    value = json_value(text)
    return value if isinstance(value, dict) else {}


def read_json(text: str) -> Any:
    """What a JSON text says; ValueError where it is none, or nested too deep."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("is nested too deep") from None
    return not_too_deep(value)


def yaml_value(text: str) -> Any:
    """What YAML holds; ValueError for what is none."""
    try:
        return not_too_deep(yaml.load(text, _LOADER))
    # The latter four: a day that no month has, 5000 digits, `!!bool foo`, `!!timestamp foo`.
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError, LookupError, AttributeError):
        raise ValueError("is not YAML") from None


def not_too_deep(value: Any) -> Any:
    """The value itself; ValueError where it is nested too deep, holds too much, or itself."""
    if is_deeper(value, LEVELS_AT_MOST, _ENTRIES_AT_MOST):
        raise ValueError("is nested too deep")
    return value


def is_deeper(value: object, levels: int, entries: int) -> bool:
    """Whether plain data is nested deeper, holds more in all, or holds itself.

    + levels: of mappings and lists within each other
    + entries: counted where they stand, so that a list which stands in twenty places counts twenty times
    """
    level: list[object] = [value]
    for _ in range(levels + 1):
        inner = list(islice(chain.from_iterable(map(_inside, level)), entries + 1))
        if not inner:
            return False
        entries -= len(inner)
        if entries < 0:
            return True
        level = inner
    return True


def _inside(holder: object) -> Iterable[object]:
    if isinstance(holder, Mapping):
        return holder.values()
    return holder if isinstance(holder, (list, tuple, set, frozenset)) else ()


def short(value: object, characters: int = 100) -> str:
    """A value as Python writes it, cut; what cannot be written, such as a number of 5000 digits, by its kind."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return f"{type(value).__name__}, too large to show"
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def some(names: list[str], word: str = "and") -> str:
    """The first few of what may be thousands, and how many more there are."""
    shown, rest = names[:8], len(names) - 8
    if rest > 0:
        return f"{', '.join(shown)} and {rest} more"
    return f" {word} ".join(shown) if word == "or" else ", ".join(shown)


def printable(text: str, kept: str = "") -> str:
    r"""``text`` with whatever is not seen written out, as ``\x1b``: a terminal would obey it, or hide what follows.

    These are control characters (C0 and C1), those that turn the direction of writing, blanks of other kinds, halves of
    pairs, and line ends.

    + kept: characters that are left as they are
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in kept else char.encode("unicode_escape").decode() for char in text
    )
