"""Whether the address that moves between balancers is where it should be. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.host_status import HostStatus
from k8s_ha.settings import Cluster
from k8s_ha.untrusted import printable, some

_LOGS: Final = "see `journalctl -u keepalived` there"


def virtual_address_findings(statuses: Mapping[str, HostStatus], cluster: Cluster) -> Iterator[Finding]:
    """A keepalived that does not run, and an address that no balancer has, more than one, or somebody else."""
    virtual = cluster.virtual_address
    if virtual is None:
        return
    balancers = [host.name for host in cluster.load_balancers]
    told = [name for name in balancers if name in statuses]
    for name in told:
        if not statuses[name].keepalived:
            yield Finding(name, "balancer", "keepalived is not running", "running", _LOGS)
    holders = holders_of(statuses, cluster)
    if len(holders) > 1:
        found = f"{some(holders)} have the virtual address {virtual} at once"
        remedy = "see that they reach each other by VRRP, which is IP protocol 112"
        yield Finding(THE_CLUSTER, "balancer", found, "one balancer has it", remedy)
    elif not holders and told == balancers:
        found = f"no balancer has the virtual address {virtual}"
        remedy = f"see `journalctl -u keepalived` on {some(balancers)}"
        yield Finding(THE_CLUSTER, "balancer", found, "one balancer has it", remedy)
    strangers = {mac for name in told for mac in statuses[name].virtual_answers}
    strangers -= {statuses[name].own_interface for name in told}
    # One that could not be read may have it.
    if strangers and told == balancers and all(statuses[name].own_interface for name in told):
        found = f"{some([printable(mac) for mac in sorted(strangers)])} answers at the virtual address {virtual}, too"
        remedy = (
            "find the host of that MAC address: a balancer of before that still runs keepalived, or another's address"
        )
        yield Finding(THE_CLUSTER, "balancer", found, "only balancers have it", remedy)


def holders_of(statuses: Mapping[str, HostStatus], cluster: Cluster) -> list[str]:
    """The balancers that have the virtual address, by inventory name."""
    names = [host.name for host in cluster.load_balancers]
    return [name for name in names if name in statuses and statuses[name].has_virtual_address]
