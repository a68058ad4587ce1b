"""What sshd allows the login that the run is made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def keys_taken_unseen(keys: Mapping[str, str]) -> Iterator[Finding]:
    """Hosts that nobody has compared the SSH key of: whoever stands in the way could be one.

    + keys: fingerprint by inventory name
    """
    for name, key in keys.items():
        yield Finding(
            name,
            "ssh-key",
            f"its SSH key {key} was not known, and was accepted",
            "a key that you have compared",
            "compare it there by `ssh-keygen -lf` of /etc/ssh/ssh_host_*_key.pub; with ssh_strict_host_key_checking = "
            "'yes' in group_data such a host is not spoken to",
            "warning",
        )


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
