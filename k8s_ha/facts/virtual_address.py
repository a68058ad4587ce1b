"""A balancer's part in an address that moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8s_ha.catalog.package_sets import INTERPRETERS
from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.observations.virtual_address import InterfaceAddress, VirtualAddressState
from k8s_ha.resources import read_file
from k8s_ha.untrusted import whole_number


class OwnInterface(ParsedFact[InterfaceAddress]):
    """The interface that a host's own address is on."""

    def command(self, address: str) -> str:
        return marked(script("virtual-address.sh", BALANCER_ADDRESS=address) + "virtual_place\n")

    def parse(self, output: list[str]) -> InterfaceAddress:
        return _place(fields(output))


class VirtualAddress(ParsedFact[VirtualAddressState]):
    """See ``VirtualAddressState``.

    + address: the balancer's own
    + virtual: the one that moves
    + router: the virtual router's number
    """

    def command(self, address: str, virtual: str, router: int) -> str:
        asked = virtual_address_variables(address, virtual, router)
        return marked(script("virtual-address.sh", **asked) + "virtual_address\n")

    def parse(self, output: list[str]) -> VirtualAddressState:
        return virtual_address_state(fields(output))


def virtual_address_variables(address: str, virtual: str, router: int) -> dict[str, str]:
    """The variables of virtual-address.sh."""
    return {
        "BALANCER_ADDRESS": address,
        "VIRTUAL": virtual,
        "ROUTER": str(router),
        "LISTENER": read_file("hear-virtual-router.py") if virtual else "",
        "INTERPRETERS": " ".join(INTERPRETERS),
    }


def virtual_address_state(values: Mapping[str, Sequence[str]]) -> VirtualAddressState:
    """What the lines of virtual-address.sh tell, by their keys."""
    told = {line.strip() for line in values.get("virtual", ())}
    return VirtualAddressState(
        place=_place(values),
        is_here="here" in told,
        is_kept="kept" in told,
        is_taken="taken" in told if told & {"taken", "free"} else None,
        heard=tuple(line.strip() for line in values.get("virtual_router", ())) if "listened" in told else None,
        is_owned="owned" in told,
    )


def _place(values: Mapping[str, Sequence[str]]) -> InterfaceAddress:
    name, _, prefix = next(iter(values.get("virtual_place", ())), "").strip().partition(" ")
    return InterfaceAddress(name, whole_number(prefix))
