"""What somebody has set on a host: named, where a step would overwrite it, and left alone elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from k8s_ha.cluster_state.change_plan import changes_due
from k8s_ha.cluster_state.node_difference import differences
from k8s_ha.cluster_state.set_by_hand import lost_in_upgrade, overwritten
from k8s_ha.cluster_state.setting_steps import setting_steps
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.desired.kubeadm_config import kept_configuration
from tests.support.example_cluster import six_host_cluster
from tests.support.standing_cluster import node_of, snapshot_of, static_pods, view_of

STANDING = six_host_cluster()
AUDIT = {"ClusterConfiguration": {"apiServer": {"extraArgs": {"audit-log-path": "/a"}}}}
QUOTA = {"ClusterConfiguration": {"etcd": {"local": {"extraArgs": {"quota-backend-bytes": "8589934592"}}}}}
PKI = "/etc/kubernetes/pki"
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


def with_spec(component: str, patches: dict[str, Any], **changes: Any) -> ClusterSnapshot:
    """Settings that differ, on a cluster whose master2 has a manifest that somebody has changed.

    + changes: of the container, and ``beside`` and ``volumes`` of the pod
    """
    pods = static_pods(STANDING, kept_configuration(STANDING))
    document = yaml.safe_load(pods[component])
    spec = document["spec"]
    spec["containers"] += changes.pop("beside", [])
    spec["volumes"] += changes.pop("volumes", [])
    container = spec["containers"][0]
    container["command"] += changes.pop("command", [])
    container.update(changes)
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
    "kubeadm's own flag with another value": (
        with_flag("kube-apiserver", "--service-account-issuer=https://oidc.example", AUDIT),
        ["master2: --service-account-issuer of kube-apiserver stands as 'https://oidc.example'"],
    ),
    "kubeadm's own file elsewhere": (
        with_flag("kube-apiserver", "--tls-cert-file=/etc/kubernetes/pki/mine.crt", AUDIT),
        ["master2: --tls-cert-file of kube-apiserver stands as '/etc/kubernetes/pki/mine.crt'"],
    ),
    "a flag with one dash": (
        with_flag("kube-apiserver", "-v=6", AUDIT),
        ["master2: --v of kube-apiserver stands as '6'"],
    ),
    "a flag among the arguments": (
        with_spec("kube-apiserver", AUDIT, args=["--profiling=false"]),
        ["master2: --profiling of kube-apiserver stands as 'false'"],
    ),
    "a second mount of a volume": (
        with_spec(
            "kube-apiserver",
            AUDIT,
            volumeMounts=[{"name": "k8s-certs", "mountPath": path} for path in ("/mine", PKI)],
            volumes=[{"name": "k8s-certs", "hostPath": {"path": PKI}}],
        ),
        ["master2: mount /mine of kube-apiserver stands as 'k8s-certs'"],
    ),
    "a mount of no volume": (
        with_spec("kube-apiserver", AUDIT, volumeMounts=[{"name": "k8s-certs", "mountPath": "/mine"}]),
        ["master2: mount /mine of kube-apiserver stands as 'k8s-certs'"],
    ),
    "a container beside it": (
        with_spec("kube-apiserver", AUDIT, beside=[{"name": "kms", "image": "kms:1", "command": ["kms"]}]),
        ["master2: container kms of kube-apiserver stands as 'kms:1'"],
    ),
    "data of etcd elsewhere": (
        with_spec(
            "etcd",
            QUOTA,
            command=["--data-dir=/data/etcd"],
            volumeMounts=[{"name": "etcd-data", "mountPath": "/data/etcd"}],
            volumes=[{"name": "etcd-data", "hostPath": {"path": "/data/etcd"}}],
        ),
        [
            "master2: --data-dir of etcd stands as '/data/etcd'",
            "master2: volume etcd-data of etcd stands as '/data/etcd at /data/etcd'",
        ],
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


OLDER, NEWER = six_host_cluster(kubernetes_version="1.30.9"), six_host_cluster(kubernetes_version="1.30.14")
AVAILABLE = {30: ["1.30.9", "1.30.14"]}
ETCD = {f"master{number}": "3.5.15" for number in (1, 2, 3)}


def lost(snapshot: ClusterSnapshot) -> list[str]:
    found = lost_in_upgrade(snapshot, changes_due(snapshot, AVAILABLE, ETCD))
    assert all(entry.is_refused for entry in found)
    return [f"{entry.host}: {entry.found}" for entry in found]


def upgraded_with(host: str, pods: dict[str, str] | None = None, **fields: Any) -> ClusterSnapshot:
    """An upgrade that is due, on a cluster of which one host holds something else."""
    standing = view_of(OLDER, OLDER.host(host)).standing
    kubelet = yaml.safe_dump(yaml.safe_load(standing.kubelet_config) | fields)
    edited = replace(standing, kubelet_config=kubelet, static_pods={**standing.static_pods, **(pods or {})})
    return snapshot_of(OLDER, NEWER, **{host: view_of(OLDER, OLDER.host(host), standing=edited)})


def pod_with(
    component: str, *flags: str, repository: str = "", environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    document = yaml.safe_load(static_pods(OLDER, kept_configuration(OLDER))[component])
    container = document["spec"]["containers"][0]
    container["command"] += flags
    container["env"] = [{"name": name, "value": value} for name, value in (environment or {}).items()]
    if repository:
        container["image"] = f"{repository}/{component}:v1.30.9"
    return {component: yaml.safe_dump(document)}


UPGRADES: dict[str, tuple[ClusterSnapshot, list[str]]] = {
    "nothing": (snapshot_of(OLDER, NEWER), []),
    "a flag of a manifest": (
        upgraded_with("master2", pod_with("etcd", "--quota-backend-bytes=8")),
        ["master2: --quota-backend-bytes of etcd stands as '8'"],
    ),
    "a field of a control plane's kubelet": (
        upgraded_with("master3", maxPods=50),
        ["master3: kubeadm_patches.KubeletConfiguration.maxPods stands as 50"],
    ),
    "a field of a worker's kubelet": (
        upgraded_with("worker1", podsPerCore=9),
        ["worker1: kubeadm_patches.KubeletConfiguration.podsPerCore stands as 9"],
    ),
    "what a newer kubeadm gives each kubelet": (upgraded_with("worker1", containerRuntimeEndpoint="unix:///x"), []),
    "an image of the registry that was kubeadm's": (
        upgraded_with("master2", pod_with("kube-scheduler", repository="k8s.gcr.io")),
        [],
    ),
    "an image of somebody's": (
        upgraded_with("master2", pod_with("kube-scheduler", repository="mine.example")),
        ["master2: image of kube-scheduler stands as 'mine.example/kube-scheduler:v1.30.9'"],
    ),
    "proxies, which kubeadm takes from its environment": (
        upgraded_with("master2", pod_with("kube-scheduler", environment={"HTTPS_PROXY": "http://x"})),
        [],
    ),
    "another environment": (
        upgraded_with("master2", pod_with("kube-scheduler", environment={"GOGC": "50"})),
        ["master2: environment GOGC of kube-scheduler stands as '50'"],
    ),
    "a manifest of another form": (
        upgraded_with("master2", {"etcd": "spec: {containers: []}"}),
        ["master2: the manifest etcd.yaml stands as not written by kubeadm"],
    ),
}


@pytest.mark.parametrize(("snapshot", "expected"), UPGRADES.values(), ids=UPGRADES)
def test_what_an_upgrade_would_lose(snapshot: ClusterSnapshot, expected: list[str]) -> None:
    assert lost(snapshot) == expected


def test_a_node_that_an_upgrade_has_behind_it_is_not_asked() -> None:
    """Its own part of an upgrade that was cut off is over: nothing is generated there."""
    standing = view_of(NEWER, NEWER.host("master2")).standing
    over = replace(
        standing, static_pods={**standing.static_pods, **_newer(pod_with("etcd", "--quota-backend-bytes=8"))}
    )
    nodes = tuple(
        node_of(OLDER, host, version="v1.30.14" if host.name == "master2" else "v1.30.9") for host in OLDER.nodes
    )
    views = {host.name: view_of(OLDER, host, nodes=nodes) for host in OLDER.control_planes}
    views["master2"] = replace(views["master2"], standing=over)
    assert lost(snapshot_of(OLDER, NEWER, **views)) == []


def _newer(pods: dict[str, str]) -> dict[str, str]:
    return {name: text.replace("v1.30.9", "v1.30.14") for name, text in pods.items()}
