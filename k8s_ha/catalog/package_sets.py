"""Which packages a host needs, and what for: shell patterns of the version by name; ``*`` takes any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KUBERNETES: Final = ("kubelet", "kubeadm", "kubectl", "cri-tools", "kubernetes-cni")
"""What Kubernetes' repository has (pkgs.k8s.io)."""

DOCKER: Final = ("containerd.io", "docker-ce", "docker-ce-cli", "docker-ce-rootless-extras")
"""What is taken of Docker's repository (download.docker.com)."""

CONTAINER_SELINUX: Final[Mapping[str, str]] = {"container-selinux": "*"}
"""containerd.io asks for 2:2.74 or newer of it, which plain EL7 lacks."""

# kubeadm's preflight asks for these; kubelet's packages no longer do (kubernetes/release, 2024-08 and 2025-09).
# tc is in a package of its own from EL8 on.
_EVERYWHERE: Final = ("conntrack-tools", "ethtool", "socat")
_HELPERS: Final[Mapping[int, tuple[str, ...]]] = {
    7: (*_EVERYWHERE, "iproute", "ebtables"),
    8: (*_EVERYWHERE, "iproute-tc"),
    9: (*_EVERYWHERE, "iproute-tc"),
    10: (*_EVERYWHERE, "iproute-tc"),
}

SELINUX_TOOLS: Final[Mapping[int, str]] = {
    7: "policycoreutils-python",
    8: "policycoreutils-python-utils",
    9: "policycoreutils-python-utils",
    10: "policycoreutils-python-utils",
}
"""Package with semanage, by EL major."""


def kubectl(version: str) -> dict[str, str]:
    """What an admin host needs of Kubernetes' repository."""
    return {"kubectl": version}


def node(version: str) -> dict[str, str]:
    """What a node needs of Kubernetes' repository."""
    return {"kubelet": version, "kubeadm": version, "kubectl": version, "cri-tools": "*"}


def helpers(el_major: int) -> dict[str, str]:
    """What kubeadm and the kubelet call, from the distribution."""
    return dict.fromkeys(_HELPERS[el_major], "*")


def load_balancer(stream_built_in: bool) -> dict[str, str]:
    """What a load balancer needs; nginx.org's own nginx has no module packages."""
    return {"nginx": "*"} if stream_built_in else {"nginx": "*", "nginx-mod-stream": "*"}


KEEPALIVED: Final[Mapping[str, str]] = {"keepalived": "*"}
"""What a load balancer needs for a virtual address, from the distribution."""

INTERPRETERS: Final = ("/usr/libexec/platform-python", "/usr/bin/python3", "/usr/bin/python2")
"""Where the Python of a host's package manager is: EL8 and EL9, EL10, EL7."""

SURVEYED: Final = tuple(
    dict.fromkeys(
        (
            *node(""),
            "containerd.io",
            "docker-ce",
            "docker-ce-cli",
            *CONTAINER_SELINUX,
            *load_balancer(False),
            *KEEPALIVED,
        )
    )
)
"""What the survey searches among a host's installed packages."""
