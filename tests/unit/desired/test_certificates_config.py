"""kubeadm's file for certificates: what it takes of what the cluster keeps, and else of the settings."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from k8s_ha.desired.certificates_config import certificates_config
from k8s_ha.settings import Cluster, load_cluster
from tests.support.example_cluster import six_hosts

KEPT = {
    "apiVersion": "kubeadm.k8s.io/v1beta4",
    "kind": "ClusterConfiguration",
    "kubernetesVersion": "v1.36.3",
    "certificateValidityPeriod": "40m0s",
    "certificatesDir": "/etc/kubernetes/pki",
    "apiServer": {"extraArgs": [{"name": "v", "value": "3"}]},
}


def cluster(**settings: Any) -> Cluster:
    return load_cluster({"kubernetes_version": "1.36.3", **settings}, six_hosts())


def documents(text: str) -> list[dict[str, Any]]:
    return [*yaml.safe_load_all(text)]


def test_what_the_cluster_keeps_decides() -> None:
    own = cluster()
    init, kept = documents(certificates_config(own, own.host("worker1"), "/new", KEPT))
    assert init["nodeRegistration"]["name"] == "worker1"
    assert kept == {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": "v1.36.3",
        "certificateValidityPeriod": "40m0s",
        "certificatesDir": "/new",
    }


@pytest.mark.parametrize(("version", "api"), [("1.30.14", "v1beta3"), ("1.36.3", "v1beta4")])
def test_where_nobody_answers_the_settings_decide(version: str, api: str) -> None:
    patches = {"ClusterConfiguration": {"clusterName": "ours", "apiServer": {"extraArgs": {"v": "3"}}}}
    own = cluster(kubernetes_version=version, kubeadm_patches=patches)
    init, kept = documents(certificates_config(own, own.host("master1"), "/new"))
    assert {document["apiVersion"] for document in (init, kept)} == {f"kubeadm.k8s.io/{api}"}
    assert (kept["clusterName"], kept["kubernetesVersion"]) == ("ours", f"v{version}")
    assert "apiServer" not in kept
