"""kubeadm's certificates and kubeconfigs: where they are, who reads them, and what `kubeadm certs renew` renews.

kubernetes.io, Certificate Management with kubeadm; cmd/kubeadm/app/phases/certs/renewal/manager.go. From 1.20
on it is `kubeadm certs renew NAME --config` (kubernetes#94938), which reads certificates and CAs in the configuration's
certificatesDir; kubeconfigs it knows in /etc/kubernetes alone. Tried with 1.20.2, 1.34.11 and 1.36.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

KUBERNETES: Final = "/etc/kubernetes"
PKI: Final = f"{KUBERNETES}/pki"
KUBELET_CLIENT: Final = "/var/lib/kubelet/pki/kubelet-client-current.pem"
KUBELET_SERVER: Final = "/var/lib/kubelet/pki/kubelet-server-current.pem"
"""There where kubelets ask the cluster for it (serverTLSBootstrap), which somebody must approve."""

KUBELET_CONF: Final = f"{KUBERNETES}/kubelet.conf"

AUTHORITIES: Final = (f"{PKI}/ca.crt", f"{PKI}/front-proxy-ca.crt", f"{PKI}/etcd/ca.crt")
"""The CAs, each beside its key."""


class Kind(Enum):
    """What ends together, as people read it."""

    AUTHORITY = "CAs"
    CONTROL_PLANE = "control planes"
    KUBECONFIG = "kubeconfigs"
    KUBELET = "kubelets"


def kind(path: str) -> Kind:
    """Of which kind the certificate in a file is."""
    if path.startswith("/var/lib/kubelet/") or path == KUBELET_CONF:
        return Kind.KUBELET
    if path.endswith("ca.crt"):
        return Kind.AUTHORITY
    return Kind.KUBECONFIG if path.endswith(".conf") else Kind.CONTROL_PLANE


@dataclass(frozen=True)
class Renewable:
    """What `kubeadm certs renew` renews by one name.

    + name: kubeadm's
    + path: of the certificate or the kubeconfig
    + component: the static pod that comes up with it; empty for none
    + since: the first minor whose kubeadm knows the name
    """

    name: str
    path: str
    component: str
    since: int = 20


RENEWABLE: Final = (
    Renewable("etcd-server", f"{PKI}/etcd/server.crt", "etcd"),
    Renewable("etcd-peer", f"{PKI}/etcd/peer.crt", "etcd"),
    Renewable("etcd-healthcheck-client", f"{PKI}/etcd/healthcheck-client.crt", "etcd"),
    Renewable("apiserver", f"{PKI}/apiserver.crt", "kube-apiserver"),
    Renewable("apiserver-kubelet-client", f"{PKI}/apiserver-kubelet-client.crt", "kube-apiserver"),
    Renewable("apiserver-etcd-client", f"{PKI}/apiserver-etcd-client.crt", "kube-apiserver"),
    Renewable("front-proxy-client", f"{PKI}/front-proxy-client.crt", "kube-apiserver"),
    # Whether the API server is ready is asked with it.
    Renewable("admin.conf", f"{KUBERNETES}/admin.conf", "kube-apiserver"),
    Renewable("controller-manager.conf", f"{KUBERNETES}/controller-manager.conf", "kube-controller-manager"),
    Renewable("scheduler.conf", f"{KUBERNETES}/scheduler.conf", "kube-scheduler"),
    Renewable("super-admin.conf", f"{KUBERNETES}/super-admin.conf", "", since=29),  # kubernetes#121305
)
"""In the order in which they are renewed: each component comes up on those before it."""


def renewable(minor: int) -> tuple[Renewable, ...]:
    """What the kubeadm of a line renews, in its order."""
    return tuple(entry for entry in RENEWABLE if entry.since <= minor)
