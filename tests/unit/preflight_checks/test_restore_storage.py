"""What of the disks stands against a restore."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.findings import Finding
from k8s_ha.preflight_checks.restore_storage import log_elsewhere, log_wanted_elsewhere
from k8s_ha.settings import load_cluster
from tests.support.example_cluster import six_hosts

RULE = "a restore replaces etcd's folder of data, with the log in it"
REMEDY = "take that flag out by kubeadm_patches first"


@pytest.mark.parametrize(("arguments", "is_refused"), [({}, False), ({"wal-dir": "/var/lib/etcd/wal"}, True)])
def test_a_log_in_a_folder_of_its_own_would_stay_beside_the_restored_data(
    arguments: dict[str, str], is_refused: bool
) -> None:
    found = Finding("master1", "restore", "its etcd has --wal-dir=/var/lib/etcd/wal", RULE, REMEDY)
    assert [*log_elsewhere("master1", arguments)] == [found] * is_refused


@pytest.mark.parametrize(
    ("version", "extra", "is_refused"),
    [
        ("1.30.14", {"heartbeat-interval": "500"}, False),
        ("1.30.14", {"wal-dir": "/wal"}, True),
        ("1.36.3", {"wal-dir": "/wal"}, True),
        ("1.36.3", [{"name": "wal-dir", "value": "/wal"}], True),
    ],
)
def test_clean_hosts_get_no_such_log_by_a_restore(version: str, extra: Any, is_refused: bool) -> None:
    patches = {"ClusterConfiguration": {"etcd": {"local": {"extraArgs": extra}}}}
    cluster = load_cluster({"kubernetes_version": version, "kubeadm_patches": patches}, six_hosts())
    found = [*log_wanted_elsewhere(kept_configuration(cluster)["ClusterConfiguration"])]
    assert [finding.found for finding in found] == ["kubeadm_patches give etcd --wal-dir"] * is_refused
