"""What etcd's files and alarms are told as."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.observations.etcd import Storage, storage
from k8s_ha.observations.host_status import EtcdStatus, HostStatus
from k8s_ha.verification.etcd_storage import storage_findings, storage_phrase
from tests.support.cluster_health import complete_statuses, etcd_members
from tests.support.example_cluster import six_host_cluster

CLUSTER = six_host_cluster()
MIB, GIB = 1024**2, 1024**3


@pytest.mark.parametrize(
    ("told", "quota", "wanted"),
    [
        ({"dbSize": "20480", "dbSizeInUse": "16384"}, "", Storage(20480, 16384, 2 * GIB)),
        ({"dbSize": "20480", "dbSizeInUse": "16384"}, "4294967296", Storage(20480, 16384, 4 * GIB)),
        ({"dbSize": "20480", "dbSizeInUse": "16384"}, "0", Storage(20480, 16384, 2 * GIB)),
        ({"dbSize": "2", "dbSizeInUse": "1", "dbSizeQuota": "8589934592"}, "5", Storage(2, 1, 8 * GIB)),
        (
            {
                "dbSize": "2",
                "dbSizeInUse": "1",
                "errors": ["memberID:331 alarm:NOSPACE ", "alarm:CORRUPT ", "etcdserver: no leader"],
            },
            "",
            Storage(2, 1, 2 * GIB, (("331", "NOSPACE"), ("", "CORRUPT"))),
        ),
        ({"dbSize": "0", "dbSizeInUse": "0"}, "", None),
        ({"dbSize": "2"}, "", None),
        ({"dbSize": "2", "dbSizeInUse": "1", "errors": "x"}, "", Storage(2, 1, 2 * GIB)),
        ("curl: (7) no", "", None),
    ],
)
def test_an_answer_of_etcds_is_its_storage(told: Any, quota: str, wanted: Storage | None) -> None:
    assert storage(told if isinstance(told, str) else json.dumps(told), quota) == wanted


def statuses(*held: Storage | None) -> dict[str, HostStatus]:
    whole = complete_statuses(CLUSTER)
    for name, storage_there in zip(("master1", "master2", "master3"), held, strict=True):
        etcd = EtcdStatus("ok", etcd_members(CLUSTER), "1", storage_there)
        whole[name] = replace(whole[name], etcd=etcd)
    return whole


SMALL = Storage(20 * MIB, 2 * MIB, 2 * GIB)


def found(*held: Storage | None) -> list[str]:
    return [
        f"{entry.severity} {entry.host}: {entry.found}; {entry.remedy}"
        for entry in storage_findings(statuses(*held), CLUSTER)
    ]


@pytest.mark.parametrize(
    ("storage_there", "sentences"),
    [
        (SMALL, []),
        (None, []),
        (Storage(64 * MIB, 32 * MIB, 2 * GIB), []),
        (
            Storage(64 * MIB, 31 * MIB, 2 * GIB),
            [
                "warning master2: its etcd's file has 64 MiB, of which 48 % are in use; "
                "run `pyinfra INVENTORY k8s_ha.defragment`"
            ],
        ),
        (
            Storage(1700 * MIB, GIB, 2 * GIB),
            [
                "warning master2: its etcd's file has 1.7 GiB of 2.0 GiB; raise quota-backend-bytes in "
                "kubeadm_patches, and see what fills it"
            ],
        ),
        (
            Storage(2 * GIB, 900 * MIB, 2 * GIB),
            ["warning master2: its etcd's file has 2.0 GiB of 2.0 GiB; run `pyinfra INVENTORY k8s_ha.defragment`"],
        ),
    ],
)
def test_files_near_their_quota_and_mostly_empty_ones(storage_there: Storage | None, sentences: list[str]) -> None:
    assert found(SMALL, storage_there, SMALL) == sentences


@pytest.mark.parametrize(
    ("alarm", "sentence"),
    [
        (("2", "NOSPACE"), "error the cluster: master2 of etcd has the alarm NOSPACE; run `pyinfra INVENTORY k8s_ha."),
        (("", "CORRUPT"), "error the cluster: etcd has the alarm CORRUPT; name its host in removed_nodes"),
        (("99", "OTHER"), "error the cluster: etcd has the alarm OTHER; see etcd's log there"),
    ],
)
def test_an_alarm_is_told_once_though_all_members_tell_it(alarm: tuple[str, str], sentence: str) -> None:
    loud = replace(SMALL, alarms=(alarm,))
    (line,) = found(loud, loud, loud)
    assert line.startswith(sentence)


def test_the_largest_is_told() -> None:
    assert (
        storage_phrase(statuses(SMALL, Storage(3 * GIB, GIB, 8 * GIB), None), CLUSTER)
        == "3.0 GiB of 8.0 GiB, 33 % in use"
    )
    assert storage_phrase(statuses(None, None, None), CLUSTER) == ""
