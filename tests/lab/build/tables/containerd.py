"""The versions of containerd that Docker's repositories for EL8 and newer may serve."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..cache import BuildError


@dataclass(frozen=True)
class Containerd:
    """One containerd.io; `release` is without the system's part, `programs` is folder in the package -> source.

    + links: path in the package -> target of a symbolic link
    """

    version: str
    release: str
    programs: Mapping[str, str]
    links: Mapping[str, str] = field(default_factory=dict)


CONTAINERDS = {
    "1.6": Containerd("1.6.20", "3.1", {"usr/bin": "debs/containerd/usr/bin"}),
    # Debian's own looks for CNI plugins in another folder than Docker's.
    "1.7": Containerd(
        "1.7.24", "3.1", {"usr/bin": "containerd-1.7/containerd/usr/bin"}, {"usr/lib/cni": "/opt/cni/bin"}
    ),
    "2.2": Containerd("2.2.9", "1", {"usr/bin": "containerd-2.2"}),
}


def check(name: str) -> str:
    """The name itself; BuildError where the table has none such."""
    if name not in CONTAINERDS:
        raise BuildError(f"containerd {name}: the lab knows {', '.join(CONTAINERDS)}; choose one of these")
    return name
