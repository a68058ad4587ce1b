"""Which files of a backup a clean host is given before kubeadm makes the others. Values in, values out."""

from __future__ import annotations

import posixpath
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

_MOUNTED_BY_KUBEADM: Final = tuple(
    {"mountPath": path, "hostPath": path}
    for path in (
        *("/etc/kubernetes/pki", "/etc/ssl/certs", "/etc/pki", "/etc/ca-certificates"),
        *("/usr/share/ca-certificates", "/usr/local/share/ca-certificates"),
    )
)
"""What the API server has without extraVolumes (kubeadm, app/phases/controlplane/volumes.go)."""

_GENERAL: Final = frozenset(
    (
        *("", "/etc", "/etc/kubernetes", "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/tmp"),
        *("/var", "/var/lib", "/var/tmp"),
    )
)
_GENERAL_WHOLE: Final = (
    *("/dev", "/etc/kubernetes/manifests", "/etc/kubernetes/pki", "/etc/pki", "/etc/ssl", "/proc", "/run", "/sys"),
    *("/usr", "/var/log", "/var/run"),
)
"""Folders, and such with all below them, of which a file is never taken for being beside another."""

_NO_FILES: Final = ("audit-log", "log", "cert-dir")
"""How flags begin whose paths the API server writes itself."""


def api_server_files(cluster: Cluster) -> dict[str, tuple[str, ...]]:
    """Files on a control plane that flags of the settings name for its API server, by flag; without the first slash.

    Only these are taken from a backup: what it says itself may be anybody's.
    """
    server = _server(cluster)
    volumes = (*_MOUNTED_BY_KUBEADM, *(server.get("extraVolumes") or ()))
    given = server.get("extraArgs") or {}
    pairs = [(item["name"], item["value"]) for item in given] if is_argument_list(given) else given.items()
    found: dict[str, tuple[str, ...]] = {}
    for flag, value in pairs:
        paths = (host_path(volumes, path) for path in _paths(str(flag), str(value)))
        if named := tuple(path.lstrip("/") for path in paths if path is not None):
            found[str(flag)] = (*found.get(str(flag), ()), *named)
    return found


def files_beside(cluster: Cluster, names: Iterable[str]) -> list[str]:
    """Those that lie beside such a file, in a folder that is a volume of its own: a flag's file may name them.

    + names: of an archive's files
    """
    sources = {_plain(str(volume.get("hostPath"))) for volume in _server(cluster).get("extraVolumes") or ()}
    flagged = {posixpath.dirname(f"/{path}") for paths in api_server_files(cluster).values() for path in paths}
    own = {folder for folder in flagged & sources if not _is_general(folder)}
    return [name for name in names if posixpath.dirname(f"/{name}") in own]


def _is_general(folder: str) -> bool:
    return folder in _GENERAL or any(f"{folder}/".startswith(f"{whole}/") for whole in _GENERAL_WHOLE)


def _server(cluster: Cluster) -> Mapping[str, Any]:
    return kept_configuration(cluster)["ClusterConfiguration"].get("apiServer") or {}


def _paths(flag: str, value: str) -> Iterator[str]:
    """Of the container, as a flag names them."""
    if flag.startswith(_NO_FILES):
        return
    if flag == "tls-sni-cert-key":
        value = value.partition(":")[0]  # CERTIFICATE,KEY:NAMES
    yield from (path for path in value.split(",") if path.startswith("/"))


def host_path(volumes: Iterable[Mapping[str, Any]], path: str) -> str | None:
    """Where on the host lies what a container has at a path, by the deepest of its volumes there; None without any.

    + volumes: each with its mountPath and its hostPath, as kubeadm's extraVolumes have them
    """
    wanted = _plain(path)
    covering = [
        (mount, _plain(source))
        for volume in volumes
        if isinstance(source := volume.get("hostPath"), str) and isinstance(volume.get("mountPath"), str)
        if wanted == (mount := _plain(volume["mountPath"])) or wanted.startswith(f"{mount}/")
    ]
    if not covering:
        return None
    mount, source = max(covering, key=lambda pair: len(pair[0]))
    return source + wanted[len(mount) :]


def _plain(path: str) -> str:
    """Without empty parts, ``.`` and ``..``, and without a slash at its end; of the root nothing."""
    return posixpath.normpath(f"/{path.lstrip('/')}").rstrip("/")
