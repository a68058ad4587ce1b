"""What a pattern's words are, for a person who searches for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any


def sample(pattern: str) -> str:
    """A text that a pattern matches, with … for what may be anything."""
    return re.sub(r"…+", "…", "".join(_parts(parser.parse(pattern)))).strip()


def _parts(tokens: Iterable[tuple[Any, Any]]) -> Iterable[str]:
    for kind, value in tokens:
        if kind is kinds.LITERAL:
            yield chr(value)
        elif kind is kinds.SUBPATTERN:
            yield from _parts(value[3])
        elif kind is kinds.BRANCH:
            yield from _parts(value[1][0])
        elif kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT):
            least, most, inside = value
            if (least, most) == (0, 1):
                continue
            (only, *more) = inside
            yield chr(only[1]) if only[0] is kinds.LITERAL and not more else "…"
        elif kind is kinds.IN:
            (first, *_) = value
            yield chr(first[1]) if first[0] is kinds.LITERAL else "…"
        elif kind in (kinds.ANY, kinds.NOT_LITERAL):
            yield "…"
