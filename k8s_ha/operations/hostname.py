"""A host's own name."""

from __future__ import annotations

import shlex
from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.units import HostName
from k8s_ha.operations.commands import fail_host
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads
from k8s_ha.run import is_executing


@reads(lambda hostname: [FactRequest(HostName, {})])
@isolated_operation
def hostname_set(hostname: str) -> Generator[StringCommand]:
    """Have the host named so, now and after a reboot: a name from DHCP alone is lost with it.

    + hostname: the name
    """
    if _names() == {hostname}:
        host.noop(f"its name is {hostname}")
        return
    yield StringCommand("hostnamectl", "set-hostname", shlex.quote(hostname))
    if is_executing() and (names := _names()) != {hostname}:
        yield fail_host(
            f"{host.name}: its name is {' and at boot '.join(sorted(names - {hostname}))} after it was set to "
            f"{hostname}; a node is known by its name; see `hostnamectl` there, then run this again."
        )


def _names() -> set[str]:
    names = require_fact(HostName)
    return {names.current, names.static}
