"""A balancer's part in an address that moves."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network


@dataclass(frozen=True)
class InterfaceAddress:
    """The interface that a host's own address is on, and the prefix there; empty and None where none has it."""

    interface: str = ""
    prefix: int | None = None

    def network(self, address: str) -> IPv4Network | None:
        """The network that the address is in there."""
        if not self.interface or self.prefix is None or self.prefix > IPv4Network("0.0.0.0/0").max_prefixlen:
            return None
        return IPv4Interface(f"{address}/{self.prefix}").network


@dataclass(frozen=True)
class VirtualAddressState:
    """What one balancer tells.

    + place: its own address's
    + is_here: whether it has the virtual address
    + is_kept: whether keepalived runs with this package's configuration
    + is_taken: whether somebody else answers at it; None where that was not asked, or could not be
    + heard: who else speaks for its virtual router; None where nobody listened
    + is_owned: whether its keepalived is somebody's own
    """

    place: InterfaceAddress = InterfaceAddress()
    is_here: bool = False
    is_kept: bool = False
    is_taken: bool | None = None
    heard: tuple[str, ...] | None = None
    is_owned: bool = False
