"""What stands on a host around the cluster, as its script tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

OWN_RESOLVER: Final = "/etc/resolv.conf"
RESOLVED: Final = "/run/systemd/resolve/resolv.conf"


@dataclass(frozen=True)
class Zone:
    """A zone as firewalld's permanent configuration has it.

    + target: empty where it is the default
    + sources: addresses and networks, MAC addresses, ``ipset:NAME``
    """

    name: str
    target: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Filters:
    """What keeps packets out, as the tools tell it.

    + nft: what ``nft list table`` prints, of every table that is not kube-proxy's or iptables'
    + iptables: what ``iptables-save`` prints of the table filter
    + saved: what iptables.service loads at boot
    + nft_saved: whether nftables.service loads anything at boot
    + cut: tools that had more to tell than is read
    + zones: firewalld's, as a reload or the next boot has them
    + drifting: whether a packet goes on to the next zone where one does not decide
    """

    nft: tuple[str, ...] = ()
    iptables: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()
    nft_saved: bool = False
    cut: tuple[str, ...] = ()
    zones: tuple[Zone, ...] = ()
    drifting: bool = False


@dataclass(frozen=True)
class Resolver:
    """A resolv.conf: its name servers; ``dangles`` is where a dead link leads."""

    servers: tuple[str, ...] = ()
    dangles: str = ""


@dataclass(frozen=True)
class UnitLine:
    """A line of a unit, a drop-in or a file of environment variables, without its continuation."""

    file: str
    text: str


@dataclass(frozen=True)
class Surroundings:
    """What stands on a host; the defaults are those of a host that has nothing to tell.

    + resolvers: by path; None where nobody could be asked for them
    + sshd: what sshd grants this login
    + cloud: keys of cloud-init's configuration that decide names, with the file that has the last word
    + cloud_writes_hosts: whether the module that writes /etc/hosts is among those that run
    + kubelet: lines of the kubelet's unit and drop-ins, folders in systemd's order
    + kubelet_environment: lines of the files that these read
    + links: network interfaces
    """

    filters: Filters = Filters()
    resolvers: Mapping[str, Resolver] | None = None
    sshd: Mapping[str, str] = field(default_factory=dict)
    cloud: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    cloud_writes_hosts: bool = False
    kubelet: tuple[UnitLine, ...] = ()
    kubelet_environment: tuple[UnitLine, ...] = ()
    links: tuple[str, ...] = ()
