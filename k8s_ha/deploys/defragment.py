"""etcd's members defragmented, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pyinfra import host, logger

from k8s_ha.deploys.limit import outside_of_limit
from k8s_ha.deploys.phase import phase, start_phase, stop_on_errors, unreachable
from k8s_ha.facts.etcd_leader import EtcdLeader
from k8s_ha.findings import Finding, errors
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.etcd import Leadership
from k8s_ha.operations.commands import read_of_hosts
from k8s_ha.operations.defragment import defragmented, lacking_room
from k8s_ha.pyinfra_internals.command_line import host_by_host
from k8s_ha.run import Run
from k8s_ha.settings import HostSettings

CHECK: Final = "etcd"


@dataclass
class Order:
    """The control planes in the order in which their members are defragmented; empty before that was decided."""

    members: list[HostSettings] = field(default_factory=list)


@phase("Defragment etcd")
def defragment(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have etcd's files without what is not in use: followers one by one, the leader last, after it led no more.

    Each is waited for until it is well. A step that fails stops all that follow; run it again, it goes on there.
    """
    run = start_phase(settings, groups)
    order = run.part(Order)
    with run.lock:
        if not order.members:
            order.members = _ordered(run)
            logger.info(f"etcd is defragmented on {', then '.join(entry.name for entry in order.members)}")
    if "control_plane" in run.cluster.host(host.name).role:
        for member in order.members:
            # Every control plane calls for every member, so that each waits for the one before it.
            defragmented(name=f"Defragment etcd on {member.hostname}", run=run, member=member)


def _ordered(run: Run) -> list[HostSettings]:
    """Who leads comes last; PyinfraError, before anything is changed, where a member is not well or has no part."""
    told: dict[str, Leadership | None] = read_of_hosts(EtcdLeader, run.cluster.control_planes)
    found = errors(unreachable(run))
    for entry in run.cluster.control_planes:
        found += _unready(entry.name, told[entry.name])
    left_out = outside_of_limit(run)
    names = [entry.name for entry in run.cluster.control_planes if entry.name in left_out]
    if names:
        found.append(Finding(names[0], CHECK, "is left out", "every member has its turn", "run this without --limit"))
    if flag := host_by_host():
        found.append(
            Finding(THE_CLUSTER, CHECK, f"{flag} is given", "hosts wait for each other", f"run it without {flag}")
        )
    stop_on_errors(found)
    return sorted(run.cluster.control_planes, key=lambda entry: bool((state := told[entry.name]) and state.leads))


def _unready(name: str, state: Leadership | None) -> list[Finding]:
    """Why a member's file is not to be written anew."""
    rule, remedy = "all other members are well while one is silent", "bring it back, then run this again"
    if state is None or not state.is_well:
        return [Finding(name, CHECK, "its etcd is not well", rule, remedy)]
    if state.unwell:
        return [Finding(name, CHECK, f"{', '.join(state.unwell)} of etcd is not well", rule, remedy)]
    lack = lacking_room(state)
    if lack is not None:
        return [Finding(name, CHECK, lack, "the old one goes afterwards", "free some there")]
    return []
