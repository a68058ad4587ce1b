"""nftables' rules, as ``nft list table`` writes them, for the walk of ``packet_filter``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from k8s_ha.preflight_checks.packet_filter import (
    Chain,
    Packet,
    Rule,
    Table,
    all_of,
    any_of,
    has_new,
    is_named,
    negated,
    of_addresses,
    of_ports,
    words,
)

FAMILIES: Final = ("ip", "inet")
"""Families of tables that IPv4 packets go through."""

_VERDICTS: Final = ("accept", "drop", "reject", "return", "jump", "goto", "continue", "queue")
_BASE: Final = re.compile(r"type filter hook (?P<hook>\w+)")
_POLICY: Final = re.compile(r"policy (?P<policy>\w+)")
_TWO_WORDS: Final = ("ip", "ip6", "tcp", "udp", "th", "ct", "meta", "ether", "icmp", "icmpv6", "fib")
_STATEMENTS: Final[Mapping[str, int]] = {
    "counter": 0,
    "packets": 1,
    "bytes": 1,
    "log": 0,
    "prefix": 1,
    "level": 1,
    "comment": 1,
}
"""Words of a rule that decide nothing, with how many follow each."""

_Values = Mapping[str, Sequence[str]]


def tables(lines: Iterable[str]) -> list[Table]:
    """The tables of both families; the lines are those of any number of them."""
    found: list[Table] = []
    chains: dict[str, Chain] = {}
    sets: dict[str, list[str]] = {}
    chain: Chain | None = None
    block = named = ""
    for line in _joined(lines):
        opening = re.match(r"(table|chain|set|map) (\S+ )?(\S+) \{$", line)
        if opening and opening[1] == "table":
            chains, sets = {}, {}
            found.append(Table(f"{opening[2]}{opening[3]}", chains))
        elif opening:
            block, named = opening[1], opening[3]
            chain = chains.setdefault(named, Chain(named)) if block == "chain" else None
        elif line == "}":
            block, chain = "", None
        elif block in ("set", "map"):
            sets.setdefault(named, []).extend(_elements(line))
        elif chain is not None and (base := _BASE.match(line)):
            policy = _POLICY.search(line)
            chain.hook, chain.policy = base["hook"], policy["policy"] if policy else "accept"
        elif chain is not None and line and not line.startswith(("type ", "policy ", "comment ")):
            chain.rules += _rules(line, sets)
    return [table for table in found if table.name.partition(" ")[0] in FAMILIES]


def _joined(lines: Iterable[str]) -> Iterable[str]:
    """The lines without indentation and nft's own comments; what a brace holds is one line."""
    held = ""
    for line in lines:
        text = f"{held} {line.split('# handle')[0].strip()}".strip()
        is_open = text.count("{") > text.count("}") and not text.endswith(" {")
        is_open = is_open or re.search(r"elements = \{$", text) is not None
        held = text if is_open else ""
        if not is_open:
            yield text


def _elements(line: str) -> list[str]:
    found = re.match(r"elements = \{(.*)\}$", line)
    return _values(found[1]) if found else []


def _values(inner: str) -> list[str]:
    """Members of a set, without their timeouts and counters."""
    return [entry.split()[0] for entry in inner.split(",") if entry.split()]


def _rules(line: str, sets: _Values) -> list[Rule]:
    """The rule of a line; one for each pair of a verdict map."""
    parts = list(words(line))
    if "vmap" in parts[1:-1]:
        place = parts.index("vmap")
        pairs = [pair.partition(":") for pair in parts[place + 1].strip("{} ").split(",")]
        return [_rule(f"{' '.join(parts[:place])} {key.strip()} {verdict.strip()}", sets) for key, _, verdict in pairs]
    return [_rule(line, sets)]


def _rule(line: str, sets: _Values) -> Rule:
    parts = list(words(line))
    place = next((index for index, word in enumerate(parts) if word in _VERDICTS), len(parts))
    verdict, target = [*parts[place : place + 2], "", ""][:2]
    tests, source = _tests(parts[:place], sets)
    if verdict in ("continue", "queue"):
        verdict = ""
    return Rule(line, lambda packet: all_of(test(packet) for test in tests), verdict, target, source)


def _tests(parts: Sequence[str], sets: _Values) -> tuple[list[Callable[[Packet], bool | None]], str]:
    """What a rule asks of a packet, and the source that it names."""
    tests: list[Callable[[Packet], bool | None]] = []
    source, rest = "", list(parts)
    while rest:
        key = rest.pop(0)
        if key in _STATEMENTS:
            del rest[: _STATEMENTS[key]]
            continue
        if key in _TWO_WORDS and rest:
            key = f"{key} {rest.pop(0)}"
        negate = bool(rest) and rest[0] in ("!=", "!")
        if negate:
            del rest[0]
        value = rest.pop(0) if rest else ""
        if rest and rest[0].startswith(","):
            value = ""  # nobody knows what that is
        if key in ("ip saddr", "ether saddr"):
            source = value
        tests.append(_test(key, _members(value, sets), negate))
    return tests, source


def _members(value: str, sets: _Values) -> Sequence[str]:
    if value.startswith("@"):
        return sets.get(value[1:], ())
    if value.startswith("{"):
        return _values(value.strip("{}"))
    return value.split(",")


def _test(key: str, members: Sequence[str], negate: bool) -> Callable[[Packet], bool | None]:
    def one(packet: Packet, member: str) -> bool | None:
        return _answer(key, member, packet)

    return lambda packet: negated(any_of(one(packet, member) for member in members), negate)


def _answer(key: str, value: str, packet: Packet) -> bool | None:
    """Whether one value of a match is the packet's; None where the match is not known."""
    match key:
        case "ip saddr":
            return of_addresses(value)(packet.source)
        case "ip daddr":
            return of_addresses(value)(packet.destination)
        case "iifname" | "iif" | "meta iifname" | "meta iif":
            return is_named(packet.interface, value, "*")
        case "tcp dport" | "th dport":
            return of_ports(value)(packet.port)
        case "meta l4proto" | "ip protocol":
            return value in ("tcp", "6")
        case "meta nfproto" | "meta protocol":
            return value in ("ipv4", "ip")
        case "ct state":
            return has_new([value])
        case "ct status":
            return False
        case _ if key.split()[0] in ("ip6", "udp", "icmp", "icmpv6"):
            return False
        case _:
            return None
