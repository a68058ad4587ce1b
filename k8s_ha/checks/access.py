"""What sshd allows the login that the run is made with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k8s_ha.checks.look import Case
from k8s_ha.findings import Finding

SESSIONS: Final = 6
"""On one connection at once."""


def sshd(case: Case) -> Iterator[Finding]:
    """Fewer sessions on a connection than the run opens at once."""
    limit = case.look.surroundings.sshd.get("maxsessions", "")
    if limit.isdecimal() and int(limit) < SESSIONS:
        yield Finding(
            case.host.name,
            "sshd",
            f"its sshd has MaxSessions {limit}",
            f"this run opens up to {SESSIONS} sessions on one connection",
            "set MaxSessions 10, sshd's default, in /etc/ssh/sshd_config and reload sshd",
        )
