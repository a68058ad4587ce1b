"""Packet filters that keep the cluster's hosts from each other: from what hosts told to the exact findings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.facts.lines import fields
from k8s_ha.facts.surroundings import surroundings
from k8s_ha.findings import Finding, Severity
from k8s_ha.observations.surroundings import Filters, Surroundings, Zone
from k8s_ha.observations.units import UnitState
from k8s_ha.preflight_checks.firewall import firewall
from k8s_ha.preflight_checks.model import HostContext
from tests.support.cases import context
from tests.support.node_views import recorded

WANTED = "the cluster's hosts and pods reach each other at every port"
KEEP = {"firewall": "keep"}
ACTIVE, ENABLED = UnitState("loaded", True, "enabled"), UnitState("loaded", False, "enabled")


def reported(
    recording: str, host: str = "worker1", settings: dict[str, Any] | None = None, **looked: Any
) -> HostContext:
    around = surroundings(fields(recorded(recording)))
    route = f"10.0.0.0/16 dev eth0 proto kernel scope link src {context(host).host.address}"
    return context(host, settings=settings, surroundings=around, routes=(route,), **looked)


def with_units(given: HostContext, **units: UnitState) -> HostContext:
    named = {f"{name}.service": unit for name, unit in units.items()}
    return replace(given, preflight=replace(given.preflight, boot=replace(given.preflight.boot, units=named)))


def finding(host: str, found: str, remedy: str, severity: Severity = "error") -> Finding:
    return Finding(host, "firewall", found, WANTED, remedy, severity)


def zone(name: str) -> str:
    return (
        "take the cluster's hosts out of the sources of that zone, or set its target: "
        f"`firewall-cmd --permanent --zone={name} --set-target=ACCEPT` and `firewall-cmd --reload`"
    )


RULE = "`-A INPUT -j REJECT --reject-with icmp-host-prohibited` in chain INPUT of table ip filter"
FORWARDS = "`-A FORWARD -j REJECT --reject-with icmp-host-prohibited` in chain FORWARD of table ip filter"
BY_HAND = "remove that rule, there and where it is loaded from, or let the cluster's hosts in before it"
BY_UNIT = "run `systemctl disable --now {}.service` there, or let the cluster's hosts in before that rule"
CONTROL_PLANES = "10.0.11.18, 10.0.12.55, 10.0.13.22"
PODS = "refuses what is sent from pod to pod"
SAVED = tuple(fields(recorded("surroundings-iptables"))["iptables"])


def zones(*found: Zone, drifting: bool = False, host: str = "worker1") -> HostContext:
    around = Surroundings(filters=Filters(zones=found, drifting=drifting))
    return context(host, settings=KEEP, firewalld=True, surroundings=around)


ROWS: dict[str, tuple[HostContext, list[Finding]]] = {
    "nothing": (context("master1"), []),
    "a zone's source covers the hosts": (
        reported("surroundings-firewalld-zone", "worker1", KEEP, firewalld=True),
        [
            finding("worker1", f"firewalld's zone cluster refuses {CONTROL_PLANES} at port 10250", zone("cluster")),
        ],
    ),
    "a zone's source covers a control plane's peers": (
        reported("surroundings-firewalld-zone", "master1", KEEP, firewalld=True),
        [
            finding(
                "master1",
                "firewalld's zone cluster refuses 10.0.12.55, 10.0.13.22, 10.0.12.16 and 2 more "
                "at ports 2379, 6443, 10250",
                zone("cluster"),
            ),
        ],
    ),
    "a node has run with it": (
        reported("surroundings-firewalld-zone", "worker1", KEEP, firewalld=True, surveyed={"node": True}),
        [
            finding(
                "worker1",
                f"firewalld's zone cluster refuses {CONTROL_PLANES} at port 10250",
                zone("cluster"),
                "warning",
            ),
        ],
    ),
    "a firewalld that this run stops": (reported("surroundings-firewalld-zone", "worker1", firewalld=True), []),
    "a zone by an ipset": (
        reported("surroundings-firewalld-ipset", "worker2", KEEP, firewalld=True),
        [finding("worker2", "firewalld's zone block refuses 10.0.12.55 at port 10250", zone("block"))],
    ),
    "nftables by hand": (
        reported("surroundings-nftables", "worker1", KEEP, firewalld=True),
        [
            finding(
                "worker1",
                f"`policy drop` in chain input of table inet myfilter refuses {CONTROL_PLANES} at port 10250",
                BY_HAND,
            ),
            finding("worker1", f"`policy drop` in chain forward of table inet myfilter {PODS}", BY_HAND),
        ],
    ),
    "nftables.service": (
        with_units(reported("surroundings-nftables", "master-lb", firewalld=True), nftables=ACTIVE),
        [
            finding(
                "master-lb",
                "nftables.service's `policy drop` in chain input of table inet myfilter refuses "
                f"{CONTROL_PLANES} and 2 more at port 6443",
                BY_UNIT.format("nftables"),
            )
        ],
    ),
    "iptables-services": (
        with_units(reported("surroundings-iptables", "worker1"), iptables=ACTIVE),
        [
            finding(
                "worker1",
                f"iptables.service's {RULE} refuses {CONTROL_PLANES} at port 10250",
                BY_UNIT.format("iptables"),
            ),
            finding("worker1", f"iptables.service's {FORWARDS} {PODS}", BY_UNIT.format("iptables")),
        ],
    ),
    "iptables by hand on a load balancer": (
        reported("surroundings-iptables", "master-lb"),
        [finding("master-lb", f"{RULE} refuses {CONTROL_PLANES} and 2 more at port 6443", BY_HAND)],
    ),
    "iptables-services from the next boot on": (
        with_units(context(surroundings=Surroundings(filters=Filters(saved=SAVED))), iptables=ENABLED),
        [
            finding(
                "worker1",
                "iptables.service is enabled: from the next boot on `-A INPUT -j REJECT --reject-with "
                f"icmp-host-prohibited` of /etc/sysconfig/iptables refuses {CONTROL_PLANES} at port 10250",
                "run `systemctl disable iptables` there, or let the cluster's hosts in before that rule",
            )
        ],
    ),
    "nftables.service from the next boot on": (
        with_units(context(surroundings=Surroundings(filters=Filters(nft_saved=True))), nftables=ENABLED),
        [
            finding(
                "worker1",
                "nftables.service is enabled: it loads /etc/sysconfig/nftables.conf from the next boot on",
                "see that it lets the cluster's hosts in, or run `systemctl disable nftables` there",
                "warning",
            )
        ],
    ),
    "nftables.service that loads nothing": (
        with_units(context(), nftables=ENABLED),
        [],
    ),
    "a rule that a port knocker lets in": (
        context(
            surroundings=Surroundings(
                filters=Filters(
                    iptables=(
                        "*filter",
                        ":INPUT ACCEPT",
                        "-A INPUT -m set --match-set nodes src -j ACCEPT",
                        "-A INPUT -m recent --name bad --update -j DROP",
                        "-A INPUT -j DROP",
                    )
                )
            )
        ),
        [
            finding(
                "worker1",
                f"`-A INPUT -j DROP` in chain INPUT of table ip filter may refuse {CONTROL_PLANES} at port 10250",
                BY_HAND,
                "warning",
            )
        ],
    ),
    "docker's policy of forwarding": (
        context(surroundings=Surroundings(filters=Filters(iptables=("*filter", ":INPUT ACCEPT", ":FORWARD DROP")))),
        [],
    ),
    "more rules than are read": (
        context(surroundings=Surroundings(filters=Filters(cut=("nft",)))),
        [
            finding(
                "worker1",
                "has more rules of nft than preflight reads",
                "see that they let the cluster's hosts in",
                "warning",
            )
        ],
    ),
    "a source in another zone": (
        zones(Zone("work", "", ("10.0.12.55", "00:11:22:33:44:55", "ipset:x"))),
        [
            finding(
                "worker1",
                "firewalld's zone work has the source 10.0.12.55",
                "run `firewall-cmd --permanent --zone=trusted --change-source=10.0.12.55`, "
                "then `firewall-cmd --reload`",
            )
        ],
    ),
    "a zone from the next reload on": (
        zones(Zone("drop", "DROP", ("10.0.12.0/24",))),
        [
            finding(
                "worker1",
                "firewalld's zone drop takes 10.0.12.55 from its next reload on",
                zone("drop"),
            )
        ],
    ),
    "a zone that lets everything in": (zones(Zone("dmz", "ACCEPT", ("10.0.0.0/8",))), []),
    "a zone behind trusted": (zones(Zone("work", "", ("10.0.0.0/8",))), []),
    "the zone trusted": (zones(Zone("trusted", "ACCEPT", ("10.0.12.55", "10.0.0.0/16"))), []),
    "a zone that packets drift out of": (zones(Zone("cluster", "", ("10.0.0.0/8",)), drifting=True), []),
    "a zone of others": (zones(Zone("cluster", "", ("192.0.2.0/24",))), []),
}


@pytest.mark.parametrize(("given", "expected"), ROWS.values(), ids=ROWS)
def test_packet_filters(given: HostContext, expected: list[Finding]) -> None:
    assert list(firewall(given)) == expected
