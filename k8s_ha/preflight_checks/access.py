"""What sshd allows the login that the run is made with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.preflight_checks.model import HostContext
from k8s_ha.untrusted import whole_number

SESSIONS: Final = 3
"""At once on one connection: a command, and what another host's operation and a restart's waiting read meanwhile."""

SESSIONS_OF_A_CONTROL_PLANE: Final = SESSIONS + 2
"""It has also the lock of the run, and the operator's heartbeats."""


def sessions(context: HostContext) -> int:
    """How many the run may open at once."""
    return SESSIONS_OF_A_CONTROL_PLANE if context.is_control_plane else SESSIONS


def sshd(context: HostContext) -> Iterator[Finding]:
    """Fewer sessions on a connection than the run opens at once."""
    limit = context.preflight.surroundings.sshd.get("maxsessions", "")
    allowed = whole_number(limit)
    if allowed is not None and allowed < sessions(context):
        yield Finding(
            context.host.name,
            "sshd",
            f"its sshd has MaxSessions {limit}",
            f"this run opens up to {sessions(context)} sessions on one connection",
            "set MaxSessions 10, sshd's default, in /etc/ssh/sshd_config and reload sshd",
        )
