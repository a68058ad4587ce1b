"""firewalld."""

from __future__ import annotations

from dataclasses import dataclass

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script


@dataclass(frozen=True)
class FirewallState:
    """firewalld: the zone of the node's interface, None where it does not run, and what stands open in each layer.

    + opened: ``runtime`` or ``permanent``, then ``port`` (of that zone) or ``source`` (of the zone trusted), then which
    """

    zone: str | None
    opened: frozenset[tuple[str, str, str]]


class Firewall(ParsedFact[FirewallState]):
    """What firewalld lets in.

    + address: the host's node address
    """

    def command(self, address: str) -> str:
        return marked(script("firewall.sh", ADDRESS=address))

    def parse(self, output: list[str]) -> FirewallState:
        values = fields(output)
        opened = ((layer, *_pair(line)) for layer in ("runtime", "permanent") for line in values[layer])
        return FirewallState(next(iter(values["zone"]), None), frozenset(opened))


def _pair(line: str) -> tuple[str, str]:
    kind, _, value = line.partition(" ")
    return kind, value
