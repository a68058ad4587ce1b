"""Which files of a backup a clean host is given before kubeadm makes the others. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.settings import Cluster
from k8s_ha.settings.kubeadm_patches import is_argument_list

AUTHORITIES: Final[Mapping[str, str]] = {
    f"etc/kubernetes/pki/{name}": mode
    for name, mode in {
        "ca.crt": "644",
        "ca.key": "600",
        "sa.pub": "600",
        "sa.key": "600",
        "front-proxy-ca.crt": "644",
        "front-proxy-ca.key": "600",
        "etcd/ca.crt": "644",
        "etcd/ca.key": "600",
    }.items()
}
"""What all control planes share, with the mode that kubeadm gives each; the rest is made of it."""


def api_server_files(cluster: Cluster) -> dict[str, str]:
    """Files on a control plane that flags of the settings name for its API server, by flag; without the first slash.

    Only these are taken from a backup: what it says itself may be anybody's.
    """
    server: Mapping[str, Any] = kept_configuration(cluster)["ClusterConfiguration"].get("apiServer") or {}
    given = server.get("extraArgs") or {}
    flags = {item["name"]: item["value"] for item in given} if is_argument_list(given) else given
    found = {}
    for flag, value in flags.items():
        for path in host_paths(server.get("extraVolumes") or (), str(value)):
            found[str(flag)] = path.lstrip("/")
        # kubeadm mounts its own folder by itself.
        if str(value).startswith("/etc/kubernetes/pki/"):
            found[str(flag)] = str(value).lstrip("/")
    return found


def host_paths(volumes: Iterable[Mapping[str, Any]], path: str) -> Iterator[str]:
    """Where on the host lies what a container has at a path, by each of its volumes that covers it.

    + volumes: each with its mountPath and its hostPath, as kubeadm's extraVolumes have them
    """
    for volume in volumes:
        mount, source = str(volume.get("mountPath")), str(volume.get("hostPath"))
        if path == mount or path.startswith(f"{mount}/"):
            yield source + path[len(mount) :]
