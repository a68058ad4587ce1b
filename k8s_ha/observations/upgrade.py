"""What a host tells that an upgrade may fail by. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from k8s_ha.catalog.upgrades import numbers


@dataclass(frozen=True)
class ManifestFile:
    """A file beside kubeadm's four in the folder of static pods.

    + component: which of kubeadm's four pods it defines; empty for another one
    """

    name: str
    component: str = ""


@dataclass(frozen=True)
class DeprecatedApi:
    """A deprecated API that somebody has asked an API server for since it started.

    + group: empty for the core group
    + removed_release: the release that no longer serves it, such as ``1.25``; empty where none is announced
    """

    group: str
    version: str
    resource: str
    removed_release: str

    def __str__(self) -> str:
        return f"{self.resource} of {f'{self.group}/' if self.group else ''}{self.version}"

    @property
    def removed_minor(self) -> int | None:
        """The minor that no longer serves it; None where no release is announced."""
        found = numbers(f"{self.removed_release}.0")
        return found[1] if found else None


@dataclass(frozen=True)
class Webhook:
    """An admission webhook that refuses what it cannot be asked about.

    + configuration: kind and name of the object that registers it
    + service: namespace and name, by a slash
    """

    configuration: str
    name: str
    service: str


@dataclass(frozen=True)
class UpgradeFacts:
    """What a node tells; None is what could not be read, or what a worker does not have.

    + free: bytes that are free in the file system of /etc/kubernetes
    + etcd_size: bytes that /var/lib/etcd takes
    + manifests: files beside kubeadm's four in /etc/kubernetes/manifests
    + deprecated_apis: as the host's own API server counts them
    + uptime: seconds since that API server started
    + webhooks: those that fail closed and whose Service has no ready endpoint
    + kubelet_flags: assignments of the files that give the kubelet flags, by file
    + kubelet_units: file and line of its unit and drop-ins, folders in systemd's order
    """

    free: int | None = None
    etcd_size: int | None = None
    manifests: tuple[ManifestFile, ...] | None = None
    deprecated_apis: tuple[DeprecatedApi, ...] | None = None
    uptime: int | None = None
    webhooks: tuple[Webhook, ...] | None = None
    kubelet_flags: Mapping[str, str] = field(default_factory=dict)
    kubelet_units: tuple[tuple[str, str], ...] = ()
