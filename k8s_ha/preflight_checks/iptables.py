"""iptables' rules, as ``iptables-save`` writes them, for the walk of ``packet_filter``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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

_HOOKS: Final = {"INPUT": "input", "FORWARD": "forward"}
_MODULES: Final = ("tcp", "udp", "state", "conntrack", "comment", "multiport")
"""Matches whose options are known; another one's rule is about nobody knows which packets."""


def table(lines: Iterable[str]) -> Table:
    """The table ``filter``."""
    chains: dict[str, Chain] = {}
    current = ""
    for line in lines:
        parts = list(words(line))
        if line.startswith("*"):
            current = line[1:].strip()
        elif current != "filter" or not parts:
            continue
        elif line.startswith(":"):
            name, policy = parts[0][1:], (parts[1:] or ["-"])[0]
            chains[name] = Chain(name, _HOOKS.get(name, ""), "drop" if policy == "DROP" else "accept")
        elif parts[0] == "-A" and len(parts) > 1:
            chains.setdefault(parts[1], Chain(parts[1])).rules.append(_rule(line.strip(), parts[2:]))
    return Table("ip filter", chains)


def _rule(text: str, parts: Sequence[str]) -> Rule:
    tests: list[Callable[[Packet], bool | None]] = []
    verdict = target = source = ""
    rest = list(parts)
    while rest:
        negate = rest[0] == "!"
        option = rest.pop(0) if not negate else (rest[1:2] or [""])[0]
        if negate:
            del rest[:2]
        if option in ("-j", "-g"):
            verdict, target = _verdict(option, (rest or [""])[0])
            break
        arguments = []
        while rest and rest[0] != "!" and not rest[0].startswith("-"):
            arguments.append(rest.pop(0))
        value = (arguments or [""])[0]
        if option == "-s":
            source = value
        tests.append(_test(option, value, negate))
    return Rule(text, lambda packet: all_of(test(packet) for test in tests), verdict, target, source)


def _verdict(option: str, name: str) -> tuple[str, str]:
    if name in ("ACCEPT", "DROP", "REJECT", "RETURN"):
        return name.lower(), ""
    # A target that is no chain of the table, such as LOG, is passed over in the walk.
    return ("goto" if option == "-g" else "jump"), name


def _test(option: str, value: str, negate: bool) -> Callable[[Packet], bool | None]:
    test = _positive(option, value)
    return lambda packet: negated(test(packet), negate)


def _positive(option: str, value: str) -> Callable[[Packet], bool | None]:
    match option:
        case "-s":
            return lambda packet: of_addresses(value)(packet.source)
        case "-d":
            return lambda packet: of_addresses(value)(packet.destination)
        case "-i":
            return lambda packet: is_named(packet.interface, value, "+")
        case "-p":
            return lambda _: value in ("tcp", "all", "6")
        case "--dport" | "--dports":
            return lambda packet: any_of(of_ports(port)(packet.port) for port in value.split(","))
        case "--state" | "--ctstate":
            return lambda _: has_new(value.split(","))
        case "--tcp-flags" | "--syn":
            return lambda _: None if option == "--tcp-flags" else True
        case "--comment":
            return lambda _: True
        case "-m":
            return lambda _: True if value in _MODULES else None
        case _:
            return lambda _: None
