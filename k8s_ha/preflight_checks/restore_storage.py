"""What of a host's disks stands against a restore: too little room, or etcd's log in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from k8s_ha.cluster_state.configuration import argument_map
from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.restoring import RestoreHost
from k8s_ha.settings import HostSettings

CHECK: Final = "restore"

RESERVE: Final = 256 * 1024
"""KiB beside twice the snapshot: the write-ahead log's first file has 64 MB."""

LOG: Final = "wal-dir"
_RULE: Final = "a restore replaces etcd's folder of data, with the log in it"


def lacking_room(host: HostSettings, told: RestoreHost, size: int) -> Iterator[Finding]:
    """Why a snapshot of so many bytes has no room there."""
    needed = size // 1024
    for free, wanted, where in (
        (told.free, 2 * needed + RESERVE, "for etcd's data"),
        (told.free_kept, needed + RESERVE, "in /var/lib/k8s-ha"),
    ):
        if free is None:
            remedy = "see `df` there"
            yield Finding(host.name, CHECK, f"what is free {where} could not be read", "a restore needs room", remedy)
        elif free < wanted:
            found = f"has {free // 1024} MiB free {where}"
            yield Finding(host.name, CHECK, found, f"the restore needs {wanted // 1024} MiB", "free some")


def log_elsewhere(name: str, arguments: Mapping[str, Any]) -> Iterator[Finding]:
    """Why an etcd that stands cannot be given other data: the log of the old would stay beside it.

    + name: the host's
    + arguments: of its etcd
    """
    if arguments.get(LOG):
        found = f"its etcd has --{LOG}={arguments[LOG]}"
        yield Finding(name, CHECK, found, _RULE, "take that flag out by kubeadm_patches first")


def log_wanted_elsewhere(configuration: Mapping[str, Any]) -> Iterator[Finding]:
    """The same of what the settings would build.

    + configuration: the ClusterConfiguration
    """
    local = (configuration.get("etcd") or {}).get("local") or {}
    if LOG in argument_map(local.get("extraArgs") or {}):
        found = f"kubeadm_patches give etcd --{LOG}"
        yield Finding(THE_CLUSTER, CHECK, found, _RULE, "take it out for the restore")
