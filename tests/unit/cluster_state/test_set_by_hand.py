"""What somebody has set on a host: named, where a step would overwrite it, and left alone elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from k8s_ha.cluster_state.node_difference import differences
from k8s_ha.cluster_state.set_by_hand import overwritten
from k8s_ha.cluster_state.setting_steps import setting_steps
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.desired.kubeadm_config import kept_configuration
from tests.support.example_cluster import six_host_cluster
from tests.support.standing_cluster import snapshot_of, static_pods, view_of

STANDING = six_host_cluster()
AUDIT = {"ClusterConfiguration": {"apiServer": {"extraArgs": {"audit-log-path": "/a"}}}}
PODS = {"KubeletConfiguration": {"maxPods": 200}}


def told(snapshot: ClusterSnapshot) -> list[str]:
    steps = setting_steps(snapshot, differences(snapshot), "master1")
    found = overwritten(snapshot, steps)
    assert all(entry.is_refused for entry in found)
    return [f"{entry.host}: {entry.found}" for entry in found]


def with_flag(component: str, flag: str, patches: dict[str, Any]) -> ClusterSnapshot:
    """Settings that differ, on a cluster whose master2 has one more flag."""
    pods = static_pods(STANDING, kept_configuration(STANDING))
    document = yaml.safe_load(pods[component])
    document["spec"]["containers"][0]["command"].append(flag)
    view = view_of(STANDING, STANDING.host("master2"))
    held = pods | {component: yaml.safe_dump(document)}
    edited = replace(view, standing=replace(view.standing, static_pods=held))
    return snapshot_of(STANDING, six_host_cluster(kubeadm_patches=patches), master2=edited)


def with_field(patches: dict[str, Any], **fields: Any) -> ClusterSnapshot:
    """Settings that differ, on a cluster whose worker1 has other fields in its kubelet's file."""
    view = view_of(STANDING, STANDING.host("worker1"))
    held = yaml.safe_dump(yaml.safe_load(view.standing.kubelet_config) | fields)
    edited = replace(view, standing=replace(view.standing, kubelet_config=held))
    return snapshot_of(STANDING, six_host_cluster(kubeadm_patches=patches), worker1=edited)


ROWS: dict[str, tuple[ClusterSnapshot, list[str]]] = {
    "nothing": (snapshot_of(STANDING, six_host_cluster(kubeadm_patches=AUDIT | PODS)), []),
    "a flag of the manifest that is generated": (
        with_flag("kube-apiserver", "--profiling=false", AUDIT),
        ["master2: --profiling of kube-apiserver stands as 'false'"],
    ),
    "the very flag that is set": (
        with_flag("kube-apiserver", "--audit-log-path=/mine", AUDIT),
        ["master2: --audit-log-path of kube-apiserver stands as '/mine'"],
    ),
    "the very flag with the wanted value": (with_flag("kube-apiserver", "--audit-log-path=/a", AUDIT), []),
    "a flag that bears a secret's name": (
        with_flag("kube-apiserver", "--oidc-client-secret=whisper", AUDIT),
        ["master2: --oidc-client-secret of kube-apiserver stands as '***'"],
    ),
    "a flag of another manifest": (with_flag("etcd", "--quota-backend-bytes=1", AUDIT), []),
    "a flag where nothing is changed": (with_flag("etcd", "--quota-backend-bytes=1", {}), []),
    "a field of a kubelet": (
        with_field(PODS, podsPerCore=9),
        ["worker1: kubeadm_patches.KubeletConfiguration.podsPerCore stands as 9"],
    ),
    "the very field that is set": (
        with_field(PODS, maxPods=50),
        ["worker1: kubeadm_patches.KubeletConfiguration.maxPods stands as 50"],
    ),
    "what kubeadm gives each kubelet": (
        with_field(PODS, resolvConf="/run/systemd/resolve/resolv.conf", containerRuntimeEndpoint="unix:///x"),
        [],
    ),
    "a field where nothing is changed": (with_field({}, podsPerCore=9), []),
}


@pytest.mark.parametrize(("snapshot", "expected"), ROWS.values(), ids=ROWS)
def test_what_a_step_would_overwrite(snapshot: ClusterSnapshot, expected: list[str]) -> None:
    assert told(snapshot) == expected


@pytest.mark.parametrize("pods", [{"kube-apiserver": "spec: {containers: []}"}, {}], ids=["another form", "none"])
def test_a_manifest_that_is_not_kubeadms_is_named(pods: dict[str, str]) -> None:
    view = view_of(STANDING, STANDING.host("master3"))
    other = replace(view, standing=replace(view.standing, static_pods=pods))
    snapshot = snapshot_of(STANDING, six_host_cluster(kubeadm_patches=AUDIT), master3=other)
    assert told(snapshot) == ["master3: the manifest kube-apiserver.yaml stands as not written by kubeadm"]
