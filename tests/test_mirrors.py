"""Which repositories a host gets."""

import pytest

from k8s_ha.mirrors import PROFILES, MirrorSettings, Repository, repositories
from tests.example_cluster import OWN_KUBERNETES


def docker(el_major: int, arch: str = "x86_64") -> Repository:
    return repositories(MirrorSettings(), el_major=el_major, arch=arch, kubernetes_minor=30)[0]


def kubernetes(mirror: MirrorSettings) -> Repository:
    return repositories(mirror, el_major=8, arch="x86_64", kubernetes_minor=30)[1]


@pytest.mark.parametrize(
    ("el_major", "arch", "baseurl", "gpgkey", "module_hotfixes"),
    [
        (7, "x86_64", "centos/7/x86_64", "centos", False),
        (8, "x86_64", "rhel/8/x86_64", "rhel", True),
        (9, "aarch64", "rhel/9/aarch64", "rhel", True),
        (10, "x86_64", "rhel/10/x86_64", "rhel", True),
    ],
)
def test_docker_by_el_major(el_major: int, arch: str, baseurl: str, gpgkey: str, module_hotfixes: bool) -> None:
    repository = docker(el_major, arch)
    assert repository.baseurl == f"https://download.docker.com/linux/{baseurl}/stable"
    assert repository.gpgkeys == (f"https://download.docker.com/linux/{gpgkey}/gpg",)
    assert repository.module_hotfixes is module_hotfixes


def test_kubernetes_by_minor() -> None:
    assert kubernetes(MirrorSettings()) == Repository(
        id="k8s-ha-kubernetes",
        name="Kubernetes 1.30",
        baseurl="https://pkgs.k8s.io/core:/stable:/v1.30/rpm/",
        gpgkeys=("https://pkgs.k8s.io/core:/stable:/v1.30/rpm/repodata/repomd.xml.key",),
        exclude=("kubelet", "kubeadm", "kubectl", "cri-tools", "kubernetes-cni"),
    )


def test_own_urls_replace_the_profiles() -> None:
    repository = kubernetes(MirrorSettings(**OWN_KUBERNETES))
    assert repository.baseurl == "https://mirror.example/kubernetes/30"
    assert repository.gpgkeys == ("https://mirror.example/key",)
    assert MirrorSettings(**OWN_KUBERNETES).profile.docker_baseurl == PROFILES["official"].docker_baseurl


def test_every_package_is_checked() -> None:
    for el_major in (7, 8, 9, 10):
        for repository in repositories(MirrorSettings(), el_major=el_major, arch="x86_64", kubernetes_minor=30):
            assert repository.gpgcheck
            assert "$" not in repository.baseurl
            assert "{" not in repository.baseurl
