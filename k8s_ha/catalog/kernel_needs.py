"""What pods need of a node's kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MODULES: Final = ("overlay", "br_netfilter")
# EL10's kernel-modules has no br_netfilter, and images come without the package that has (kops#17789).
MODULE_PACKAGES: Final = {10: "kernel-modules-extra"}
"""What has the modules where the kernel's own package has not, by EL major."""

MODULES_FILE: Final = "/etc/modules-load.d/k8s.conf"
SYSCTL_FILE: Final = "/etc/sysctl.d/k8s.conf"
_SYSCTL: Final = {
    "net.bridge.bridge-nf-call-ip6tables": "1",
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.ipv4.ip_forward": "1",
}
_KERNEL_SYSCTL: Final[Mapping[tuple[int, int], Mapping[str, str]]] = {
    # Without it a container's mount that leaked into another one keeps its folder "busy"; EL7's own kernel only.
    (3, 10): {"fs.may_detach_mounts": "1"},
}
"""What one kernel needs besides, by its first two numbers."""


def sysctl(kernel: tuple[int, int]) -> dict[str, str]:
    """The kernel settings that a node needs, by key.

    + kernel: its first two numbers
    """
    return {**_SYSCTL, **_KERNEL_SYSCTL.get(kernel, {})}


def modules_text() -> str:
    """What has systemd load the modules at boot."""
    return "".join(f"{module}\n" for module in MODULES)


def sysctl_text(values: Mapping[str, str]) -> str:
    """Kernel settings as sysctl reads them."""
    return "".join(f"{key} = {value}\n" for key, value in sorted(values.items()))
