"""What the first look at the hosts refuses, and which check each refusal belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from k8s_ha.findings import Finding
from k8s_ha.observations.node import HostSurvey
from k8s_ha.preflight_checks.survey import survey_findings, unreached
from k8s_ha.settings import Cluster
from tests.support.cases import warning
from tests.support.example_cluster import six_host_cluster, six_hosts
from tests.support.node_views import NODES
from tests.support.surveys import survey

CLUSTER = six_host_cluster()
ROCKY = survey()


def refusals(surveys: Mapping[str, HostSurvey], cluster: Cluster) -> list[str]:
    return [f"{finding.check}: {finding}" for finding in survey_findings(surveys, cluster)]


@pytest.mark.parametrize(
    ("changed", "sentences"),
    [
        ({}, []),
        ({"addresses": ("10.0.12.16", "172.17.0.1")}, []),
        ({"hostname": "worker1", "node": True}, []),
        (
            {"uid": 1000},
            [
                "root: worker1: "
                "commands run as uid 1000; root is needed; log in as root, or set _sudo = True for the host and "
                "let its user sudo"
            ],
        ),
        (
            {"os_id": "debian", "os_like": (), "os_version": "12"},
            [
                "system: worker1: runs debian 12; Enterprise Linux 7, 8, 9, 10 is supported; use such a host",
            ],
        ),
        (
            {"os_id": "", "os_like": (), "os_version": ""},
            ["system: worker1: runs an unknown system ; Enterprise Linux 7, 8, 9, 10 is supported; use such a host"],
        ),
        (
            {"addresses": ("172.17.0.1", "10.1.1.1")},
            [
                "address: worker1: "
                "10.0.12.16 is on none of its interfaces (172.17.0.1, 10.1.1.1); the node address must be; "
                "set k8s_ha_host = {'address': …}"
            ],
        ),
        (
            {"architecture": "aarch64"},
            ["system: worker1: its architecture is aarch64; only x86_64 is supported; use such a host"],
        ),
        (
            {"rpm_error": "rpmdb: BDB1507 Thread died in Berkeley DB library"},
            [
                "packages: worker1: "
                "rpm cannot read its database (rpmdb: BDB1507 Thread died in Berkeley DB library); packages are found "
                "and installed by it; while no rpm or yum runs there, run `rm -f /var/lib/rpm/__db.*; "
                "rpm --rebuilddb`"
            ],
        ),
        (
            {"conflicting": {"runc": "1.1.12-1", "podman": "4.9.4-1", "docker": "1.13"}},
            [
                "runtime: worker1: "
                "podman 4.9.4-1, runc 1.1.12-1 is installed; containerd.io cannot stand beside it; run `yum "
                "remove podman runc` there, or set remove_conflicting_packages = True"
            ],
        ),
        ({"node": True, "hostname": "worker1", "cri": "containerd"}, []),
        ({"cri": "dockershim"}, []),
        (
            {"node": True, "hostname": "worker1", "cri": "dockershim"},
            [],
        ),
        (
            {"node": True},
            [
                "hostname: worker1: "
                "is a node named localhost; a node's name cannot change to worker1; set k8s_ha_host = "
                "{'hostname': 'localhost'} or reset the node first"
            ],
        ),
    ],
)
def test_a_host_that_cannot_be_used(changed: dict[str, object], sentences: list[str]) -> None:
    assert refusals({"worker1": replace(ROCKY, **changed)}, CLUSTER) == sentences


def test_a_node_does_not_go_from_containerd_to_docker() -> None:
    docker = six_host_cluster(kubernetes_version="1.23.17", container_runtime="docker", mirror="aliyun")
    node = survey(node=True, hostname="worker1", cri="containerd")
    (said,) = refusals({"worker1": node}, docker)
    assert said == (
        "runtime: worker1: its kubelet speaks to containerd, and container_runtime 'docker' with Kubernetes 1.23.17 "
        "means dockershim; a run moves a node from Docker to containerd, and no other way; set it back, or reset the "
        "nodes first"
    )


def test_packages_in_the_way_are_no_matter_where_they_are_removed_or_where_no_runtime_comes() -> None:
    podman = survey(conflicting={"podman": "4.9.4-1"})
    removing = six_host_cluster(remove_conflicting_packages=True)
    assert refusals({"worker1": podman}, removing) == []
    assert refusals({"master-lb": podman}, CLUSTER) == []


def test_the_nodes_together_decide_about_the_version() -> None:
    surveys = {"worker1": survey(8), "master-lb": survey(7)}
    assert refusals(surveys, six_host_cluster(kubernetes_version="1.31.14")) == []
    assert survey_findings(surveys, six_host_cluster(kubernetes_version="1.33.0")) == [
        Finding(
            "worker1",
            "kubernetes",
            "Kubernetes 1.33.0 does not run on EL8, kernel 4.18, cgroup v1",
            "its kubeadm asks for kernel 4.19",
            "choose Kubernetes 1.31 or 1.34, set accepted_risks = ['SystemVerification'] (kubeadm's check of the "
            "kernel and the cgroups is ignored there), or leave these hosts out",
        )
    ]
    accepting = six_host_cluster(kubernetes_version="1.33.0", accepted_risks=["SystemVerification"])
    assert refusals(surveys, accepting) == []


def test_nftables_ask_for_a_kernel() -> None:
    cluster = six_host_cluster(kubernetes_version="1.34.0", kube_proxy_mode="nftables")
    assert refusals({"worker1": survey(9)}, cluster) == []
    assert refusals({"worker1": survey(9), "worker2": survey(8)}, cluster) == [
        "kernel: worker2: its kernel is 4.18.0-553.el8_10.x86_64; kube_proxy_mode 'nftables' asks for 5.13; "
        "choose 'iptables'"
    ]


INSTALL = "see that kernel-modules-extra of the running kernel can be had there"


@pytest.mark.parametrize(
    ("version", "mode", "others", "remedy"),
    [
        ("1.37.1", "iptables", 9, "set kube_proxy_mode = 'nftables'"),
        ("1.37.1", "ipvs", 9, "set kube_proxy_mode = 'nftables'"),
        ("1.37.1", "nftables", 9, None),
        ("1.30.14", "iptables", 9, INSTALL),
        ("1.31.14", "iptables", 8, INSTALL),
    ],
)
def test_el10_has_nftables_alone(version: str, mode: str, others: int, remedy: str | None) -> None:
    cluster = six_host_cluster(kubernetes_version=version, kube_proxy_mode=mode)
    surveys = {"worker1": survey(10), "worker2": survey(others)}
    expected = warning(
        "worker1",
        "kernel",
        "EL10 has iptables only as a layer over nftables",
        f"kube_proxy_mode '{mode}' needs kernel-modules-extra, which this run installs where it is missing",
        remedy or "",
    )
    assert survey_findings(surveys, cluster) == ([expected] if remedy else [])
    standing = {**surveys, "worker2": survey(others, node=True, hostname="worker2")}
    assert survey_findings(standing, cluster) == []


def test_every_host_is_judged() -> None:
    surveys = {host["name"]: replace(ROCKY, uid=1000) for host in six_hosts()}
    assert [finding.host for finding in survey_findings(surveys, CLUSTER)] == list(surveys)


HOLDS = Finding(
    "master3",
    "unreachable",
    "cannot be reached, and no cluster was found on the other control planes",
    "it may hold one, so nothing may begin without it",
    "bring it back or take it out of the inventory",
)
NO_ENDPOINT = Finding(
    "master-lb",
    "unreachable",
    "cannot be reached, and 10.0.1.157:6443 is its address",
    "a cluster begins with its endpoint",
    "bring it back or choose another endpoint",
)


def left_out(name: str) -> Finding:
    return warning(
        name, "unreachable", "cannot be reached", "it is left out of this run", "bring it back and run this again"
    )


@pytest.mark.parametrize(
    ("nodes", "missing", "findings"),
    [
        ((), [], []),
        ((), ["master3"], [HOLDS]),
        (("worker1",), ["master3"], [HOLDS]),
        (("master1",), ["master3"], [left_out("master3")]),
        ((), ["worker2"], [left_out("worker2")]),
        ((), ["master-lb"], [NO_ENDPOINT]),
        (("master1",), ["master-lb"], [left_out("master-lb")]),
    ],
)
def test_hosts_that_cannot_be_reached(nodes: tuple[str, ...], missing: list[str], findings: list[Finding]) -> None:
    reached = {name: replace(ROCKY, node=name in nodes) for name in NODES if name not in missing}
    assert list(unreached(missing, reached, CLUSTER)) == findings
