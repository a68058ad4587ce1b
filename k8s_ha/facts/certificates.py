"""Reading the lines of certificates.sh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from k8s_ha.catalog.certificates import Kind, kind
from k8s_ha.facts.lines import pairs
from k8s_ha.observations.certificates import Validity, validity
from k8s_ha.untrusted import whole_number


def certificates(values: Mapping[str, Sequence[str]]) -> dict[str, Validity | None]:
    """How long each certificate of a host is valid, by its path; None for what is none.

    + values: the lines of certificates.sh, by their keys
    """
    written = {path: whole_number(seconds) for path, seconds in pairs(values.get("written", ()))}
    lines = [*values.get("certificate", ()), *values.get("kubeconfig", ())]
    return {path: validity(text, _made(path, written)) for path, text in pairs(lines)}


def _made(path: str, written: Mapping[str, int | None]) -> datetime | None:
    return None if kind(path) is Kind.AUTHORITY else moment(written.get(path))


def moment(seconds: int | None) -> datetime | None:
    """That of so many seconds since 1970; None where a host told none."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # a year that no calendar has
        return None
