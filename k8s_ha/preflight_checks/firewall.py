"""Packet filters that keep the cluster's hosts from each other, whoever has set them up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise
from typing import Final

from k8s_ha.desired.firewall import trusted_sources
from k8s_ha.findings import Finding, Severity, some
from k8s_ha.observations.surroundings import Zone
from k8s_ha.preflight_checks import iptables, nftables
from k8s_ha.preflight_checks.model import HostContext
from k8s_ha.preflight_checks.packet_filter import TRUSTED, Closed, Packet, Table, bindings, closed

CHECK: Final = "firewall"
ETCD: Final = 2379
KUBELET: Final = 10250

_WANTED: Final = "the cluster's hosts and pods reach each other at every port"


@dataclass(frozen=True)
class Connection:
    """A connection that the cluster needs."""

    source: str
    port: int


def firewall(context: HostContext) -> Iterator[Finding]:
    """Rules that close what the cluster needs, now or from the next boot on."""
    if not context.is_ours:
        return
    yield from _now(context)
    yield from _forwarded(context)
    yield from _of_zones(context)
    yield from _after_a_boot(context)


def probes(context: HostContext) -> list[Connection]:
    """The connections to a host that stand for all of them; a pod's address stands for the pods."""
    cluster = context.cluster
    others = [host for host in cluster.hosts if host.name != context.host.name and host.role != ("admin",)]
    control_planes = [host.address for host in others if "control_plane" in host.role]
    found: list[Connection] = []
    if context.is_balancer:
        found += [Connection(host.address, cluster.endpoint_port) for host in others]
    if context.is_control_plane:
        found += [Connection(host.address, cluster.api_port) for host in others]
        found += [Connection(address, ETCD) for address in control_planes]
    if context.host.is_node:
        found += [Connection(address, KUBELET) for address in control_planes]
    return found


def _now(context: HostContext) -> Iterator[Finding]:
    tables = _tables(context)
    reasons: dict[Closed, list[Connection]] = {}
    for probe in probes(context):
        if why := _closed(context, tables, probe):
            reasons.setdefault(why, []).append(probe)
    for reason, refused in reasons.items():
        found = f"{_who(context, reason)} {_refuses(refused, reason.certain)}"
        yield _finding(context, found, _remedy(context, reason), reason.certain)
    if context.preflight.surroundings.filters.cut and not reasons:
        yield _finding(
            context,
            f"has more rules of {' and '.join(context.preflight.surroundings.filters.cut)} than preflight reads",
            "see that they let the cluster's hosts in",
            False,
        )


def _tables(context: HostContext) -> list[Table]:
    """The tables that stay when this run has done with firewalld what its setting says."""
    filters = context.preflight.surroundings.filters
    tables = nftables.tables(filters.nft)
    # It takes what it has put into iptables away, when it stops.
    if not (context.preflight.firewalld and _stops_firewalld(context)):
        tables.append(iptables.table(filters.iptables))
    return [table for table in tables if not (_is_firewallds(table) and _stops_firewalld(context))]


def _stops_firewalld(context: HostContext) -> bool:
    return context.cluster.settings.firewall == "disabled"


def _is_firewallds(table: Table) -> bool:
    return table.name.partition(" ")[2].startswith("firewalld")


def _closed(context: HostContext, tables: Sequence[Table], probe: Connection) -> Closed | None:
    packet = Packet(IPv4Address(probe.source), IPv4Address(context.host.address), probe.port, _interface(context))
    return closed(tables, ("prerouting", "input"), packet, joins_trusted=context.preflight.firewalld)


def _interface(context: HostContext) -> str | None:
    """The interface of the node address; None where no route tells it."""
    for route in context.preflight.routes:
        after = dict(pairwise(route.split()))
        if after.get("src") == context.host.address and "dev" in after:
            return after["dev"]
    return None


def _forwarded(context: HostContext) -> Iterator[Finding]:
    """Rules between pods; flannel puts its own behind those that are there, so that a policy is no obstacle."""
    if not context.host.is_node:
        return
    pods = IPv4Network(context.cluster.settings.pod_cidr)
    packet = Packet(pods[257 % pods.num_addresses], pods[2], 53)
    reason = closed(_tables(context), ("forward",), packet, joins_trusted=context.preflight.firewalld)
    if reason and not (reason.table == "ip filter" and reason.rule.startswith("policy ")):
        found = f"{_who(context, reason)} {_verb(reason.certain)} what is sent from pod to pod"
        yield _finding(context, found, _remedy(context, reason), reason.certain)


def _of_zones(context: HostContext) -> Iterator[Finding]:
    """Sources that firewalld has bound to another zone, which it binds to one alone, and zones of the next reload."""
    if _stops_firewalld(context) or not context.preflight.firewalld:
        return
    filters = context.preflight.surroundings.filters
    bound = bindings(_tables(context))
    wanted = trusted_sources(context.cluster, context.host)
    for zone in filters.zones:
        bound |= dict.fromkeys(zone.sources, zone.name)
    conflicting = [source for source in wanted if bound.get(source, TRUSTED) != TRUSTED]
    for source in conflicting:
        yield _finding(
            context,
            f"firewalld's zone {bound[source]} has the source {source}",
            f"run `firewall-cmd --permanent --zone={TRUSTED} --change-source={source}`, then `firewall-cmd --reload`",
        )
    if any(
        reason.zone for reason in (_closed(context, _tables(context), probe) for probe in probes(context)) if reason
    ):
        return
    for zone in filters.zones:
        taken = [source for source in wanted if source not in conflicting and _takes(zone, source, filters.drifting)]
        if taken:
            yield _finding(
                context,
                f"firewalld's zone {zone.name} takes {some(taken)} from its next reload on",
                _zone_remedy(zone.name),
            )


def _takes(zone: Zone, source: str, drifting: bool) -> bool:
    """Whether what comes from an address ends in a zone that comes before ``trusted`` and lets nothing else in."""
    if zone.name >= TRUSTED or zone.target == "ACCEPT" or (drifting and not zone.target):
        return False
    own = IPv4Network(source)
    for other in zone.sources:
        try:
            if own.subnet_of(IPv4Network(other, strict=False)):
                return True
        except ValueError:  # a MAC address, an ipset, IPv6
            continue
    return False


def _after_a_boot(context: HostContext) -> Iterator[Finding]:
    """What a unit that is enabled and does not run yet will load."""
    filters = context.preflight.surroundings.filters
    if context.unit("iptables.service").begins_at_boot:
        tables = [iptables.table(filters.saved)]
        refused = [(probe, found) for probe in probes(context) if (found := _closed(context, tables, probe))]
        if refused:
            reason = refused[0][1]
            yield _finding(
                context,
                f"iptables.service is enabled: from the next boot on `{reason.rule}` of /etc/sysconfig/iptables "
                f"{_refuses([probe for probe, _ in refused], reason.certain)}",
                "run `systemctl disable iptables` there, or let the cluster's hosts in before that rule",
                reason.certain,
            )
    if context.unit("nftables.service").begins_at_boot and filters.nft_saved:
        yield _finding(
            context,
            "nftables.service is enabled: it loads /etc/sysconfig/nftables.conf from the next boot on",
            "see that it lets the cluster's hosts in, or run `systemctl disable nftables` there",
            False,
        )


def _who(context: HostContext, reason: Closed) -> str:
    """What has set the rule up."""
    rule = f"`{reason.rule}` in chain {reason.chain} of table {reason.table}"
    if _is_firewallds(Table(reason.table, {})) or reason.zone:
        return f"firewalld's zone {reason.zone}" if reason.zone else f"firewalld's {rule}"
    unit = _unit(context, reason)
    return f"{unit}'s {rule}" if unit else rule


def _unit(context: HostContext, reason: Closed) -> str:
    name = "iptables.service" if reason.table == "ip filter" else "nftables.service"
    return name if context.unit(name).active else ""


def _remedy(context: HostContext, reason: Closed) -> str:
    if reason.zone:
        return _zone_remedy(reason.zone)
    unit = _unit(context, reason)
    if unit:
        return f"run `systemctl disable --now {unit}` there, or let the cluster's hosts in before that rule"
    return "remove that rule, there and where it is loaded from, or let the cluster's hosts in before it"


def _zone_remedy(zone: str) -> str:
    return (
        f"take the cluster's hosts out of the sources of that zone, or set its target: "
        f"`firewall-cmd --permanent --zone={zone} --set-target=ACCEPT` and `firewall-cmd --reload`"
    )


def _refuses(refused: Sequence[Connection], certain: bool) -> str:
    ports = sorted({probe.port for probe in refused})
    sources = list(dict.fromkeys(probe.source for probe in refused))
    return f"{_verb(certain)} {some(sources)} at port{'s' * (len(ports) > 1)} {', '.join(map(str, ports))}"


def _verb(certain: bool) -> str:
    return "refuses" if certain else "may refuse"


def _finding(context: HostContext, found: str, remedy: str, certain: bool = True) -> Finding:
    severity: Severity = "error" if certain and (context.becomes_node or not context.host.is_node) else "warning"
    return Finding(context.host.name, CHECK, found, _WANTED, remedy, severity)
