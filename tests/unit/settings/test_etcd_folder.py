"""Where a control plane's etcd has its data, as the settings say it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.example_cluster import six_host_cluster


@pytest.mark.parametrize(
    ("patch", "folder"),
    [
        ({}, "/var/lib/etcd"),
        ({"local": {"extraArgs": {"quota-backend-bytes": "1"}}}, "/var/lib/etcd"),
        ({"local": {"dataDir": "/data/etcd"}}, "/data/etcd"),
        ({"local": {"dataDir": "/data/etcd//"}}, "/data/etcd"),
        # What is none of a folder's names is not removed by a reset.
        ({"local": {"dataDir": ""}}, "/var/lib/etcd"),
        ({"local": {"dataDir": "/"}}, "/var/lib/etcd"),
        ({"local": {"dataDir": "data"}}, "/var/lib/etcd"),
        ({"local": {"dataDir": None}}, "/var/lib/etcd"),
    ],
)
def test_etcds_folder_is_that_of_the_patch(patch: dict[str, Any], folder: str) -> None:
    settings = {"kubeadm_patches": {"ClusterConfiguration": {"etcd": patch}}} if patch else {}
    assert six_host_cluster(**settings).etcd_folder == folder
