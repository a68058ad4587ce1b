"""What stands in the way of an upgrade: versions -> what is known of them."""

from __future__ import annotations

import pytest

from k8s_ha.catalog import compatibility, lifetimes
from k8s_ha.catalog.upgrades import BadPatch, bad_patch, etcd_floor, is_proven, numbers, oldest_kubelet


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("1.30.14", (1, 30, 14)),
        ("v1.30.14", (1, 30, 14)),
        ("3.5.16+dfsg", (3, 5, 16)),
        ("3.6.0-rc.1", None),
        ("1.30", None),
        ("1.30.14\n", None),
        ("1.30.1234567", None),
        ("1.30.²", None),
        ("", None),
    ],
)
def test_a_release_is_three_numbers(version: str, found: tuple[int, int, int] | None) -> None:
    assert numbers(version) == found


@pytest.mark.parametrize(
    ("version", "own_repository", "better"),
    [
        ("1.21.1", True, "1.21.2"),
        ("1.21.1", False, None),
        ("1.21.2", True, None),
        ("1.24.2", False, "1.24.3"),
        ("1.24.3", False, None),
        ("1.27.0", False, None),
        ("1.28.2", False, "1.28.3"),
        ("1.30.0", False, "1.30.1"),
        ("1.34.0", False, "1.34.2"),
        ("1.34.1", True, "1.34.2"),
        ("1.34.2", True, None),
        ("no version", True, None),
    ],
)
def test_patches_that_are_known_to_be_bad(version: str, own_repository: bool, better: str | None) -> None:
    found = bad_patch(version, own_repository)
    assert (found.better if found else None) == better


@pytest.mark.parametrize(
    ("version", "better"),
    [
        ("1.26.15", None),
        ("1.27.10", "1.27.11"),
        ("1.27.11", None),
        ("1.28.6", "1.28.7"),
        ("1.28.2", "1.28.3"),
        ("1.29.1", "1.29.2"),
        ("1.29.2", None),
    ],
)
def test_patches_that_are_bad_where_kubelets_are_patched(version: str, better: str | None) -> None:
    found = bad_patch(version, False, kubelet_patches=True)
    assert (found.better if found else None) == better


@pytest.mark.parametrize("row", lifetimes.BAD_PATCHES, ids=lambda row: row.remedy)
def test_what_no_cluster_should_begin_with_none_is_upgraded_to(row: lifetimes.BadPatches) -> None:
    for patch in range(row.good):
        assert bad_patch(f"1.{row.minor}.{patch}", True) == BadPatch(row.reason, row.remedy)


@pytest.mark.parametrize(
    ("minor", "version", "judgement"),
    [
        (34, "3.5.16", "refused"),
        (34, "3.5.23", "refused"),
        (34, "3.5.24", "low"),
        (34, "3.5.25", "low"),
        (34, "3.5.26", "fits"),
        (34, "3.5.100", "fits"),
        (34, "3.6.5", "fits"),
        (34, "3.4.30", "refused"),
        (34, "", "unknown"),
        (34, "3.6.0-rc.1", "unknown"),
        (37, "3.6.8", "refused"),
        (37, "3.6.10", "refused"),
        (37, "3.6.11", "fits"),
        (37, "3.7.0", "fits"),
        (37, "unreleased", "unknown"),
    ],
)
def test_what_etcd_must_have_before(minor: int, version: str, judgement: str) -> None:
    floor = etcd_floor(minor)
    assert floor is not None
    assert floor.judge(version) == judgement


def test_no_other_minor_asks_for_an_etcd() -> None:
    assert [minor for minor in compatibility.LINES if etcd_floor(minor)] == [34, 37]


def test_upgrades_were_seen_to_lead_to_these_minors_and_no_others() -> None:
    assert [minor for minor in range(20, 40) if is_proven(minor)] == list(range(30, 38))


@pytest.mark.parametrize(("minor", "oldest"), [(24, 22), (26, 24), (27, 25), (28, 25), (37, 34)])
def test_the_oldest_kubelet_beside_an_api_server(minor: int, oldest: int) -> None:
    assert oldest_kubelet(minor) == oldest
