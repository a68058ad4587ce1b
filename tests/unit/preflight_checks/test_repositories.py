"""What is said of a host's own repositories: a table of what it told to the exact findings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.findings import Finding
from k8s_ha.observations.host_repositories import HostRepositories, HostRepository, Patterns
from k8s_ha.preflight_checks.download_sources import lacking, shown
from k8s_ha.preflight_checks.model import HostContext
from tests.support.cases import context, found, warning

FILE = "/etc/yum.repos.d/CentOS-SCLo.repo"
URL = "http://mirror.centos.org/centos/7/sclo/x86_64/sclo/"
GOOD = HostRepository("base", "/etc/yum.repos.d/a.repo", "http://a", 200)
DEAD = HostRepository("sclo", FILE, URL, reason="(6) Could not resolve host: mirror.centos.org")
STOPS = "yum stops where an enabled repository does not answer"
DISABLE = f"fix it, or write enabled=0 below [sclo] in {FILE}"
UNRESOLVED = f"[sclo] of {FILE}: {URL} does not answer ((6) Could not resolve host: mirror.centos.org)"
CENTOS = {"os_id": "centos", "os_like": ("rhel",), "os_version": "7"}
INSTALLED = {
    "kubelet": "1.30.14-1",
    "kubeadm": "1.30.14-1",
    "kubectl": "1.30.14-1",
    "cri-tools": "1.30.1-1",
    "containerd.io": "1.6.33-3.1.el8",
}


def host(*enabled: HostRepository, name: str = "worker1", **given: Any) -> HostContext:
    more = {key: given.pop(key) for key in ("excluded", "included") if key in given}
    return context(name, repositories=HostRepositories(True, (GOOD, *enabled), **more), **given)


def flagged(flag: str) -> HostRepository:
    return replace(DEAD, flags=frozenset({flag}))


def dead(reason: str, remedy: str = DISABLE, wanted: str = STOPS) -> Finding:
    return Finding("worker1", "repositories", reason, wanted, remedy)


def softened(wanted: str) -> Finding:
    return warning("worker1", "repositories", UNRESOLVED, wanted, DISABLE)


VAULT = f"set base_repositories = 'vault', or write enabled=0 below [sclo] in {FILE}"
ROWS: dict[str, tuple[HostContext, Finding | None]] = {
    "all answer": (host(), None),
    "dead": (host(DEAD), dead(UNRESOLVED)),
    "dead, on a load balancer": (host(DEAD, name="master-lb"), replace(dead(UNRESOLVED), host="master-lb")),
    "dead, where nothing is lacking": (host(DEAD, surveyed={"installed": INSTALLED}), None),
    "dead, where nobody looked": (context(repositories=HostRepositories(enabled=(DEAD,))), None),
    "a wrong path": (
        host(replace(DEAD, status=404, reason="")),
        dead(f"[sclo] of {FILE}: {URL} answers with HTTP status 404"),
    ),
    "a list without mirrors": (
        host(replace(DEAD, status=200, reason="it names no mirror")),
        dead(f"[sclo] of {FILE}: {URL}: it names no mirror"),
    ),
    "passed over": (host(flagged("skip")), softened("skip_if_unavailable is set, so it is passed over")),
    "Red Hat's": (host(flagged("managed")), softened("subscription-manager may write it anew")),
    "a CD": (host(flagged("media")), softened("it is on a medium that is asked for")),
    "with an old answer": (host(flagged("cached")), softened("yum goes on with what it has of it")),
    "with more mirrors": (host(flagged("more")), softened("it has more mirrors than were asked")),
    "CentOS's own": (host(flagged("vault"), el_major=7, surveyed=CENTOS), dead(UNRESOLVED, VAULT)),
    "CentOS's own, which this run fixes": (
        host(flagged("vault"), el_major=7, surveyed=CENTOS, settings={"base_repositories": "vault"}),
        None,
    ),
    "one that the vault does not fix": (
        host(DEAD, el_major=7, surveyed=CENTOS, settings={"base_repositories": "vault"}),
        dead(UNRESOLVED),
    ),
    "not asked": (
        host(HostRepository("x", FILE, URL, unasked="its URL has $x, of unknown value")),
        warning(
            "worker1",
            "repositories",
            f"[x] of {FILE} was not asked (its URL has $x, of unknown value)",
            "yum reads every enabled repository",
            f"see that it answers, or write enabled=0 below [x] in {FILE}",
        ),
    ),
    "none": (
        context(repositories=HostRepositories(read=True)),
        warning(
            "worker1",
            "repositories",
            "no repository of its own is enabled",
            "packages need others of the system",
            "enable the system's own",
        ),
    ),
}


@pytest.mark.parametrize(("given", "finding"), ROWS.values(), ids=ROWS)
def test_repositories(given: HostContext, finding: Finding | None) -> None:
    assert found(given) == ([finding] if finding else [])


MAIN = "/etc/yum.conf"
HIDDEN = {
    "a name": (("kubelet",), ["kubelet"]),
    "patterns": (("kube*", "*.i686", "kernel*"), ["kubelet", "kubeadm", "kubectl"]),
    "an architecture": (("containerd.io.x86_64",), ["containerd.io"]),
    "a version": (("kubelet-1.30.*", "kubeadm-1.29.*"), ["kubelet"]),
    "other packages": (("docker-ce*", "kernel", "kube"), []),
}


@pytest.mark.parametrize(("names", "hidden"), HIDDEN.values(), ids=HIDDEN)
def test_what_the_configuration_hides(names: tuple[str, ...], hidden: list[str]) -> None:
    given = host(excluded=(Patterns("main", MAIN, names),))
    expected = Finding(
        "worker1",
        "repositories",
        f"[main] of {MAIN} hides {', '.join(hidden)}",
        "they are installed by this run",
        "take them out of exclude there",
    )
    assert found(given) == ([expected] if hidden else [])


def test_what_one_repository_hides_may_come_from_another() -> None:
    given = host(name="master-lb", excluded=(Patterns("base", "/a.repo", ("nginx*",)),))
    text = "[base] of /a.repo hides nginx, nginx-mod-stream"
    assert found(given) == [
        warning("master-lb", "repositories", text, "they may come from there", "take them out of exclude there")
    ]


def test_a_configuration_that_shows_only_some() -> None:
    given = host(included=(Patterns("main", MAIN, ("kube*", "cri-tools")),))
    (finding,) = found(given)
    assert (finding.found, finding.severity) == (f"[main] of {MAIN} hides containerd.io", "error")
    assert finding.remedy == "add them to includepkgs"


LACKING = {
    "a node": ("worker1", {}, ["kubelet", "kubeadm", "kubectl", "cri-tools", "containerd.io"]),
    "a node that stands": ("worker1", INSTALLED, []),
    "a node with one of another version": ("worker1", INSTALLED | {"kubelet": "1.30.1-1"}, ["kubelet"]),
    "a load balancer": ("master-lb", {}, ["nginx", "nginx-mod-stream"]),
}


@pytest.mark.parametrize("row", LACKING.values(), ids=LACKING)
def test_what_a_host_lacks(row: tuple[str, dict[str, str], list[str]]) -> None:
    name, installed, expected = row
    given = context(name, surveyed={"installed": installed})
    assert list(lacking(given.cluster, given.host, given.survey)) == expected


def test_urls_are_shown_without_secrets() -> None:
    assert shown("https://me:p%40@m.example:8/a/?token=abc&x=y") == "https://m.example:8/a/?..."
    assert shown("https://m.example/a/") == "https://m.example/a/"
