"""Packet filters as real tools list them, walked as the kernel does."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address

import pytest

from k8s_ha.facts.lines import fields
from k8s_ha.preflight_checks import iptables, nftables
from k8s_ha.preflight_checks.packet_filter import Closed, Hook, Packet, Table, bindings, closed
from tests.support.node_views import recorded

IN: Sequence[Hook] = ("prerouting", "input")


def of_nft(name: str) -> list[Table]:
    return nftables.tables(fields(recorded(name))["nft"])


def of_iptables(name: str) -> list[Table]:
    return [iptables.table(fields(recorded(name))["iptables"])]


def asked(
    tables: list[Table], source: str, port: int = 6443, hooks: Sequence[Hook] = IN, *, trusted: bool = False
) -> Closed | None:
    packet = Packet(IPv4Address(source), IPv4Address("10.0.11.18"), port, "eth0")
    return closed(tables, hooks, packet, joins_trusted=trusted)


@pytest.mark.parametrize(
    ("source", "port", "rule"),
    [
        ("10.0.12.57", 2380, None),
        ("10.0.12.61", 2380, "reject with icmp host-prohibited"),
        ("10.0.13.22", 10250, None),
        ("10.0.13.22", 10251, "reject with icmp host-prohibited"),
        ("10.0.13.22", 6443, None),
        ("10.1.0.1", 6443, "reject with icmp host-prohibited"),
        ("192.0.2.7", 6443, "ip saddr @banned counter packets 0 bytes 0 drop"),
    ],
)
def test_a_ruleset_with_sets_maps_and_chains(source: str, port: int, rule: str | None) -> None:
    found = asked(of_nft("filters-odd"), source, port)
    assert (found and found.rule) == rule
    assert found is None or found.certain


def test_what_a_limit_lets_in_leaves_a_doubt() -> None:
    found = asked(of_nft("filters-odd"), "10.0.12.61", 22)
    assert found
    assert not found.certain


def test_a_goto_comes_back_to_the_caller_of_its_chain() -> None:
    packet = Packet(IPv4Address("10.0.1.157"), IPv4Address("10.0.11.18"), 6443, "eth2")
    found = closed(of_nft("filters-odd"), IN, packet)
    assert found
    assert (found.chain, found.rule) == ("last", "counter packets 0 bytes 0 drop")


@pytest.mark.parametrize(
    ("source", "port", "rule"),
    [
        ("10.0.11.18", 9999, None),
        ("10.0.13.22", 2379, None),
        ("10.0.13.22", 6443, None),
        ("10.0.13.22", 10250, "policy accept"),
        ("192.0.2.1", 6443, "policy accept"),
        ("192.0.2.1", 22, None),
    ],
)
def test_chains_of_iptables(source: str, port: int, rule: str | None) -> None:
    """What leaves NODES by its end, or by RETURN, was sent there for good: the policy of INPUT decides."""
    assert asked(of_iptables("filters-odd"), source, port) is None
    lines = [line.replace(":INPUT ACCEPT", ":INPUT DROP") for line in fields(recorded("filters-odd"))["iptables"]]
    found = asked([iptables.table(lines)], source, port)
    assert (found and found.rule) == (None if rule is None else "policy drop")


def test_what_a_mac_address_lets_in_leaves_a_doubt() -> None:
    packet = Packet(IPv4Address("10.0.13.22"), IPv4Address("10.0.11.18"), 9100, "bond0")
    found = closed(of_iptables("filters-odd"), IN, packet)
    assert found == Closed("ip filter", "LOGDROP", "-A LOGDROP -j DROP", certain=False)
    assert closed(of_iptables("filters-odd"), ("forward",), packet) == Closed("ip filter", "FORWARD", "policy drop")


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("source", ["10.0.12.55", "10.0.200.1"])
def test_a_zone_whose_source_covers_the_hosts_comes_before_trusted(source: str, trusted: bool) -> None:
    found = asked(of_nft("surroundings-firewalld-zone"), source, trusted=trusted)
    assert found
    assert (found.table, found.zone, found.certain) == ("inet firewalld", "cluster", True)


def test_the_interfaces_zone_comes_behind_trusted() -> None:
    found = asked(of_nft("surroundings-firewalld-zone"), "192.0.2.1")
    assert found
    assert found.zone == "public"
    assert asked(of_nft("surroundings-firewalld-zone"), "192.0.2.1", trusted=True) is None


def test_a_zone_by_an_ipset() -> None:
    found = asked(of_nft("surroundings-firewalld-ipset"), "10.0.12.55", trusted=True)
    assert found
    assert found.zone == "block"
    assert asked(of_nft("surroundings-firewalld-ipset"), "10.0.13.22", trusted=True) is None


@pytest.mark.parametrize(
    ("source", "trusted", "zone"),
    [
        ("10.0.12.55", True, "cluster"),
        ("10.0.13.22", False, None),
        ("10.0.13.37", True, None),
        ("10.0.13.37", False, "public"),
    ],
)
def test_firewalld_on_iptables(source: str, trusted: bool, zone: str | None) -> None:
    found = asked(of_iptables("filters-firewalld-iptables"), source, trusted=trusted)
    assert (found and found.zone) == zone


def test_firewalld_that_lets_packets_drift_does_not_come_back_to_trusted() -> None:
    """Up to 0.9 the sources have a chain of their own, and a zone without a target goes on to the interface's."""
    lines = """table inet firewalld {
    chain filter_INPUT {
        type filter hook input priority filter + 10; policy accept;
        jump filter_INPUT_ZONES_SOURCE
        jump filter_INPUT_ZONES
        reject with icmpx type admin-prohibited
    }
    chain filter_INPUT_ZONES_SOURCE {
        ip saddr 10.0.12.0/24 goto filter_IN_cluster
        ip saddr 10.0.13.0/24 goto filter_IN_work
    }
    chain filter_INPUT_ZONES {
        iifname "eth0" goto filter_IN_public
    }
    chain filter_IN_cluster {
        tcp dport 22 accept
    }
    chain filter_IN_work {
        drop
    }
    chain filter_IN_public {
        tcp dport 2379 accept
    }
}""".splitlines()
    tables = nftables.tables(lines)
    found = asked(tables, "10.0.12.55", trusted=True)
    assert found
    assert found.rule == "reject with icmpx type admin-prohibited"
    assert asked(tables, "10.0.12.55", 2379, trusted=True) is None
    assert asked(tables, "10.0.13.22", trusted=True) is None
    found = asked(tables, "10.0.13.22")
    assert found
    assert found.zone == "work"
    assert asked(tables, "192.0.2.1", trusted=True) is None


def test_sources_that_are_bound_to_a_zone() -> None:
    assert bindings(of_nft("surroundings-firewalld-zone")) == {"10.0.0.0/16": "cluster"}
    assert bindings(of_iptables("filters-firewalld-iptables")) == {"10.0.12.0/24": "cluster", "10.0.13.22": "trusted"}


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["table inet x {"],
        ["}", "}", "chain y {", "drop"],
        ["table inet x {", "chain y {", "type filter hook input priority 0; policy accept;", "jump y", "}", "}"],
        [
            "table inet x {",
            "chain y {",
            "type filter hook input priority 0;",
            "ip saddr",
            "vmap",
            "ip saddr x y z",
            "}",
        ],
        ["table inet x {", "set s {", "elements = { , }", "}", "chain y {", "type filter hook input priority 0;"],
    ],
)
def test_odd_lines_close_nothing(lines: list[str]) -> None:
    assert asked(nftables.tables(lines), "10.0.12.55") is None
    assert (
        asked(
            [iptables.table(["*filter", ":INPUT", "-A", "-A INPUT", "-A INPUT !", "-A INPUT -j", *lines])], "10.0.12.55"
        )
        is None
    )
