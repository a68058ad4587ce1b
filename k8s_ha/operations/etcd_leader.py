"""etcd's leadership moved away before its leader stops, so that no request waits for an election."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from typing import Final

from pyinfra import host, logger
from pyinfra.api import StringCommand

from k8s_ha.catalog.control_plane import etcd_request
from k8s_ha.facts.etcd_leader import EtcdLeader
from k8s_ha.observations.etcd import Leadership, Member
from k8s_ha.operations.commands import planned, poll_until, read_fact, read_of_hosts
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.run import Run, is_executing
from k8s_ha.settings import Cluster, HostSettings

SECONDS_TO_MOVE: Final = 15
"""How long the other member may take to lead."""


@isolated_operation
def leadership_moved(run: Run) -> Generator[StringCommand]:
    """Have another member lead etcd than this control plane's, whose own is about to stop."""
    if not is_executing():
        yield planned("etcdctl move-leader")
        return
    address = run.cluster.host(host.name).address
    yield from led_elsewhere(run, require_fact(EtcdLeader, address=address))


def led_elsewhere(run: Run, told: Leadership) -> Generator[StringCommand]:
    """What has another member lead etcd than the current host's.

    + told: what its member tells
    """
    address = run.cluster.host(host.name).address
    if not told.leads or not told.successors:
        host.noop("another member leads etcd" if not told.leads else "no other member of etcd could lead")
        return
    successor = _preceding(run.cluster, told.successors)
    yield StringCommand(_transferred_to(successor))
    told_again = poll_until(
        lambda: read_fact(host, EtcdLeader, address=address),
        lambda found: found is not None and not found.leads,
        SECONDS_TO_MOVE,
    )
    if told_again is None or told_again.leads:
        # etcd elects by itself when this one stops.
        logger.warning(f"{host.name}: etcd did not move its leadership to {successor.name}; requests may wait")


def led_here(run: Run, leaving: HostSettings) -> Generator[StringCommand]:
    """What has the current host's member lead etcd where that control plane's does, which etcd is to forget next.

    A leader that is removed leaves the others to an election, which requests wait for, and some fail. Where that one
    does not answer, or this one could not lead, it comes to that.
    """
    told: Leadership | None = read_of_hosts(EtcdLeader, [leaving])[leaving.name]
    own = run.cluster.host(host.name).address
    successor = next((member for member in told.successors if own in member.addresses), None) if told else None
    if told is None or not told.leads or successor is None:
        return
    yield StringCommand(f"{_transferred_to(successor, leaving.address)} || true")
    poll_until(
        lambda: read_fact(host, EtcdLeader, address=own),
        lambda found: found is not None and found.leads,
        SECONDS_TO_MOVE,
    )


def _transferred_to(successor: Member, address: str = "127.0.0.1") -> str:
    """The command that has the leader at that address hand over to another member."""
    body = json.dumps({"targetID": successor.identity})
    return etcd_request("/v3/maintenance/transfer-leadership", body, address=address)


def _preceding(cluster: Cluster, members: Sequence[Member]) -> Member:
    """The one before this control plane in their order, whose own turn is over, or comes last."""
    order = [each.address for each in cluster.control_planes]
    own = order.index(cluster.host(host.name).address)
    ranks = {address: (own - place - 1) % len(order) for place, address in enumerate(order)}
    return min(members, key=lambda member: min(ranks.get(address, len(order)) for address in member.addresses))
