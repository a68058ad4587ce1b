"""What a packet filter does with a connection: nftables' and iptables' rules, walked as the kernel does.

Of a match that is not known here nothing is held against a host: what such a rule drops is passed over, and what it
accepts leaves a doubt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Final, Literal

from k8s_ha.untrusted import whole_number

Hook = Literal["prerouting", "input", "forward"]

DEPTH: Final = 32
"""Of jumps: the kernel's own bound is 16."""

_DISPATCH: Final = re.compile(r"_ZONES(_SOURCE)?$")
_ZONE: Final = re.compile(r"(?:^|_)(?:IN|FWDI?|FWDO|PRE)_(?P<zone>.+)$")
_DROPS: Final = ("drop", "reject")
TRUSTED: Final = "trusted"
"""firewalld's zone that takes everything."""


@dataclass(frozen=True)
class Packet:
    """The first packet of a TCP connection.

    + interface: that it comes in by; None where that is not known
    """

    source: IPv4Address
    destination: IPv4Address
    port: int
    interface: str | None = None


@dataclass(frozen=True)
class Rule:
    """One rule: what it does with which packets.

    + hits: whether it is about a packet; None where that cannot be told
    + verdict: accept, drop, reject, return, jump, goto, or empty where it only counts or logs
    + target: chain of a jump or goto
    + source: what it compares the packet's source with, as it is written; empty where it does not
    """

    text: str
    hits: Callable[[Packet], bool | None]
    verdict: str = ""
    target: str = ""
    source: str = ""


@dataclass
class Chain:
    """Rules in their order; ``hook`` and ``policy`` are those of a base chain."""

    name: str
    hook: str = ""
    policy: str = "accept"
    rules: list[Rule] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """A table's chains by name; ``name`` is as nft calls it, with its family."""

    name: str
    chains: Mapping[str, Chain]


@dataclass(frozen=True)
class Closed:
    """A connection that is not let in.

    + rule: which of ``chain`` of ``table`` closes it
    + zone: firewalld's zone that it fell into
    + certain: no rule before it may have let the connection in
    """

    table: str
    chain: str
    rule: str
    zone: str = ""
    certain: bool = True


class _Walk:
    """One packet's way through a table.

    + joins_trusted: its source will be one of firewalld's zone ``trusted``
    """

    def __init__(self, table: Table, packet: Packet, joins_trusted: bool) -> None:
        self.table, self.packet, self.joins_trusted = table, packet, joins_trusted
        self.doubt, self.zone = False, ""
        self.sources_apart = any(name.endswith("_ZONES_SOURCE") for name in table.chains)

    def through(self, chain: Chain, depth: int = 0) -> Closed | Literal["accept"] | None:
        """What becomes of it in a chain; None where it comes out at the end of it."""
        dispatches = self._dispatches_to_trusted(chain)
        for rule in chain.rules if depth < DEPTH else ():
            if dispatches and _comes_after_trusted(rule):
                return "accept"
            hit = rule.hits(self.packet)
            if hit is False or not rule.verdict:
                continue
            if rule.verdict == "return":
                if hit:
                    return None
                continue
            result = self._result(chain, rule, depth)
            if hit is None:
                self.doubt = self.doubt or result == "accept"
            elif result or rule.verdict == "goto":
                return result
        return "accept" if dispatches else None

    def _result(self, chain: Chain, rule: Rule, depth: int) -> Closed | Literal["accept"] | None:
        if rule.verdict == "accept":
            return "accept"
        if rule.verdict in _DROPS:
            return Closed(self.table.name, chain.name, rule.text, self.zone, not self.doubt)
        target = self.table.chains.get(rule.target)
        if target is None:
            return None
        outer = self.zone
        if _DISPATCH.search(chain.name) and (zone := _ZONE.search(rule.target)):
            self.zone = zone["zone"]
        result = self.through(target, depth + 1)
        if result is None:
            self.zone = outer
        return result

    def _dispatches_to_trusted(self, chain: Chain) -> bool:
        found = _DISPATCH.search(chain.name)
        return self.joins_trusted and found is not None and (bool(found[1]) or not self.sources_apart)


def _comes_after_trusted(rule: Rule) -> bool:
    """Whether firewalld puts a rule of its dispatch behind a source of the zone ``trusted``.

    Sources come before interfaces; sources are in the order of their zones' names.
    """
    zone = _ZONE.search(rule.target)
    return not rule.source or (zone is not None and zone["zone"] > TRUSTED)


def closed(
    tables: Iterable[Table], hooks: Sequence[Hook], packet: Packet, *, joins_trusted: bool = False
) -> Closed | None:
    """Why a connection is not let in; None where it is, as far as can be told.

    + joins_trusted: its source will be one of firewalld's zone ``trusted``
    """
    for table in tables:
        for chain in table.chains.values():
            if chain.hook not in hooks:
                continue
            walk = _Walk(table, packet, joins_trusted)
            result = walk.through(chain)
            if isinstance(result, Closed):
                return result
            if result is None and chain.policy in _DROPS:
                return Closed(table.name, chain.name, f"policy {chain.policy}", certain=not walk.doubt)
    return None


def bindings(tables: Iterable[Table]) -> dict[str, str]:
    """firewalld's zone of each source that is bound to one, as they are written."""
    return {
        rule.source.removesuffix("/32"): zone["zone"]
        for table in tables
        for chain in table.chains.values()
        if _DISPATCH.search(chain.name)
        for rule in chain.rules
        if rule.source and (zone := _ZONE.search(rule.target))
    }


def of_addresses(text: str) -> Callable[[IPv4Address], bool | None]:
    """Whether an address is one, a network or a range of addresses; None where ``text`` is none of them."""
    first, _, last = text.partition("-")
    try:
        if last:
            low, high = IPv4Address(first), IPv4Address(last)
        else:
            network = IPv4Network(text, strict=False)
            low, high = network[0], network[-1]
    except ValueError:
        return lambda _: None
    return lambda address: low <= address <= high


def of_ports(text: str) -> Callable[[int], bool | None]:
    """Whether a port is one or in a range, as nftables (1-9) or iptables (1:9) write it; None where it is neither."""
    first, dash, last = re.sub(":", "-", text).partition("-")
    low, high = whole_number(first), whole_number(last if dash else first)
    if low is None or high is None:
        return lambda _: None
    return lambda port: low <= port <= high


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """True where one is; None where none is and one cannot be told."""
    known = list(answers)
    return True if True in known else None if None in known else False


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """False where one is; None where none is and one cannot be told."""
    known = list(answers)
    return False if False in known else None if None in known else True


def negated(answer: bool | None, negate: bool) -> bool | None:
    """The answer, or its contrary."""
    return not answer if negate and answer is not None else answer


def is_named(interface: str | None, text: str, wildcard: str) -> bool | None:
    """Whether an interface has a name, or one that begins with it; an unknown one is not the loopback."""
    name = text.strip('"')
    if interface is None:
        return False if name == "lo" else None
    return interface.startswith(name[:-1]) if name.endswith(wildcard) else interface == name


def has_new(states: Iterable[str]) -> bool:
    """Whether conntrack's state of a first packet is among them."""
    return any(state.strip().lower() == "new" for state in states)


def words(text: str) -> Iterator[str]:
    """A line's words; what stands in quotes or braces is one."""
    return (found[0] for found in re.finditer(r'"[^"]*"|\{[^}]*\}|\S+', text))
