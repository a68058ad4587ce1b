"""Which mirrors a host is asked to reach, and what is said of those that it does not."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.catalog import gpg_keys
from k8s_ha.findings import Finding
from k8s_ha.observations.openpgp import fingerprints
from k8s_ha.preflight_checks.download_sources import mirrors, needed
from k8s_ha.preflight_checks.model import HostContext, SourceAnswer
from tests.support.cases import context, serving, warning
from tests.support.paths import RECORDED

NODE = {"node": True, "hostname": "worker1"}
DOCKER = "https://download.docker.com/linux/rhel/8/x86_64/stable/repodata/repomd.xml"
REFUSED = SourceAnswer(0, "(7) Failed to connect to download.docker.com port 443: Connection refused")
HUB = {"registry_mirrors": {"docker.io": ["https://hub.example"], "ghcr.io": ["https://ghcr.example/"]}}
HUB_API, GHCR_API, GHCR = "https://hub.example/v2/", "https://ghcr.example/v2/", "https://ghcr.io/v2/"


def answering(changed: dict[str, SourceAnswer], **settings: Any) -> HostContext:
    plain = context(settings=settings)
    return context(settings=settings, answers=serving(plain) | changed)


def silent(text: str, use: str) -> Finding:
    return Finding("worker1", "mirrors", text, use, "fix the way there, or choose another mirror")


DOCKER_KEY = "https://download.docker.com/linux/rhel/gpg"
ONE, BOTH = ((RECORDED / f"keys/{name}.asc").read_text(encoding="utf-8") for name in ("one", "both"))
FIRST, SECOND = fingerprints(BOTH)


LOGIN = {"username": "ci", "password_env": "ANY"}


def strange(text: str, pinned: str = gpg_keys.DOCKER[0]) -> Finding:
    return Finding(
        "worker1",
        "mirrors",
        f"{DOCKER_KEY}: {text}, and mirror.gpgkey_fingerprints pins them to {pinned}",
        "packages are verified by that key",
        "choose another mirror, or correct that setting if that key is meant",
    )


MIRRORS = {
    "a repository that refuses": (
        answering({DOCKER: REFUSED}),
        silent(f"{DOCKER} does not answer ({REFUSED.reason})", "packages come from there"),
    ),
    "a server that is off is told once": (
        answering({DOCKER: REFUSED, "https://download.docker.com/linux/rhel/gpg": REFUSED}),
        silent(f"{DOCKER} does not answer ({REFUSED.reason})", "packages come from there"),
    ),
    "a key that is gone": (
        answering({"https://download.docker.com/linux/rhel/gpg": SourceAnswer(404)}),
        silent(
            "https://download.docker.com/linux/rhel/gpg answers with HTTP status 404",
            "packages are verified by that key",
        ),
    ),
    "the key that is pinned": (
        answering({DOCKER_KEY: SourceAnswer(200, text=ONE)}, mirror={"gpgkey_fingerprints": {"docker": [FIRST]}}),
        None,
    ),
    "a key that is not the pinned one": (
        answering({DOCKER_KEY: SourceAnswer(200, text=ONE)}),
        strange(f"it serves the key {FIRST}"),
    ),
    "another key beside the pinned one": (
        answering({DOCKER_KEY: SourceAnswer(200, text=BOTH)}, mirror={"gpgkey_fingerprints": {"docker": [FIRST]}}),
        strange(f"it serves the key {SECOND}", pinned=FIRST),
    ),
    "a key that is none": (
        answering({DOCKER_KEY: SourceAnswer(200, text="<html>")}),
        strange("what it serves cannot be read as a key (it holds no armored OpenPGP key)"),
    ),
    "any key, where that is accepted": (
        answering({DOCKER_KEY: SourceAnswer(200, text=ONE)}, mirror={"gpgkey_fingerprints": {"docker": []}}),
        None,
    ),
    "a registry that asks for a token": (answering({GHCR: SourceAnswer(401)}), None),
    "a registry out of reach": (
        answering({GHCR: SourceAnswer(0)}),
        silent(f"cannot reach ghcr.io: {GHCR} does not answer (no answer)", "images come from there"),
    ),
    "a registry out of reach, with a mirror": (answering({GHCR: SourceAnswer(0)}, **HUB), None),
    "a mirror out of reach": (
        answering({HUB_API: SourceAnswer(503)}, **HUB),
        warning(
            "worker1",
            "mirrors",
            f"{HUB_API} answers with HTTP status 503",
            "it is in registry_mirrors",
            "correct the setting, or fix the way there",
        ),
    ),
    "no curl": (
        context(answers=None),
        warning(
            "worker1",
            "mirrors",
            "has no curl, so no mirror was asked",
            "mirrors are asked before the first change",
            "install curl to have it done",
        ),
    ),
    "a registry that refuses a login": (
        answering({GHCR: SourceAnswer(401)}, mirror={"credentials": {"https://ghcr.io": LOGIN}}),
        silent(f"cannot reach ghcr.io: {GHCR} answers with HTTP status 401", "images come from there"),
    ),
    "a registry that takes a login": (
        answering({GHCR: SourceAnswer(200)}, mirror={"credentials": {"https://ghcr.io": LOGIN}}),
        None,
    ),
}


@pytest.mark.parametrize(("given", "finding"), MIRRORS.values(), ids=MIRRORS)
def test_the_mirrors(given: HostContext, finding: Finding | None) -> None:
    assert list(mirrors(given)) == ([finding] if finding else [])


def test_a_registry_and_its_mirror_out_of_reach() -> None:
    assert list(mirrors(answering({GHCR: SourceAnswer(0), GHCR_API: SourceAnswer(0)}, **HUB))) == [
        silent(
            f"cannot reach ghcr.io: {GHCR_API} does not answer (no answer); {GHCR} does not answer (no answer)",
            "images come from there",
        ),
        warning(
            "worker1",
            "mirrors",
            f"{GHCR_API} does not answer (no answer)",
            "it is in registry_mirrors",
            "correct the setting, or fix the way there",
        ),
    ]


def asked(given: HostContext) -> list[str]:
    return [f"{source.kind} {source.url}" for source in needed(given.cluster, given.host, given.survey)]


KUBERNETES = "https://pkgs.k8s.io/core:/stable:/v1.30/rpm"
OF_KUBERNETES = [f"repository {KUBERNETES}/repodata/repomd.xml", f"key {KUBERNETES}/repodata/repomd.xml.key"]
OF_DOCKER = [f"repository {DOCKER}", "key https://download.docker.com/linux/rhel/gpg"]
REGISTRIES = ["registry https://registry.k8s.io/v2/", f"registry {GHCR}"]
INSTALLED = {
    "kubelet": "1.30.14-150500.1.1",
    "kubeadm": "1.30.14-150500.1.1",
    "kubectl": "1.30.14-150500.1.1",
    "cri-tools": "1.30.1-150500.1.1",
    "containerd.io": "1.7.27-3.1.el8",
}
VAULT = {"base_repositories": "vault"}
ASKED = {
    "a clean node": (context(), [*OF_DOCKER, *OF_KUBERNETES, *REGISTRIES]),
    "a load balancer of EL8": (context("master-lb"), []),
    "a load balancer of EL7": (
        context("master-lb", el_major=7),
        [
            "repository https://archives.fedoraproject.org/pub/archive/epel/7/x86_64/repodata/repomd.xml",
            "key https://dl.fedoraproject.org/pub/epel/RPM-GPG-KEY-EPEL-7",
        ],
    ),
    "a load balancer of CentOS 8 behind the vault": (
        context("master-lb", settings=VAULT, surveyed={"os_id": "centos"}),
        ["repository https://vault.centos.org/8.5.2111/BaseOS/x86_64/os/repodata/repomd.xml"],
    ),
    "a node of CentOS 7 behind the vault": (
        context(el_major=7, settings=VAULT, surveyed={"installed": {"containerd.io": "1.6.33-3.1.el7"}}),
        [
            "repository https://vault.centos.org/7.9.2009/os/x86_64/repodata/repomd.xml",
            *OF_KUBERNETES,
            *REGISTRIES,
        ],
    ),
    "a Rocky 8 is not of the vault": (context("master-lb", settings=VAULT), []),
    "packages of CentOS 7 installed": (
        context(el_major=7, settings=VAULT, surveyed={"installed": INSTALLED | {"containerd.io": "1.6.33-3.1.el7"}}),
        REGISTRIES,
    ),
    "packages installed": (context(surveyed={"installed": INSTALLED}), REGISTRIES),
    "an older kubelet": (
        context(surveyed={"installed": INSTALLED | {"kubelet": "1.30.9-150500.1.1"}}),
        [*OF_KUBERNETES, *REGISTRIES],
    ),
    "a node": (context(surveyed={"installed": INSTALLED, **NODE}), []),
    "cri-dockerd": (
        context(settings={"container_runtime": "docker"}, surveyed={"installed": INSTALLED}),
        [
            *OF_DOCKER,
            "archive https://github.com/Mirantis/cri-dockerd/releases/download/v0.3.21/cri-dockerd-0.3.21.amd64.tgz",
            *REGISTRIES,
        ],
    ),
    "mirrors of registries": (
        context(settings=HUB | {"pod_network": "none"}, surveyed={"installed": INSTALLED}),
        ["registry https://registry.k8s.io/v2/", f"registry {HUB_API}", f"registry {GHCR_API}"],
    ),
    "images on Docker Hub": (
        context(
            settings={"image_repository": "docker.io/k8s", "pod_network": "none"}, surveyed={"installed": INSTALLED}
        ),
        ["registry https://registry-1.docker.io/v2/"],
    ),
}


@pytest.mark.parametrize(("given", "sources"), ASKED.values(), ids=ASKED)
def test_what_mirrors_are_asked_for(given: HostContext, sources: list[str]) -> None:
    assert asked(given) == sources
