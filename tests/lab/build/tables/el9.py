"""Enterprise Linux 9 and 10: what a minimal install of them does not have, by repository."""

from __future__ import annotations

from dataclasses import replace

from ..rpms import Package
from .el8 import NGINX, by_name

_BASEOS = {
    9: (("ethtool", "6.11", "1.el9"), ("iproute-tc", "6.11.0", "1.el9"), ("ipset", "7.11", "11.el9_5")),
    10: (("ethtool", "6.11", "1.el10"), ("iproute-tc", "6.11.0", "1.el10"), ("ipset", "7.21", "6.el10")),
}
_DNF_PLUGINS = {9: ("4.3.0", "20.el9"), 10: ("4.7.0", "8.el10")}
_APPSTREAM = {
    9: (
        ("conntrack-tools", "1.4.7", "4.el9"),
        ("socat", "1.7.4.1", "6.el9"),
        ("ipvsadm", "1.31", "6.el9"),
        ("keepalived", "2.2.8", "6.el9"),
    ),
    10: (
        ("conntrack-tools", "1.4.8", "3.el10"),
        ("socat", "1.7.4.4", "8.el10"),
        ("ipvsadm", "1.31", "15.el10"),
        ("keepalived", "2.2.8", "6.el10"),
    ),
}
_SELINUX = {9: ("2.235.0", "1.el9_6"), 10: ("2.235.0", "2.el10_0")}
_SEMANAGE = {9: ("3.6", "3.el9"), 10: ("3.8", "1.el10")}

IPTABLES_FAMILIES = ("iptables", "ip6tables", "ebtables")


def _as(name: str, version: str, release: str) -> Package:
    """EL8's package of that name with another version; of its capabilities only the names stay."""
    old = by_name(name)
    provides = tuple(capability.partition(" = ")[0] for capability in old.provides)
    return replace(old, version=version, release=release, provides=provides, module="")


def _nginx(el_major: int) -> tuple[Package, ...]:
    """nginx and its stream module as plain packages, in no module."""
    release = f"1.el{el_major}"
    nginx = replace(NGINX, release=release, module="")
    needed = (f"nginx = 1:{NGINX.version}-{release}",)
    return nginx, replace(by_name("nginx-mod-stream"), release=release, module="", requires=needed)


def baseos(el_major: int) -> tuple[Package, ...]:
    """BaseOS."""
    version, release = _DNF_PLUGINS[el_major]
    tools = [_as(*row) for row in _BASEOS[el_major]]
    plugins = [_as(name, version, release) for name in ("yum-utils", "python3-dnf-plugin-versionlock")]
    return (*tools, *plugins)


def appstream(el_major: int) -> tuple[Package, ...]:
    """AppStream, without what only one of the two has."""
    return (
        *(_as(*row) for row in _APPSTREAM[el_major]),
        *_nginx(el_major),
        Package("container-selinux", *_SELINUX[el_major], epoch=4, arch="noarch"),
        _as("policycoreutils-python-utils", *_SEMANAGE[el_major]),
    )


BASEOS_9 = (*baseos(9), Package("iptables-services", "1.8.10", "11.el9_5", arch="noarch", requires=("iptables",)))
# A stream that no host has enabled: what is in it must stay hidden behind the plain package.
MODULAR_9 = replace(NGINX, release="2.module+el9+1+lab", module="nginx:1.24", version="1.24.0")
APPSTREAM_9 = (*appstream(9), MODULAR_9)

BASEOS_10 = (*baseos(10), Package("kernel-modules-extra", "6.12.0", "55.el10_0"))
# No host of EL10 has iptables from the start; the kubelet's package brings this one, which is nftables underneath.
APPSTREAM_10 = (
    *appstream(10),
    Package(
        "iptables-nft",
        "1.8.11",
        "15.el10",
        provides=("iptables = 1.8.11", "ebtables"),
        links={
            f"usr/sbin/{family}{part}": "xtables-nft-multi"
            for family in IPTABLES_FAMILIES
            for part in ("", "-save", "-restore")
        },
    ),
)
