"""Lines past their end and patches known to be bad: settings and facts -> exact findings."""

from __future__ import annotations

from datetime import date

import pytest

from k8s_ha.catalog import compatibility, lifetimes
from k8s_ha.findings import Finding
from k8s_ha.preflight_checks.lifetime import lifetime_findings
from tests.support.cases import warning
from tests.support.example_cluster import six_host_cluster
from tests.support.surveys import survey

TODAY = date(2026, 11, 26)
ACCEPT = "on cgroup v2 or with accepted_risks = ['SystemVerification', 'cgroup-v1']"


def ended(line: str, day: str, remedy: str) -> Finding:
    found = f"Kubernetes {line} reached its end of life on {day}"
    return warning("master1", "kubernetes", found, "it gets no security fixes", remedy)


@pytest.mark.parametrize(
    ("version", "el_major", "node", "today", "findings"),
    [
        ("1.37.1", 9, False, TODAY, []),
        ("1.35.4", 9, False, TODAY, []),
        ("1.34.11", 9, False, date(2026, 10, 27), []),
        ("1.34.11", 9, False, TODAY, [ended("1.34", "2026-10-27", "choose 1.35, 1.36 or 1.37")]),
        (
            "1.34.11",
            9,
            True,
            TODAY,
            [ended("1.34", "2026-10-27", "upgrade to 1.35, 1.36 or 1.37, one line at a time")],
        ),
        ("1.30.14", 8, False, TODAY, [ended("1.30", "2025-07-15", f"choose 1.35, 1.36 or 1.37, {ACCEPT}")]),
        (
            "1.30.14",
            7,
            True,
            TODAY,
            [ended("1.30", "2025-07-15", "plan to replace worker1, where no line that lives runs")],
        ),
        (
            "1.37.1",
            9,
            False,
            date(2028, 1, 1),
            [ended("1.37", "2027-10-28", "use a newer release of this package, which knows lines that live")],
        ),
    ],
)
def test_a_line_past_its_end_is_a_warning(
    version: str, el_major: int, node: bool, today: date, findings: list[Finding]
) -> None:
    cluster = six_host_cluster(kubernetes_version=version)
    assert list(lifetime_findings({"worker1": survey(el_major, node=node)}, cluster, today)) == findings


def test_what_is_accepted_already_is_not_asked_for() -> None:
    cluster = six_host_cluster(kubernetes_version="1.30.14", accepted_risks=["cgroup-v1"])
    (found,) = lifetime_findings({"worker1": survey(8)}, cluster, TODAY)
    assert found.remedy == "choose 1.35, 1.36 or 1.37, with accepted_risks = ['SystemVerification']"


def test_of_many_old_hosts_three_are_named() -> None:
    cluster = six_host_cluster(kubernetes_version="1.30.14")
    nodes = ("master1", "master2", "master3", "worker1", "worker2")
    (found,) = lifetime_findings({name: survey(7) for name in nodes}, cluster, TODAY)
    assert found.remedy == "plan to replace master1, master2, master3 and 2 more, where no line that lives runs"


LONG_AGO = date(2021, 1, 1)
STANDING = {
    21: "upgrade the cluster to 1.21.2 or newer",
    24: "upgrade the cluster to 1.24.3 or newer",
    28: "upgrade the cluster to 1.28.3 or newer, once with --etcd-upgrade=false",
    30: "upgrade the cluster to 1.30.1 or newer",
    34: "upgrade the cluster to 1.34.2 or newer",
}


@pytest.mark.parametrize("bad", lifetimes.BAD_PATCHES, ids=lambda bad: bad.remedy)
def test_bad_patches_are_refused_for_a_new_cluster_only(bad: lifetimes.BadPatches) -> None:
    mirror = {"mirror": "aliyun"}
    for patch in range(bad.good):
        version = f"1.{bad.minor}.{patch}"
        cluster = six_host_cluster(kubernetes_version=version, **mirror)
        found = f"Kubernetes {version} has a fault"
        assert list(lifetime_findings({"worker1": survey(9)}, cluster, LONG_AGO)) == [
            Finding("master1", "kubernetes", found, bad.reason, f"choose {bad.remedy} or newer")
        ]
        assert list(lifetime_findings({"worker1": survey(9, node=True)}, cluster, LONG_AGO)) == [
            warning("master1", "kubernetes", found, bad.reason, STANDING[bad.minor])
        ]
    good = six_host_cluster(kubernetes_version=bad.remedy, **mirror)
    assert list(lifetime_findings({"worker1": survey(9)}, good, LONG_AGO)) == []


def test_every_line_has_its_end_and_later_lines_end_later() -> None:
    assert list(lifetimes.ENDS) == list(compatibility.LINES)
    assert sorted(lifetimes.ENDS.values()) == list(lifetimes.ENDS.values())
