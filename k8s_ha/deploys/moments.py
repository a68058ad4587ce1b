"""A moment that a deploy is called with."""

from __future__ import annotations

from datetime import UTC, datetime

from pyinfra.api.exceptions import PyinfraError


def past_moment(since: object) -> datetime | None:
    """The moment of an argument ``since``; None where it is empty. PyinfraError where it is no moment of the past."""
    text = str(since)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment > datetime.now(UTC):
        raise PyinfraError(
            f"nothing was changed: since is {text!r}; it must be a moment of the past such as 2026-11-27T08:00:00Z"
        )
    return moment
