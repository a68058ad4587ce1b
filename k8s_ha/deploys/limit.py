"""Which hosts a run leaves out."""

from __future__ import annotations

from pyinfra import host, state

from k8s_ha.pyinfra_internals.state import is_in_limit
from k8s_ha.run import Run


def outside_of_limit(run: Run) -> set[str]:
    """Inventory names of the hosts that ``--limit`` leaves out."""
    hosts = (*run.cluster.hosts, *run.cluster.removed)
    return {entry.name for entry in hosts if not is_in_limit(state, host.inventory.get_host(entry.name))}
