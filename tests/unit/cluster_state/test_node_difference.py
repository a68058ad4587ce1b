"""Each node against the settings: its version, address, role, and the files it was built with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from k8s_ha.catalog.setting_changes import KUBELET_FILE, STATIC_POD
from k8s_ha.cluster_state.node_difference import differences
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.observations.node import NodeView
from k8s_ha.settings import load_cluster
from tests.support.example_cluster import six_host_cluster, six_hosts
from tests.support.node_views import KUBELET
from tests.support.standing_cluster import node_of, snapshot_of, static_pods, view_of

CLUSTER = six_host_cluster()
AUDIT = {"ClusterConfiguration": {"apiServer": {"extraArgs": {"audit-log-path": "/var/log/audit"}}}}


def told(snapshot: ClusterSnapshot) -> list[str]:
    return [f"{entry.host}: {entry.found}" for entry in differences(snapshot)]


def with_node(name: str, **changes: Any) -> ClusterSnapshot:
    """The cluster with another Node of this host."""
    views = {}
    for host in CLUSTER.control_planes:
        nodes = [node_of(CLUSTER, node, **(changes if node.name == name else {})) for node in CLUSTER.nodes]
        views[host.name] = view_of(CLUSTER, host, nodes=tuple(nodes))
    return snapshot_of(CLUSTER, **views)


def with_standing(name: str, wanted: Any = None, **changes: Any) -> ClusterSnapshot:
    """The cluster with something else on this host."""
    cluster = wanted or CLUSTER
    view = view_of(cluster, cluster.host(name))
    return snapshot_of(cluster, **{name: replace(view, standing=replace(view.standing, **changes))})


def test_a_cluster_as_it_was_built_has_no_difference() -> None:
    assert differences(snapshot_of(CLUSTER)) == []


NODES: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "another address": ("worker1", {"address": "10.0.99.1"}, ["worker1: address stands as '10.0.99.1'"]),
    "no address yet": ("worker1", {"address": ""}, []),
    "not ready": ("worker1", {"ready": False}, []),
    "a worker that is a control plane": (
        "worker1",
        {"control_plane": True},
        ["worker1: role stands as 'control_plane'"],
    ),
}


@pytest.mark.parametrize(("name", "changes", "expected"), NODES.values(), ids=NODES)
def test_the_node_object(name: str, changes: dict[str, Any], expected: list[str]) -> None:
    assert told(with_node(name, **changes)) == expected


def test_a_worker_that_shall_be_a_control_plane_is_refused_and_not_reset() -> None:
    hosts = six_hosts()
    hosts[3]["role"] = "control_plane"
    wanted = load_cluster({"kubernetes_version": "1.30.14"}, hosts)
    snapshot = snapshot_of(CLUSTER, wanted)
    assert told(snapshot) == ["worker1: role stands as 'worker'"]


def test_a_control_plane_that_shall_be_a_worker() -> None:
    hosts = six_hosts()
    hosts[2]["role"] = "worker"
    assert told(snapshot_of(CLUSTER, load_cluster({"kubernetes_version": "1.30.14"}, hosts))) == [
        "master3: role stands as 'control_plane'"
    ]


def test_a_control_plane_whose_join_was_cut_off_is_no_worker() -> None:
    partial = view_of(CLUSTER, CLUSTER.host("master3"), ready=False)
    nodes = tuple(node_of(CLUSTER, node, control_plane=node.name in ("master1", "master2")) for node in CLUSTER.nodes)
    views = {name: view_of(CLUSTER, CLUSTER.host(name), nodes=nodes) for name in ("master1", "master2")}
    assert told(snapshot_of(CLUSTER, master3=partial, **views)) == []


def test_a_manifest_that_lacks_what_the_cluster_keeps() -> None:
    cluster = six_host_cluster(kubeadm_patches=AUDIT)
    plain = static_pods(CLUSTER, kept_configuration(CLUSTER))
    (difference,) = differences(with_standing("master2", cluster, static_pods=plain))
    assert difference.host == "master2"
    assert difference.setting == "kubeadm_patches.ClusterConfiguration.apiServer.extraArgs.audit-log-path"
    assert "its manifest" not in difference.rule
    assert difference.change is STATIC_POD


def test_what_the_whole_cluster_lacks_is_not_told_of_each_host() -> None:
    wanted = six_host_cluster(kubeadm_patches=AUDIT | {"KubeletConfiguration": {"maxPods": 200}})
    assert [entry.host for entry in differences(snapshot_of(CLUSTER, wanted))] == [None, None]


def test_a_kubelet_that_lacks_what_the_cluster_keeps() -> None:
    cluster = six_host_cluster(kubeadm_patches={"KubeletConfiguration": {"maxPods": 200}})
    (difference,) = differences(with_standing("worker2", cluster, kubelet_config="cgroupDriver: systemd\n"))
    assert (difference.host, difference.setting) == ("worker2", "kubeadm_patches.KubeletConfiguration.maxPods")
    assert difference.change is KUBELET_FILE


FLAGS = {"JoinConfiguration": {"nodeRegistration": {"kubeletExtraArgs": {"v": "4"}}}}


def test_flags_that_only_nodes_get_that_join_later_are_said_and_do_not_end_the_run() -> None:
    wanted = six_host_cluster(kubeadm_patches=FLAGS)
    found = differences(snapshot_of(CLUSTER, wanted))
    assert [entry.host for entry in found] == [host.name for host in CLUSTER.nodes]
    assert not any(entry.is_refused for entry in found)


def test_flags_of_an_init_are_told_by_its_own_name_of_the_first_control_plane_alone() -> None:
    wanted = six_host_cluster(kubeadm_patches={"InitConfiguration": FLAGS["JoinConfiguration"]})
    (difference,) = differences(snapshot_of(CLUSTER, wanted))
    assert (difference.host, difference.is_refused) == ("master1", False)
    assert difference.setting == "kubeadm_patches.InitConfiguration.nodeRegistration.kubeletExtraArgs.v"


def test_what_one_kubelet_has_of_its_own_is_said_and_stays() -> None:
    kept = view_of(CLUSTER, CLUSTER.host("worker2")).standing.kubelet_config
    own = kept + "maxPods: 50\ncontainerRuntimeEndpoint: unix:///run/containerd/containerd.sock\n"
    (difference,) = differences(with_standing("worker2", kubelet_config=own))
    assert (difference.host, difference.is_refused) == ("worker2", False)
    assert difference.found == "kubeadm_patches.KubeletConfiguration.maxPods stands as 50"


UNREADABLE = {
    "a manifest": (
        "master1",
        {"static_pods": {"kube-apiserver": "["}},
        "/etc/kubernetes/manifests/kube-apiserver.yaml is not YAML",
    ),
    "flags": (
        "worker1",
        {"kubelet_flags": '"--v=4'},
        "/var/lib/kubelet/kubeadm-flags.env is not as a shell reads it",
    ),
    "a configuration": ("worker1", {"kubelet_config": "a: [" * 2000}, "/var/lib/kubelet/config.yaml is not YAML"),
}


@pytest.mark.parametrize(("name", "changes", "found"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_told_of_its_host_alone(name: str, changes: dict[str, Any], found: str) -> None:
    cluster = six_host_cluster(kubeadm_patches=FLAGS)
    refused = [entry for entry in differences(with_standing(name, cluster, **changes)) if entry.is_refused]
    assert [(entry.host, entry.found) for entry in refused] == [(name, found)]
    assert refused[0].remedy == "fix that file there"


def test_a_certificate_without_a_name_of_the_settings() -> None:
    cluster = six_host_cluster(cert_extra_sans=["api.example", "10.9.9.9"])
    names = x509.SubjectAlternativeName([x509.DNSName("master1"), x509.DNSName("api.example")])
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kube-apiserver")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    (difference,) = differences(with_standing("master1", cluster, serving_certificate=pem))
    assert (difference.host, difference.wanted) == ("master1", "['10.0.1.157', '10.9.9.9']")


def test_a_foreign_host_is_not_compared() -> None:
    foreign = NodeView((KUBELET,), "https://10.9.9.9:6443", None)
    assert differences(snapshot_of(CLUSTER, worker1=foreign)) == []
