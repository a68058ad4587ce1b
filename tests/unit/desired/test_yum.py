"""Which repositories a host gets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.catalog import gpg_keys
from k8s_ha.catalog.mirrors import PROFILES, MirrorSettings
from k8s_ha.desired.yum import Repository, repositories


def found(mirror: str = "aliyun", **changed: Any) -> dict[str, Repository]:
    """A node's repositories by the end of their ids, with what is changed of the host."""
    host: dict[str, Any] = {
        "roles": ("worker",),
        "family": "rhel",
        "el_major": 8,
        "arch": "x86_64",
        "extras": False,
        "kubernetes_minor": 23,
    }
    return {
        repository.id.removeprefix("k8s-ha-"): repository
        for repository in repositories(PROFILES[mirror], **{**host, **changed})
    }


@pytest.mark.parametrize(
    ("host", "ids"),
    [
        ({"roles": ("control_plane",)}, {"docker", "kubernetes", "epel"}),
        ({"roles": ("worker",), "el_major": 9}, {"docker", "kubernetes"}),
        ({"roles": ("load_balancer",)}, {"epel"}),
        ({"roles": ("load_balancer",), "el_major": 10}, set()),
        ({"roles": ("admin",), "el_major": 9}, {"kubernetes"}),
        ({"roles": ("load_balancer", "admin"), "el_major": 7}, {"kubernetes", "epel"}),
        ({"el_major": 7, "family": "centos"}, {"docker", "kubernetes", "epel"}),
        ({"el_major": 7, "family": "rhel", "extras": True}, {"docker", "kubernetes", "epel"}),
        ({"el_major": 7, "family": "rhel"}, {"docker", "kubernetes", "epel", "extras"}),
        ({"el_major": 7, "family": "rhel", "roles": ("load_balancer",)}, {"epel"}),
    ],
)
def test_by_role_and_system(host: dict[str, Any], ids: set[str]) -> None:
    assert set(found(**host)) == ids


@pytest.mark.parametrize(
    ("el_major", "tree", "module_hotfixes"),
    [(7, "centos/7", False), (8, "rhel/8", True), (9, "rhel/9", True), (10, "rhel/10", True)],
)
def test_docker_by_el_major(el_major: int, tree: str, module_hotfixes: bool) -> None:
    docker = found(el_major=el_major)["docker"]
    assert docker.baseurl == f"https://mirrors.aliyun.com/docker-ce/linux/{tree}/x86_64/stable"
    assert docker.gpgkeys == (f"https://mirrors.aliyun.com/docker-ce/linux/{tree.split('/')[0]}/gpg",)
    assert docker.module_hotfixes is module_hotfixes
    assert {"docker-ce", "docker-ce-cli", "containerd.io"} <= set(docker.exclude)


@pytest.mark.parametrize(
    ("minor", "baseurl", "keys"),
    [
        (
            23,
            "https://mirrors.aliyun.com/kubernetes/yum/repos/kubernetes-el7-x86_64",
            (
                "https://mirrors.aliyun.com/kubernetes/yum/doc/yum-key.gpg",
                "https://mirrors.aliyun.com/kubernetes/yum/doc/rpm-package-key.gpg",
            ),
        ),
        (
            30,
            "https://mirrors.aliyun.com/kubernetes-new/core/stable/v1.30/rpm/",
            ("https://mirrors.aliyun.com/kubernetes-new/core/stable/v1.30/rpm/repodata/repomd.xml.key",),
        ),
    ],
)
def test_kubernetes_by_line(minor: int, baseurl: str, keys: tuple[str, ...]) -> None:
    kubernetes = found(kubernetes_minor=minor)["kubernetes"]
    assert (kubernetes.baseurl, kubernetes.gpgkeys, kubernetes.repo_gpgcheck) == (baseurl, keys, False)
    assert kubernetes.exclude == ("kubelet", "kubeadm", "kubectl", "cri-tools", "kubernetes-cni")


@pytest.mark.parametrize(
    ("mirror", "minor", "pinned"),
    [
        ("official", 30, {"docker": gpg_keys.DOCKER, "kubernetes": gpg_keys.KUBERNETES, "epel": gpg_keys.EPEL[7]}),
        ("aliyun", 30, {"docker": gpg_keys.DOCKER, "kubernetes": gpg_keys.KUBERNETES, "epel": gpg_keys.EPEL[7]}),
        # Of Google's legacy keys no list could be confirmed.
        ("aliyun", 23, {"docker": gpg_keys.DOCKER, "kubernetes": (), "epel": gpg_keys.EPEL[7]}),
    ],
)
def test_the_keys_of_public_sources_are_pinned(mirror: str, minor: int, pinned: dict[str, tuple[str, ...]]) -> None:
    roles = ("control_plane", "load_balancer")
    repositories = found(mirror, kubernetes_minor=minor, el_major=7, roles=roles)
    assert {name: repositories[name].fingerprints for name in pinned} == pinned
    assert repositories["extras"].fingerprints == gpg_keys.CENTOS_7
    for repository in repositories.values():
        assert bool(repository.key_file) == bool(repository.fingerprints)
        expected = (f"file://{repository.key_file}",) if repository.key_file else repository.gpgkeys
        assert repository.yum_gpgkeys == expected


def test_a_repository_that_nothing_is_installed_from_needs_no_key_there() -> None:
    assert (found("official")["epel"].key_file, found("official")["epel"].enabled) == (None, False)


@pytest.mark.parametrize(
    ("own", "pinned"),
    [
        ({"base_url": "https://mirror.example"}, ((), (), ())),
        (
            {"docker_baseurl": "https://m.example", "docker_gpgkey": "https://m.example/k"},
            ((), gpg_keys.KUBERNETES, gpg_keys.EPEL[8]),
        ),
        ({"docker_gpgkey": "https://m.example/k"}, (gpg_keys.DOCKER, gpg_keys.KUBERNETES, gpg_keys.EPEL[8])),
        ({"gpgkey_fingerprints": {"docker": []}}, ((), gpg_keys.KUBERNETES, gpg_keys.EPEL[8])),
        (
            {
                "base_url": "https://mirror.example",
                "gpgkey_fingerprints": {"docker": ["a" * 40], "epel": ["b" * 40], "kubernetes": ["c" * 40]},
            },
            (("A" * 40,), ("C" * 40,), ("B" * 40,)),
        ),
        (
            {
                "kubernetes_baseurl": "https://m.example",
                "kubernetes_gpgkey": "https://m.example/k",
                "gpgkey_fingerprints": {"kubernetes": ["c" * 40]},
            },
            (gpg_keys.DOCKER, ("C" * 40,), gpg_keys.EPEL[8]),
        ),
    ],
)
def test_of_an_own_mirror_what_is_given_is_pinned(own: dict[str, Any], pinned: tuple[tuple[str, ...], ...]) -> None:
    profile = MirrorSettings(**own).profile
    source = profile.kubernetes_source(30)
    assert source is not None
    assert (profile.docker_fingerprints, source.fingerprints, profile.epel_fingerprints.get(8, ())) == pinned


def test_other_keys_have_another_file() -> None:
    docker = found("official")["docker"]
    others = [replace(docker, fingerprints=("A" * 40,)), replace(docker, gpgkeys=("https://m.example/k",))]
    assert len({docker.key_file, *(other.key_file for other in others)}) == 3


def test_epel_is_used_for_nginx_on_el7_alone_and_shadows_nothing() -> None:
    used = found(el_major=7, roles=("load_balancer",))["epel"]
    assert used.enabled
    assert used.includepkgs == ("nginx", "nginx-*", "openssl11-libs", "gperftools-libs")
    assert not found(el_major=7)["epel"].enabled
    assert not found(roles=("load_balancer",))["epel"].enabled


def test_of_centos_extras_only_container_selinux_is_seen() -> None:
    extras = found(el_major=7)["extras"]
    assert extras.baseurl == "https://mirrors.aliyun.com/centos-vault/7.9.2009/extras/x86_64"
    assert extras.includepkgs == ("container-selinux",)
    assert extras.gpgkeys == ("https://mirrors.aliyun.com/centos-vault/RPM-GPG-KEY-CentOS-7",)
