"""Which Kubernetes line runs on which host: a test for each row, and the whole table at a glance."""

from __future__ import annotations

import pytest

from k8s_ha.catalog import compatibility
from k8s_ha.catalog.compatibility import Platform, Rule, Verdict, cluster_refusal, runtime_packages, verdict
from tests.support.surveys import survey

EL7, EL8, EL9, EL10 = (survey(major).platform for major in compatibility.EL_MAJORS)
EL8_V2 = Platform(8, (4, 18), 2)
EL7_NEW_KERNEL = Platform(7, (5, 4), 1)

# One letter a line from 1.20 to 1.37: y runs, n refused, s with SystemVerification, b with both caveats.
TABLE = {
    EL7: "yyyyyyyyyyynnnnnnn",
    EL7_NEW_KERNEL: "yyyyyyyyyyynnnnnnn",
    EL8: "yyyyyyyyyyyyssybbb",
    EL8_V2: "yyyyyyyyyyyyssyyyy",
    EL9: "yyyyyyyyyyyyyyyyyy",
    EL10: "yyyyyyyyyyyyyyyyyy",
}
LETTERS = {"y": (), "s": ("SystemVerification",), "b": ("SystemVerification", "cgroup-v1")}


@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_the_whole_table(platform: Platform) -> None:
    assert len(TABLE[platform]) == len(compatibility.LINES)
    for minor, letter in zip(compatibility.LINES, TABLE[platform], strict=True):
        found = verdict(minor, platform)
        assert (found.refused is not None) == (letter == "n"), minor
        if letter != "n":
            assert found == Verdict(None, LETTERS[letter]), minor


@pytest.mark.parametrize("rule", compatibility.RULES, ids=lambda rule: f"{rule.since}-{rule.until}")
def test_every_rule_says_why_and_changes_a_verdict(rule: Rule) -> None:
    assert rule.reason
    platforms = [platform for platform in TABLE if rule.fits(rule.since, platform)]
    before = [verdict(rule.since - 1, platform) for platform in platforms]
    assert Verdict() in before
    for platform, earlier in zip(platforms, before, strict=True):
        assert verdict(rule.since, platform) not in (Verdict(), earlier) or earlier.refused


ENDED = "the last containerd.io built for EL7, 1.6.33, carries Kubernetes up to 1.30"
KERNEL = "its kubeadm asks for kernel 4.19"
CGROUP = "its kubelet asks for cgroup v2"
IGNORED = "kubeadm's check of the kernel and the cgroups is ignored there"
DEPRECATED = "the kubelet runs on cgroup v1, which Kubernetes has deprecated and will drop"


@pytest.mark.parametrize(
    ("version", "platforms", "accepted", "sentence"),
    [
        ("1.30.14", {"a": EL7, "b": EL8, "c": EL9}, (), None),
        (
            "1.31.4",
            {"a": EL8, "b": EL7, "c": EL7},
            (),
            "Kubernetes 1.31.4 does not run on b (EL7, kernel 3.10, cgroup v1), c (EL7, kernel 3.10, cgroup v1): "
            f"{ENDED}; choose Kubernetes 1.30, or leave these hosts out",
        ),
        (
            "1.33.1",
            {"a": EL8, "b": EL9},
            (),
            f"Kubernetes 1.33.1 does not run on a (EL8, kernel 4.18, cgroup v1): {KERNEL}; choose Kubernetes 1.31 or "
            f"1.34, set accepted_risks = ['SystemVerification'] ({IGNORED}), or leave these hosts out",
        ),
        ("1.33.1", {"a": EL8}, ("SystemVerification",), None),
        (
            "1.35.0",
            {"a": EL8},
            ("SystemVerification",),
            f"Kubernetes 1.35.0 does not run on a (EL8, kernel 4.18, cgroup v1): {CGROUP}; choose Kubernetes 1.34, set "
            f"accepted_risks = ['SystemVerification', 'cgroup-v1'] ({IGNORED}; {DEPRECATED}), boot these hosts with "
            "systemd.unified_cgroup_hierarchy=1, or leave these hosts out",
        ),
        ("1.35.0", {"a": EL8}, ("SystemVerification", "cgroup-v1"), None),
        ("1.35.0", {"a": EL8_V2}, (), None),
        (
            "1.33.1",
            {"a": EL8, "b": EL7},
            (),
            "Kubernetes 1.33.1 does not run on a (EL8, kernel 4.18, cgroup v1), b (EL7, kernel 3.10, cgroup v1): "
            f"{ENDED}; choose Kubernetes 1.30, or leave these hosts out",
        ),
    ],
)
def test_the_weakest_host_decides(
    version: str, platforms: dict[str, Platform], accepted: tuple[str, ...], sentence: str | None
) -> None:
    minor = int(version.split(".")[1])
    refusal = cluster_refusal(version, minor, platforms, accepted)
    assert (refusal and str(refusal)) == sentence


@pytest.mark.parametrize(
    ("minor", "el_major", "containerd", "docker"),
    [
        (23, 7, "1.[67].*", "2[0-6].*"),
        (30, 7, "1.[67].*", "2[0-6].*"),
        (20, 8, "1.*", "2[0-8].*"),
        (23, 10, "1.*", "2[0-8].*"),
        (24, 8, "1.*", "2[0-9].*"),
        (25, 9, "1.*", "2[0-9].*"),
        (26, 8, "[12].*", "2[0-9].*"),
        (35, 9, "[12].*", "2[0-9].*"),
        (36, 9, "2.*", "2[0-9].*"),
    ],
)
def test_the_runtime_follows(minor: int, el_major: int, containerd: str, docker: str) -> None:
    assert runtime_packages(minor, el_major, "containerd") == {"containerd.io": containerd}
    assert runtime_packages(minor, el_major, "docker") == {
        "containerd.io": containerd,
        "docker-ce": docker,
        "docker-ce-cli": docker,
    }


def test_every_host_has_its_runtime() -> None:
    for minor in compatibility.LINES:
        for el_major in compatibility.EL_MAJORS:
            assert compatibility.containerd_major(minor, el_major) == (2 if minor >= 26 and el_major > 7 else 1)


@pytest.mark.parametrize(
    ("minor", "runtime", "cri"),
    [
        (23, "docker", "dockershim"),
        (24, "docker", "cri-dockerd"),
        (20, "containerd", "containerd"),
        (37, "containerd", "containerd"),
    ],
)
def test_what_the_kubelet_speaks_to(minor: int, runtime: compatibility.Runtime, cri: str) -> None:
    assert compatibility.cri(minor, runtime) == cri


def test_conflicts_are_known_by_el_major() -> None:
    assert compatibility.conflicting(8, ["runc", "podman", "bash"]) == ["podman", "runc"]
    assert compatibility.conflicting(8, ["docker"]) == []
    assert compatibility.conflicting(7, ["docker"]) == ["docker"]
