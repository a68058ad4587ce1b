"""What stands in the way of an upgrade by the minor that it leads to, as tables with their sources."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from k8s_ha.catalog import compatibility, lifetimes
from k8s_ha.catalog.lifetimes import BadPatches

UNPROVEN_UPGRADE: Final = "unproven-upgrade"
"""What users accept by name for an upgrade to a minor that this package was never seen to upgrade to."""

PROVEN_SINCE: Final = 30
"""Oldest minor that an upgrade was seen to lead to: older lines cannot be had where this package is tested."""


def is_proven(minor: int) -> bool:
    """Whether an upgrade to 1.``minor`` was ever seen to run."""
    return PROVEN_SINCE <= minor <= compatibility.NEWEST.minor


Numbers = tuple[int, int, int]


def numbers(version: str) -> Numbers | None:
    """The three numbers of a release, such as ``v1.30.14``; None for anything else, a release candidate included."""
    found = re.fullmatch(r"v?([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})(\+[\w.-]*)?", version, re.ASCII)
    if found is None:
        return None
    major, minor, patch = (int(part) for part in found.groups()[:3])
    return major, minor, patch


@dataclass(frozen=True)
class BadPatch:
    """What is wrong with a version, as a phrase, and the oldest of its line that is good."""

    reason: str
    better: str


_CONCERNS_MIRRORS_ALONE: Final = (21,)
"""Of ``lifetimes.BAD_PATCHES``: where images come from upstream's own registry, nothing is wrong."""

# kubernetes/kubernetes#123093; on release-1.27, -1.28 and -1.29 by #123106, #123107 and #123108.
_PATCHED_KUBELET: Final = "its kubeadm hands one kubelet's patch to all of them"
_WITH_KUBELET_PATCHES: Final = (
    BadPatches(27, 11, _PATCHED_KUBELET),
    BadPatches(28, 7, _PATCHED_KUBELET),
    BadPatches(29, 2, _PATCHED_KUBELET),
)


def bad_patch(version: str, own_repository: bool, kubelet_patches: bool = False) -> BadPatch | None:
    """What is known to be wrong with upgrading to a version; None where nothing is.

    + version: such as ``1.30.14``
    + own_repository: whether images come from another registry than upstream's
    + kubelet_patches: whether kubeadm is given a folder of patches with one for ``kubeletconfiguration``
    """
    found = numbers(version)
    if found is None:
        return None
    _, minor, patch = found
    row = lifetimes.bad_patch(minor, patch)
    if row is not None and minor in _CONCERNS_MIRRORS_ALONE and not own_repository:
        row = None
    if row is None and kubelet_patches:
        row = next((other for other in _WITH_KUBELET_PATCHES if other.minor == minor and patch < other.good), None)
    return None if row is None else BadPatch(row.reason, row.remedy)


@dataclass(frozen=True)
class Floor:
    """What etcd must have before an upgrade to 1.``minor``, which brings etcd's next minor.

    + refused_below: with an older member the upgrade may lose members or does not start
    + warned_below: what etcd itself advises
    + reason: a phrase
    """

    minor: int
    refused_below: Numbers
    warned_below: Numbers
    reason: str

    def judge(self, version: str) -> Literal["fits", "low", "refused", "unknown"]:
        """What a member of this version is: ``low`` is allowed and not advised."""
        found = numbers(version)
        if found is None:
            return "unknown"
        if found < self.refused_below:
            return "refused"
        return "low" if found < self.warned_below else "fits"


_FLOORS: Final = (
    # etcd-io/etcd#19557, #20793: fixed in 3.5.24; #20967: repaired in 3.5.26 (etcd.io/blog, zombie_members_upgrade).
    Floor(34, (3, 5, 24), (3, 5, 26), "it brings etcd 3.6, where members of an older 3.5 come back as learners"),
    # etcd-io/website, content/en/docs/v3.7/upgrades/upgrade_3_7.md
    Floor(37, (3, 6, 11), (3, 6, 11), "it brings etcd 3.7, which begins with members of 3.6.11 at least"),
)


def etcd_floor(minor: int) -> Floor | None:
    """What etcd must have before an upgrade to 1.``minor``; None where nothing is asked."""
    return next((floor for floor in _FLOORS if floor.minor == minor), None)


def oldest_kubelet(minor: int) -> int:
    """Minor of the oldest kubelet that may run beside API servers of 1.``minor``.

    kubernetes.io/releases/version-skew-policy: three minors older, of kubelets before 1.25 two.
    """
    return max(minor - 3, min(25, minor - 2))
