"""SELinux, as far as a load balancer meets it."""

from __future__ import annotations

from dataclasses import dataclass

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script


@dataclass(frozen=True)
class SelinuxState:
    """Whether SELinux enforces, the type of a TCP port, and whether nginx may connect to other hosts.

    + port_type: None where the port has no type of its own, or none could be read
    """

    enforcing: bool
    port_type: str | None
    may_connect: bool


class Selinux(ParsedFact[SelinuxState]):
    """What SELinux lets nginx do.

    + port: the TCP port that it listens on
    """

    def command(self, port: int) -> str:
        return marked(script("selinux.sh", PORT=str(port)))

    def parse(self, output: list[str]) -> SelinuxState:
        values = fields(output)
        return SelinuxState(
            enforcing=values["mode"] == ["Enforcing"],
            port_type=next(iter(values["type"]), None),
            may_connect=values["connect"] == ["on"],
        )
