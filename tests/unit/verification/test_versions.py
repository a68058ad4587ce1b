"""Every part of the cluster held against the version that is wanted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8s_ha.observations.api_status import ApiStatus, PodState
from k8s_ha.verification.versions import version_findings
from tests.support.cluster_health import complete_api_status
from tests.support.example_cluster import six_host_cluster

CLUSTER = six_host_cluster()
WHOLE = complete_api_status(CLUSTER)


def changed(prefix: str, node: str, image: str) -> ApiStatus:
    """The cluster with another image of the pods of one component, on one node or on all."""
    pods = tuple(
        replace(pod, image=image) if pod.name.startswith(f"{prefix}-") and node in ("", pod.node) else pod
        for pod in WHOLE.pods
    )
    return replace(WHOLE, pods=pods)


FOUND = {
    "all is of one version": (WHOLE, []),
    "a kubelet": (
        replace(WHOLE, versions={**WHOLE.versions, "worker1": "v1.29.9"}),
        ["worker1: its kubelet is v1.29.9"],
    ),
    "a kubelet that tells none": (
        replace(WHOLE, versions={**WHOLE.versions, "worker1": ""}),
        ["worker1: its kubelet is of no known version"],
    ),
    "the first control plane upgraded by hand": (
        changed("kube-apiserver", "master1", "registry.example:5000/kube-apiserver:v1.31.14"),
        ["master1: its kube-apiserver is v1.31.14"],
    ),
    "a scheduler": (
        changed("kube-scheduler", "master2", "r/kube-scheduler:v1.29.0"),
        ["master2: its kube-scheduler is v1.29.0"],
    ),
    "a controller manager": (
        changed("kube-controller-manager", "master3", "r/kube-controller-manager:v1.29.0"),
        ["master3: its kube-controller-manager is v1.29.0"],
    ),
    "a kube-proxy": (changed("kube-proxy", "worker2", "r/kube-proxy:v1.29.0"), ["worker2: its kube-proxy is v1.29.0"]),
    "an etcd": (
        changed("etcd", "master1", "r/etcd:3.6.1-0"),
        ["the cluster: etcd 3.5.15-0 on master2, master3; etcd 3.6.1-0 on master1"],
    ),
    "somebody's backup of etcd": (
        replace(
            WHOLE, pods=(*WHOLE.pods, PodState("kube-system", "etcd-backup-1", "worker1", "Running", True, "", "r:1"))
        ),
        [],
    ),
    "a CoreDNS": (
        changed("coredns", "worker2", "r/coredns:v1.12.0"),
        ["the cluster: coredns v1.11.3 on worker1; coredns v1.12.0 on worker2"],
    ),
    "a flannel": (
        changed("kube-flannel-ds", "worker2", "r/flannel:v0.1"),
        ["worker2: its flannel is r/flannel:v0.1"],
    ),
    "kubeadm's own configuration": (
        replace(WHOLE, kept_version="v1.31.14"),
        ["the cluster: kubeadm's own configuration says v1.31.14"],
    ),
    "an image by its digest has no version": (changed("kube-proxy", "worker2", "r/kube-proxy@sha256:0"), []),
    "a node that is not there": (replace(WHOLE, nodes={}), []),
}


@pytest.mark.parametrize(("api_status", "findings"), FOUND.values(), ids=FOUND)
def test_version_findings(api_status: ApiStatus, findings: list[str]) -> None:
    assert [f"{finding.host}: {finding.found}" for finding in version_findings(api_status, CLUSTER)] == findings


def test_flannel_is_not_asked_of_those_who_bring_their_own() -> None:
    own = six_host_cluster(pod_network="none")
    assert list(version_findings(changed("kube-flannel-ds", "", "r/flannel:v0.1"), own)) == []
