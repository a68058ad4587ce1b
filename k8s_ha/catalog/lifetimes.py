"""How long each Kubernetes line lives, and which of its patches no cluster should begin with, with their sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from k8s_ha.catalog import compatibility

# kubernetes/website, data/releases/eol.yaml (what has ended) and kubernetes.io/releases/1.x/ (what is planned).
ENDS: Final[Mapping[int, date]] = {
    20: date(2022, 2, 28),
    21: date(2022, 6, 28),
    22: date(2022, 12, 8),
    23: date(2023, 2, 28),
    24: date(2023, 7, 28),
    25: date(2023, 10, 28),
    26: date(2024, 2, 28),
    27: date(2024, 7, 16),
    28: date(2024, 10, 22),
    29: date(2025, 2, 28),
    30: date(2025, 7, 15),
    31: date(2025, 11, 11),
    32: date(2026, 2, 28),
    33: date(2026, 6, 28),
    34: date(2026, 10, 27),
    35: date(2027, 2, 28),
    36: date(2027, 6, 28),
    37: date(2027, 10, 28),
}
"""The last day of each line, by its minor."""


@dataclass(frozen=True)
class BadPatches:
    """Patches 1.``minor``.0 up to the one before ``good``, and what is wrong with them.

    + standing: what a cluster that stands with one needs at its upgrade beside the good one
    """

    minor: int
    good: int
    reason: str
    standing: str = ""

    @property
    def remedy(self) -> str:
        """The first good version."""
        return f"{compatibility.MAJOR}.{self.minor}.{self.good}"


BAD_PATCHES: Final = (
    # kubernetes/kubeadm#2501, kubernetes/kubernetes#102502
    BadPatches(21, 2, "its kubeadm looks for CoreDNS where a mirror of images has none"),
    # kubernetes/kubeadm#2426, kubernetes/kubernetes#110634
    BadPatches(24, 3, "its kubeadm can write a runtime's socket that the next upgrade does not find"),
    # kubernetes/kubeadm#2927, #2957
    BadPatches(
        28,
        3,
        "its kubeadm writes an etcd.yaml that the next upgrade rolls back from",
        standing=", once with --etcd-upgrade=false",
    ),
    # kubernetes/kubeadm#3049, #3050
    BadPatches(30, 1, "its kubeadm resets the kubelets' configuration to the defaults at an upgrade"),
    # kubernetes/kubeadm#3244
    BadPatches(34, 2, "its kubeadm cannot upgrade a worker, whose socket annotation it fails to remove"),
)


def has_ended(minor: int, today: date) -> bool:
    """Whether the line gets no fixes any more; a line that no table knows has not."""
    return minor in ENDS and today > ENDS[minor]


def alive(today: date) -> list[int]:
    """Minors of the lines that still get fixes, oldest first."""
    return [minor for minor in compatibility.LINES if not has_ended(minor, today)]


def bad_patch(minor: int, patch: int) -> BadPatches | None:
    """The row that speaks against this version; None where there is none."""
    return next((row for row in BAD_PATCHES if row.minor == minor and patch < row.good), None)
