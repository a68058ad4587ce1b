"""Facts about systemd's units and the host's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.observations.units import UnitState, unit_states


class Units(ParsedFact[dict[str, UnitState]]):
    """Units by name, those that are not there included.

    + units: names, with their endings
    """

    def command(self, units: Sequence[str]) -> str:
        return marked(script("units.sh", UNITS=" ".join(units)))

    def parse(self, output: list[str]) -> dict[str, UnitState]:
        return unit_states(fields(output)["unit"])


@dataclass(frozen=True)
class HostNames:
    """The name that a host has now, and the one that it gets at boot; that is empty where none is written down."""

    current: str
    static: str


class HostName(ParsedFact[HostNames]):
    """A host's own name."""

    def command(self) -> str:
        return marked(script("hostname.sh"))

    def parse(self, output: list[str]) -> HostNames:
        values = fields(output)
        return HostNames(current=values["current"][0].strip(), static=next(iter(values["static"]), "").strip())
