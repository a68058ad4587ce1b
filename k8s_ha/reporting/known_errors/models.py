"""A known error, and what is said about one that was found."""

from __future__ import annotations

from typing import NamedTuple


class Explanation(NamedTuple):
    """A phrase each, without a full stop.

    + cause: what is wrong; + remedy: what to do about it
    + source: where that is known from
    """

    cause: str
    remedy: str
    source: str


class KnownError(NamedTuple):
    """An error by its words; names of the pattern's groups may stand in ``cause`` and ``remedy``.

    + beside: a pattern that another line must match, where the words alone do not say that anything failed for them
    """

    pattern: str
    cause: str
    remedy: str
    source: str
    beside: str = ""
