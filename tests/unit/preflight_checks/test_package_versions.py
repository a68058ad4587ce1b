"""Packages of Kubernetes that are newer than the wanted version, or than an upgrade's first hop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.findings import Finding
from k8s_ha.preflight_checks.package_versions import newer_packages, newer_than_the_first_hop
from tests.support.cases import context
from tests.support.example_cluster import VERSION
from tests.support.surveys import survey

BACK = "bring them back by hand (`yum downgrade`)"
OLDER, SAME, NEWER = "1.0.9-1.el8", f"{VERSION}-1.el8", "1.99.0-1.el8"


@pytest.mark.parametrize(
    ("role", "installed", "listed"),
    [
        ("worker", {}, ""),
        ("worker", {"kubelet": SAME, "kubeadm": OLDER, "cri-tools": NEWER}, ""),
        ("worker", {"kubelet": SAME, "kubeadm": NEWER, "kubectl": NEWER}, "kubeadm 1.99.0, kubectl 1.99.0"),
        ("admin", {"kubelet": NEWER, "kubectl": SAME}, ""),
        ("admin", {"kubectl": NEWER}, "kubectl 1.99.0"),
        ("load_balancer", {"kubectl": NEWER}, ""),
        ("worker", {"kubelet": "odd"}, ""),
    ],
)
def test_what_is_newer_than_the_wanted_version(role: str, installed: dict[str, str], listed: str) -> None:
    given = context(surveyed={"installed": installed})
    given = replace(given, host=given.host.model_copy(update={"role": (role,)}))
    wanted = Finding(
        "worker1",
        "kubernetes",
        f"has {listed} installed",
        f"{VERSION} is wanted, and packages are not taken back",
        f"{BACK}, or set a kubernetes_version as new as they are",
    )
    assert list(newer_packages(given)) == ([wanted] if listed else [])


def step(version: str, *hosts: str) -> ChangeStep:
    return ChangeStep(Work.KUBELET, hosts, hosts, version, "")


@pytest.mark.parametrize(
    ("installed", "listed"),
    [
        ({"kubelet": "1.31.9-1", "kubeadm": "1.30.1-1"}, ""),
        ({"kubelet": "1.31.10-1", "kubectl": "1.32.1-1"}, "kubelet 1.31.10, kubectl 1.32.1"),
        ({"kubeadm": "1.33.0-1"}, ""),  # newer than all that is wanted is told by the other
    ],
)
def test_what_is_newer_than_the_first_hop(installed: dict[str, str], listed: str) -> None:
    surveys = {name: survey(8, installed=installed) for name in ("worker1", "worker2")}
    steps = [step("1.31.9", "master1", "worker1"), step("1.32.4", "worker1", "worker2")]
    wanted = Finding(
        "worker1",
        "upgrade",
        f"has {listed} installed",
        "the way leads through 1.31.9, and packages are not taken back",
        BACK,
    )
    assert list(newer_than_the_first_hop(surveys, steps, "1.32.4")) == ([wanted] if listed else [])
    assert list(newer_than_the_first_hop(surveys, [], "1.32.4")) == []
