"""What etcd's members hold on their disks, and what ails them there. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.etcd import Storage
from k8s_ha.observations.host_status import HostStatus
from k8s_ha.settings import Cluster
from k8s_ha.verification.etcd import listed_members

PERCENT_OF_QUOTA: Final = 80
PERCENT_IN_USE: Final = 50
WORTH_DEFRAGMENTING: Final = 64 * 1024 * 1024
"""Bytes of a file below which it is not worth that its member is silent for a moment."""

DEFRAGMENT: Final = "run `pyinfra INVENTORY k8s_ha.defragment`"
_ALARMS: Final[Mapping[str, tuple[str, str]]] = {
    "NOSPACE": (
        "none; with it the cluster takes no writes",
        f"{DEFRAGMENT}, raise quota-backend-bytes where that is not enough, then disarm it",
    ),
    "CORRUPT": ("none; that member's data is not the others'", "name its host in removed_nodes, then join it again"),
}


def storage_findings(statuses: Mapping[str, HostStatus], cluster: Cluster) -> Iterator[Finding]:
    """Alarms, files near their quota, and files that are mostly empty."""
    held = storages(statuses, cluster)
    names = {member.identity: member.name for member in listed_members(statuses, cluster)}
    # Every member tells of all alarms.
    for identity, alarm in sorted({alarm for storage in held.values() for alarm in storage.alarms}):
        wanted, remedy = _ALARMS.get(alarm, ("none", "see etcd's log there"))
        member = names.get(identity)
        whose = "etcd" if member is None else f"{member} of etcd"
        yield Finding(THE_CLUSTER, "etcd", f"{whose} has the alarm {alarm}", wanted, remedy)
    for name, storage in held.items():
        is_loose = storage.size >= WORTH_DEFRAGMENTING and storage.percent_in_use < PERCENT_IN_USE
        if storage.size * 100 >= storage.quota * PERCENT_OF_QUOTA:
            found = f"its etcd's file has {_size(storage.size)} of {_size(storage.quota)}"
            remedy = DEFRAGMENT if is_loose else "raise quota-backend-bytes in kubeadm_patches, and see what fills it"
            yield Finding(name, "etcd", found, f"less than {PERCENT_OF_QUOTA} % of its quota", remedy, "warning")
        elif is_loose:
            found = f"its etcd's file has {_size(storage.size)}, of which {storage.percent_in_use} % are in use"
            yield Finding(name, "etcd", found, f"{PERCENT_IN_USE} % at least", DEFRAGMENT, "warning")


def storages(statuses: Mapping[str, HostStatus], cluster: Cluster) -> dict[str, Storage]:
    """What the members hold that have told, by the inventory name of their hosts."""
    told = {entry.name: statuses[entry.name].etcd for entry in cluster.control_planes if entry.name in statuses}
    return {name: etcd.storage for name, etcd in told.items() if etcd is not None and etcd.storage is not None}


def storage_phrase(statuses: Mapping[str, HostStatus], cluster: Cluster) -> str:
    """How large the largest member's file is; empty where none has told."""
    largest = max(storages(statuses, cluster).values(), key=lambda storage: storage.size, default=None)
    if largest is None:
        return ""
    return f"{_size(largest.size)} of {_size(largest.quota)}, {largest.percent_in_use} % in use"


def _size(count: int) -> str:
    gib = 1024**3
    return f"{count / gib:.1f} GiB" if count >= gib else f"{count / 1024**2:.0f} MiB"
