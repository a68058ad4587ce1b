"""What stands against an address that is to move between balancers. One rule a function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.virtual_address import VirtualAddressState
from k8s_ha.preflight_checks.model import HostContext
from k8s_ha.settings.syntax import is_inside
from k8s_ha.untrusted import printable, some

_CHECK: Final = "endpoint"


def network(context: HostContext) -> Iterator[Finding]:
    """A balancer whose own address is on no network of the virtual one."""
    virtual, state = context.cluster.virtual_address, context.preflight.virtual_address
    if virtual is None or state is None:
        return
    own = context.host.address
    here = state.place.network(own)
    if here is None:
        yield Finding(
            context.host.name,
            _CHECK,
            f"has its address {own} on no interface",
            f"the virtual address {virtual} stands beside it",
            "set address in its k8s_ha_host to one that it has itself",
        )
    elif not is_inside(virtual, here):
        yield Finding(
            context.host.name,
            _CHECK,
            f"is in {here}, by {state.place.interface}",
            f"the virtual address {virtual} is of that network",
            "choose another endpoint.virtual_address, or another host",
        )
    elif virtual in (str(here.network_address), str(here.broadcast_address)) and here.num_addresses > 2:
        yield Finding(
            context.host.name,
            _CHECK,
            f"is in {here}, whose first or last address {virtual} is",
            "a host can have the virtual address",
            "choose another endpoint.virtual_address",
        )


def owned(context: HostContext) -> Iterator[Finding]:
    """A keepalived that somebody has configured."""
    state = context.preflight.virtual_address
    if state is not None and state.is_owned:
        yield Finding(
            context.host.name,
            _CHECK,
            "its /etc/keepalived/keepalived.conf is somebody's own",
            "this run writes that file",
            "choose another host for a balancer, or move what it does elsewhere and remove that file",
        )


def router(context: HostContext) -> Iterator[Finding]:
    """A virtual router of that number which is somebody else's."""
    state = context.preflight.virtual_address
    own = {balancer.address for balancer in (*context.cluster.load_balancers, *context.cluster.former_balancers)}
    others = [each for each in (state.heard or () if state is not None else ()) if each not in own]
    if others:
        yield Finding(
            context.host.name,
            _CHECK,
            f"hears {some([printable(each) for each in others])} speak for virtual router "
            f"{context.cluster.virtual_router_id}",
            "each virtual address of a network has a number of its own",
            "set endpoint.virtual_router_id to another",
        )


def joins_alone(contexts: Sequence[HostContext]) -> Iterator[Finding]:
    """A balancer that begins to keep the address while another one is not told of it: both would have it."""
    states = _told(contexts)
    new = [name for name, state in states.items() if not state.is_kept]
    away = [host.name for host in (contexts[0].cluster.load_balancers if contexts else ()) if host.name not in states]
    if new and away:
        yield Finding(
            THE_CLUSTER,
            _CHECK,
            f"{some(new)} begins to keep the virtual address, and {some(away)} takes no part in this run",
            "each balancer knows all others, or two have the address at once",
            "run this with all balancers, or name one that is gone in removed_nodes",
        )


def name_stays(contexts: Sequence[HostContext]) -> Iterator[Finding]:
    """A name that leads hosts of a cluster elsewhere, and is to lead them to an address that nobody has yet."""
    cluster = contexts[0].cluster if contexts else None
    if cluster is None or cluster.virtual_address is None or not any(context.survey.node for context in contexts):
        return
    if any(state.is_here for state in _told(contexts).values()):
        return
    former = {context.preflight.endpoint_name_at for context in contexts} - {"", cluster.virtual_address}
    if former:
        yield Finding(
            THE_CLUSTER,
            _CHECK,
            f"{cluster.endpoint_host} leads its hosts to {some(sorted(former))}, and shall lead to "
            f"{cluster.virtual_address}",
            "a name that stays would lead nowhere until the address is there",
            "set another endpoint_name with the virtual address; that moves step by step",
        )


def taken(contexts: Sequence[HostContext]) -> Iterator[Finding]:
    """A virtual address that somebody else has."""
    asked = _told(contexts)
    # One that was not asked may have it.
    if not asked or any(state.is_here or state.is_kept for state in asked.values()):
        return
    cluster = contexts[0].cluster
    if len(asked) < len(cluster.load_balancers):
        return
    virtual = cluster.virtual_address
    answered = [name for name, state in asked.items() if state.is_taken]
    if answered:
        yield Finding(
            THE_CLUSTER,
            _CHECK,
            f"somebody answers at the virtual address {virtual}, asked from {some(answered)}",
            "it is nobody's own",
            "choose a free address of that network as endpoint.virtual_address",
        )
    elif all(state.is_taken is None for state in asked.values()):
        yield _untold(f"whether the virtual address {virtual} is free", "arping asks the network", "install iputils")
    if all(state.heard is None for state in asked.values()):
        heard = f"whether virtual router {cluster.virtual_router_id} is somebody else's"
        yield _untold(heard, "the package manager's Python listens", "see that it runs")


def _told(contexts: Sequence[HostContext]) -> dict[str, VirtualAddressState]:
    """What the balancers that take part tell of it, by inventory name."""
    return {context.host.name: state for context in contexts if (state := context.preflight.virtual_address)}


def _untold(what: str, wanted: str, remedy: str) -> Finding:
    found = f"no balancer can tell {what}"
    return Finding(THE_CLUSTER, _CHECK, found, wanted, f"{remedy} on one of them, or make sure of it", "warning")
