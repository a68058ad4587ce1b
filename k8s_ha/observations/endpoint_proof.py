"""Whom a host meets at an endpoint that nobody names yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class EndpointProof:
    """Answers that one host got at an endpoint, and at its own API server.

    + met: the end of the certificates of API servers of this cluster, which tells them apart
    + failures: why others were none
    + own: the same of the host's own API server; None where it has none, or that did not answer
    """

    met: tuple[datetime, ...]
    failures: tuple[str, ...] = ()
    own: datetime | None = None
