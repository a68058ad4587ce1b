"""Mirror profiles: complete, pinned, and a user's own in their place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from k8s_ha.catalog import compatibility
from k8s_ha.catalog.mirrors import PROFILES, MirrorSettings, Profile
from k8s_ha.desired.yum import repositories
from tests.support.example_cluster import OWN_KUBERNETES


def urls(profile: Profile) -> Iterator[str]:
    """Every URL that packages and keys of a profile come from."""
    for source in profile.kubernetes:
        yield source.baseurl
        yield from source.gpgkeys
    yield from profile.epel.values()
    yield from (profile.docker_baseurl, profile.docker_gpgkey, profile.epel_gpgkey)
    yield from (profile.vault_baseurl, profile.vault_gpgkey)


@pytest.mark.parametrize("name", PROFILES)
def test_no_url_depends_on_the_release_or_on_the_day(name: str) -> None:
    for url in [*urls(PROFILES[name]), PROFILES[name].cri_dockerd_url]:
        assert url.startswith("https://")
        assert "$" not in url
        assert "latest" not in url


@pytest.mark.parametrize(
    ("name", "minor", "baseurl"),
    [
        ("official", 23, None),
        ("official", 24, "https://pkgs.k8s.io/core:/stable:/v1.{minor}/rpm/"),
        ("official", 37, "https://pkgs.k8s.io/core:/stable:/v1.{minor}/rpm/"),
        ("aliyun", 20, "https://mirrors.aliyun.com/kubernetes/yum/repos/kubernetes-el7-{arch}"),
        ("aliyun", 27, "https://mirrors.aliyun.com/kubernetes/yum/repos/kubernetes-el7-{arch}"),
        ("aliyun", 28, "https://mirrors.aliyun.com/kubernetes-new/core/stable/v1.{minor}/rpm/"),
    ],
)
def test_kubernetes_by_minor(name: str, minor: int, baseurl: str | None) -> None:
    source = PROFILES[name].kubernetes_source(minor)
    assert (source and source.baseurl) == baseurl


def test_own_urls_replace_the_profiles() -> None:
    own = MirrorSettings(**OWN_KUBERNETES).profile
    source = own.kubernetes_source(compatibility.OLDEST.minor)
    assert source is not None
    assert (source.baseurl, source.gpgkeys) == (
        "https://mirror.example/kubernetes/{minor}",
        ("https://mirror.example/key",),
    )
    assert own.docker_baseurl == PROFILES["official"].docker_baseurl


def test_an_own_mirror_takes_the_place_of_aliyuns_with_every_package() -> None:
    own = MirrorSettings(base_url="https://mirror.example/pub/").profile
    assert sorted(urls(own)) == sorted(
        url.replace("https://mirrors.aliyun.com", "https://mirror.example/pub") for url in urls(PROFILES["aliyun"])
    )


@pytest.mark.parametrize(
    ("own", "image"),
    [
        ({}, "docker.io/library/busybox:1.36"),
        ({"base": "aliyun"}, "docker.m.daocloud.io/library/busybox:1.36"),
        ({"base_url": "https://mirror.example"}, "docker.m.daocloud.io/library/busybox:1.36"),
        ({"probe_image": "registry.example/busybox:1"}, "registry.example/busybox:1"),
    ],
)
def test_the_probes_image_comes_from_the_mirror(own: dict[str, str], image: str) -> None:
    assert MirrorSettings(**own).profile.probe_image == image


def test_every_package_is_checked() -> None:
    for name, profile in PROFILES.items():
        for el_major in compatibility.EL_MAJORS:
            for role in ("control_plane", "worker", "load_balancer", "admin"):
                found = repositories(
                    profile,
                    roles=(role,),
                    family="rhel",
                    el_major=el_major,
                    arch="x86_64",
                    extras=False,
                    kubernetes_minor=30,
                )
                assert all(repository.gpgcheck and repository.gpgkeys for repository in found), name
                assert not any(mark in repository.baseurl for repository in found for mark in "{}$")
