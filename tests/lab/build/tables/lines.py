"""The Kubernetes lines that the lab can have, and what differs between them."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..cache import BuildError

DEFAULT = "1.20.2"


@dataclass(frozen=True)
class Line:
    """One version of Kubernetes.

    + release: of its RPMs
    + cni: release of kubernetes-cni that its packages ask for at least
    + helpers: what else its kubelet's package asks for
    + asks_for_cri_tools: whether its kubeadm's package does
    + dns: source of the program in its CoreDNS image
    + containerd: which one of tables/containerd.py it is served with unless another one is asked for
    """

    version: str
    helpers: tuple[str, ...]
    asks_for_cri_tools: bool
    containerd: str
    release: str = "150500.1.1"
    cni: str = "1.2.0"
    dns: str = "coredns/coredns"

    @property
    def key(self) -> tuple[int, ...]:
        """The version as numbers."""
        return tuple(map(int, self.version.split(".")))

    @property
    def minor(self) -> str:
        """The line as users write it, such as "1.34"."""
        return self.version.rpartition(".")[0]

    @property
    def source(self) -> str:
        """The name of its programs among the sources of RPMs and images."""
        return f"kubernetes-{self.version}"


# kubernetes/release dropped socat and ebtables in August 2024, and all but these two in September 2025.
_LATE = ("iptables >= 1.4.21", "util-linux")
_MIDDLE = ("conntrack", "ethtool", "iproute", *_LATE)
_EARLY = ("conntrack", "ebtables", "ethtool", "iproute", "socat", *_LATE)

LINES = (
    Line("1.20.2", _EARLY, True, "1.6", release="0", cni="0.8.6", dns="kubernetes-1.20.2/labdns"),
    Line("1.29.15", _EARLY, True, "1.6"),
    Line("1.30.14", _EARLY, True, "1.6"),
    Line("1.31.9", _MIDDLE, True, "2.2"),
    Line("1.32.13", _MIDDLE, False, "2.2"),
    Line("1.33.13", _MIDDLE, False, "2.2"),
    Line("1.34.4", _MIDDLE, False, "2.2"),
    Line("1.34.11", _MIDDLE, False, "2.2"),
    Line("1.35.4", _LATE, False, "2.2"),
    Line("1.36.3", _LATE, False, "2.2"),
    Line("1.37.2", _LATE, False, "2.2"),
)


def find(name: str) -> Line:
    """The line that a user names: "1.34" is its newest patch of the table, "1.34.4" that one; BuildError otherwise."""
    fitting = [line for line in LINES if name in (line.version, line.minor)]
    if not fitting:
        known = ", ".join(line.version for line in LINES)
        raise BuildError(f"line {name}: the lab knows {known}; choose one of these, or 1.34 for the newest 1.34")
    return max(fitting, key=lambda line: line.key)


def chosen(names: Iterable[str]) -> tuple[Line, ...]:
    """The lines of these names, the oldest first; without a name the default."""
    lines = {find(name) for name in names} or {find(DEFAULT)}
    return tuple(sorted(lines, key=lambda line: line.key))


def oldest(names: Iterable[str]) -> Line:
    """The oldest of the lines of these names."""
    return chosen(names)[0]
