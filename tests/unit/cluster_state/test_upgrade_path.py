"""The versions that an upgrade goes through: (standing, wanted, mirrors, etcd) -> hops, or why there are none."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.cluster_state.upgrade_path import NoPath, upgrade_path

GOOD_ETCD = {"master1": "3.6.13", "master2": "3.6.13"}
EVERYTHING = {
    28: ("1.28.2", "1.28.15"),
    29: ("1.29.9", "1.29.15"),
    30: ("1.30.0", "1.30.14", "1.30.9"),
    31: ("1.31.9", "1.31.14"),
    32: ("1.32.13",),
    33: ("1.33.5", "1.33.13"),
    34: ("1.34.1", "1.34.4", "1.34.11"),
    35: ("1.35.9",),
    36: ("1.36.3", "1.36.4"),
    37: ("1.37.2",),
}


def path(standing: str, wanted: str, **given: Any) -> tuple[str, ...]:
    known: dict[str, Any] = {"available": EVERYTHING, "own_repository": False, "etcd": GOOD_ETCD}
    return upgrade_path(standing, wanted, **(known | given))


def without(minor: int) -> dict[int, tuple[str, ...]]:
    return {other: versions for other, versions in EVERYTHING.items() if other != minor}


OLD = {"master1": "3.5.26", "master2": "3.5.16"}

HOPS: dict[str, tuple[str, str, dict[str, Any], tuple[str, ...]]] = {
    "what stands": ("1.30.14", "1.30.14", {}, ()),
    "what stands, although it has a fault": ("1.30.0", "1.30.0", {}, ()),
    "a patch": ("1.34.4", "1.34.11", {}, ("1.34.11",)),
    "a patch behind those that write a bad etcd.yaml": ("1.28.3", "1.28.15", {}, ("1.28.15",)),
    "a minor": ("1.30.14", "1.31.9", {}, ("1.31.9",)),
    "a minor from an old patch of the one before": ("1.30.9", "1.31.9", {}, ("1.31.9",)),
    "minors in between in their newest releases": (
        "1.29.9",
        "1.32.13",
        {},
        ("1.30.14", "1.31.14", "1.32.13"),
    ),
    "numbers and no letters": (
        "1.29.9",
        "1.31.9",
        {"available": EVERYTHING | {30: ("1.30.9", "1.30.14")}},
        ("1.30.14", "1.31.9"),
    ),
    "the newest that has no known fault": (
        "1.33.13",
        "1.35.9",
        {"available": EVERYTHING | {34: ("1.34.2", "1.34.1")}},
        ("1.34.2", "1.35.9"),
    ),
    "before the mirrors were asked": (
        "1.30.1",
        "1.33.5",
        {"available": None},
        ("1.31.14", "1.32.13", "1.33.5"),
    ),
    "what is no release does not count": (
        "1.30.14",
        "1.32.13",
        {"available": EVERYTHING | {31: ("1.31.9", "1.31.99-rc.1", "1.32.99", "newest")}},
        ("1.31.9", "1.32.13"),
    ),
    "1.21.1 by upstream's own images": ("1.20.15", "1.21.1", {"available": None}, ("1.21.1",)),
    "etcd is new enough": ("1.33.5", "1.34.11", {"etcd": {"master1": "3.5.24"}}, ("1.34.11",)),
    "etcd is too old, and a newer patch brings another": ("1.33.5", "1.34.11", {"etcd": OLD}, ("1.33.13", "1.34.11")),
    "likewise before the mirrors were asked": (
        "1.33.5",
        "1.34.11",
        {"etcd": OLD, "available": None},
        ("1.33.13", "1.34.11"),
    ),
    "the way goes through such a patch anyway": ("1.32.13", "1.34.11", {"etcd": OLD}, ("1.33.13", "1.34.11")),
    "a floor further on": (
        "1.34.4",
        "1.37.2",
        {"etcd": {"master1": "3.6.8"}},
        ("1.35.9", "1.36.4", "1.37.2"),
    ),
    "the floor of 1.37": ("1.36.3", "1.37.2", {"etcd": {"master1": "3.6.8"}}, ("1.36.4", "1.37.2")),
    "a floor that was passed": ("1.34.4", "1.35.9", {"etcd": OLD}, ("1.35.9",)),
    "a patch asks etcd for nothing": ("1.34.4", "1.34.11", {"etcd": {}}, ("1.34.11",)),
}


@pytest.mark.parametrize(("standing", "wanted", "given", "hops"), HOPS.values(), ids=HOPS)
def test_hops(standing: str, wanted: str, given: dict[str, Any], hops: tuple[str, ...]) -> None:
    assert path(standing, wanted, **given) == hops


REFUSALS: dict[str, tuple[str, str, dict[str, Any], tuple[str, str, str]]] = {
    "an older minor": (
        "1.31.9",
        "1.30.14",
        {},
        (
            "the cluster stands with Kubernetes 1.31.9, and 1.30.14 is wanted",
            "Kubernetes does not go back, nor does etcd's data",
            "set kubernetes_version = '1.31.9' or newer",
        ),
    ),
    "an older patch": (
        "1.30.14",
        "1.30.9",
        {},
        ("stands with Kubernetes 1.30.14, and 1.30.9", "does not go back", "'1.30.14' or newer"),
    ),
    "another major": ("1.30.14", "2.0.0", {}, ("kubernetes_version is 2.0.0", "1.20 to 1.37 are known", "name one")),
    "a line that nobody knows": ("1.30.14", "1.38.0", {}, ("kubernetes_version is 1.38.0", "1.20 to 1.37", "name one")),
    "a cluster that nobody knows": ("1.19.16", "1.21.14", {}, ("stands with 1.19.16", "1.20 to 1.37", "a release of")),
    "a cluster that tells nothing": ("", "1.21.14", {}, ("a Kubernetes that is not known", "1.20 to 1.37", "name one")),
    "a bad patch": (
        "1.33.13",
        "1.34.1",
        {},
        ("kubernetes_version is 1.34.1", "cannot upgrade a worker", "set kubernetes_version = '1.34.2' or newer"),
    ),
    "a minor from a patch that writes a bad etcd.yaml": (
        "1.28.2",
        "1.29.15",
        {},
        (
            "the cluster stands with Kubernetes 1.28.2",
            "its kubeadm writes an etcd.yaml that the next upgrade rolls back from",
            "upgrade its control planes by hand to 1.28.3 or newer, once with --etcd-upgrade=false",
        ),
    ),
    "a patch from one that writes a bad etcd.yaml": (
        "1.28.0",
        "1.28.15",
        {},
        ("the cluster stands with Kubernetes 1.28.0", "etcd.yaml", "to 1.28.3 or newer, once with"),
    ),
    "a patch that is bad for mirrors": (
        "1.20.15",
        "1.21.1",
        {"available": None, "own_repository": True},
        ("kubernetes_version is 1.21.1", "CoreDNS", "'1.21.2' or newer"),
    ),
    "a version that the mirrors lack": (
        "1.30.9",
        "1.31.10",
        {},
        (
            "the mirrors of the nodes lack Kubernetes 1.31.10",
            "every node gets its packages and images from there",
            "set kubernetes_version = '1.31.14', or use another mirror",
        ),
    ),
    "a version that the mirrors lack, as all that is newer": (
        "1.34.11",
        "1.34.12",
        {},
        ("the mirrors of the nodes lack Kubernetes 1.34.12", "packages and images", "use another mirror"),
    ),
    "a minor in between that the mirrors lack": (
        "1.30.14",
        "1.32.13",
        {"available": without(31)},
        (
            "the mirrors of the nodes lack Kubernetes 1.31",
            "an upgrade passes every minor in between",
            "use a mirror that has it",
        ),
    ),
    "a minor in between of bad patches alone": (
        "1.33.13",
        "1.35.9",
        {"available": EVERYTHING | {34: ("1.34.0", "1.34.1")}},
        ("of Kubernetes 1.34 the mirrors of the nodes have at most 1.34.1", "cannot upgrade a worker", "has 1.34.2"),
    ),
    "etcd is too old, and nothing newer brings another": (
        "1.33.13",
        "1.34.11",
        {"etcd": OLD},
        (
            "the etcd member master2 runs 3.5.16, and no newer 1.33 is there that may bring another",
            "1.34 needs 3.5.24",
            "bring every member to 3.5.24 or newer first",
        ),
    ),
    "likewise before 1.37": (
        "1.36.4",
        "1.37.2",
        {"etcd": {"master1": "3.6.8"}},
        ("the etcd member master1 runs 3.6.8", "1.37 needs 3.6.11", "bring every member to 3.6.11"),
    ),
    "a member that does not tell": (
        "1.33.5",
        "1.34.11",
        {"etcd": {"master1": "3.5.26", "master2": ""}},
        ("the etcd member master2 did not tell which version runs", "1.34 needs 3.5.24 or newer", "repair etcd"),
    ),
    "members that do not tell, with a floor further on": (
        "1.32.13",
        "1.35.9",
        {"etcd": {"master1": "?", "master2": ""}},
        ("the etcd members master1, master2 did not tell", "1.34 needs 3.5.24", "repair etcd"),
    ),
    "no member at all": ("1.33.5", "1.34.11", {"etcd": {}}, ("etcd did not tell which version", "1.34", "repair etcd")),
}


@pytest.mark.parametrize(("standing", "wanted", "given", "phrases"), REFUSALS.values(), ids=REFUSALS)
def test_what_has_no_path(standing: str, wanted: str, given: dict[str, Any], phrases: tuple[str, str, str]) -> None:
    with pytest.raises(NoPath) as refused:
        path(standing, wanted, **given)
    found = (refused.value.found, refused.value.rule, refused.value.remedy)
    assert [part in phrase for part, phrase in zip(phrases, found, strict=True)] == [True] * 3, found
    assert str(refused.value) == "; ".join(found)
    assert all(len(phrase.split()) <= 25 for phrase in found)


def test_nothing_older_is_advised() -> None:
    with pytest.raises(NoPath) as refused:
        path("1.34.11", "1.34.12")
    assert refused.value.remedy == "use another mirror"
