"""Which hosts a run leaves out, and whether they wait for each other."""

from __future__ import annotations

from collections.abc import Iterable

from pyinfra import host, state

from k8s_ha.cluster_state.change_steps import ChangeStep
from k8s_ha.cluster_state.renewal_steps import revives
from k8s_ha.pyinfra_internals.command_line import host_by_host
from k8s_ha.pyinfra_internals.state import is_in_limit
from k8s_ha.run import Run


def outside_of_limit(run: Run) -> set[str]:
    """Inventory names of the hosts that ``--limit`` leaves out."""
    hosts = (*run.cluster.hosts, *run.cluster.removed)
    return {entry.name for entry in hosts if not is_in_limit(state, host.inventory.get_host(entry.name))}


def option_against(run: Run, steps: Iterable[ChangeStep]) -> str | None:
    """pyinfra's option by which these steps could not be taken; None where there is none."""
    # Members of etcd that come back wait for each other.
    return host_by_host(len(run.cluster.control_planes) if revives(steps) else 1)
