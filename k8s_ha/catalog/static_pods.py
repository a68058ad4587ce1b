"""kubeadm's four static pods: where ClusterConfiguration has their part, and what kubeadm itself puts into them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "kube-apiserver": ("apiServer",),
    "kube-controller-manager": ("controllerManager",),
    "kube-scheduler": ("scheduler",),
    "etcd": ("etcd", "local"),
}
"""Where ClusterConfiguration has each static pod's part."""

REGENERATED: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
"""The order in which a host's static pods are generated: each comes up on those before it."""

EXTRA_ARGS: Final = "extraArgs"
EXTRA_LISTS: Final = ("extraVolumes", "extraEnvs")

_LOCAL: Final = "127.0.0.1"

# By flag: the value that kubeadm gives it on every host and in every version; None where that follows from the host or
# the cluster. What kubeadm v1.20.2 and v1.37.2 write, and between them cmd/kubeadm/app/phases/{controlplane,etcd}.
OWN_FLAGS: Final[Mapping[str, Mapping[str, str | None]]] = {
    "kube-apiserver": {
        "advertise-address": None,
        "allow-privileged": "true",
        "authorization-mode": "Node,RBAC",
        "client-ca-file": None,
        "enable-admission-plugins": "NodeRestriction",
        "enable-bootstrap-token-auth": "true",
        "etcd-cafile": None,
        "etcd-certfile": None,
        "etcd-keyfile": None,
        "etcd-servers": None,
        "insecure-port": "0",
        "kubelet-client-certificate": None,
        "kubelet-client-key": None,
        "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
        "proxy-client-cert-file": None,
        "proxy-client-key-file": None,
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-client-ca-file": None,
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "secure-port": None,
        "service-account-issuer": None,
        "service-account-key-file": None,
        "service-account-signing-key-file": None,
        "service-cluster-ip-range": None,
        "tls-cert-file": None,
        "tls-private-key-file": None,
    },
    "kube-controller-manager": {
        "allocate-node-cidrs": "true",
        "authentication-kubeconfig": None,
        "authorization-kubeconfig": None,
        "bind-address": _LOCAL,
        "client-ca-file": None,
        "cluster-cidr": None,
        "cluster-name": None,
        "cluster-signing-cert-file": None,
        "cluster-signing-key-file": None,
        "controllers": "*,bootstrapsigner,tokencleaner",
        "kubeconfig": None,
        "leader-elect": "true",
        "node-cidr-mask-size": None,
        "port": "0",
        "requestheader-client-ca-file": None,
        "root-ca-file": None,
        "service-account-private-key-file": None,
        "service-cluster-ip-range": None,
        "use-service-account-credentials": "true",
    },
    "kube-scheduler": {
        "authentication-kubeconfig": None,
        "authorization-kubeconfig": None,
        "bind-address": _LOCAL,
        "kubeconfig": None,
        "leader-elect": "true",
        "port": "0",
    },
    "etcd": {
        "advertise-client-urls": None,
        "cert-file": None,
        "client-cert-auth": "true",
        "data-dir": None,
        "experimental-initial-corrupt-check": "true",
        "experimental-watch-progress-notify-interval": "5s",
        "feature-gates": "InitialCorruptCheck=true",
        "initial-advertise-peer-urls": None,
        "initial-cluster": None,
        "initial-cluster-state": None,
        "key-file": None,
        "listen-client-urls": None,
        "listen-metrics-urls": "http://127.0.0.1:2381",
        "listen-peer-urls": None,
        "name": None,
        "peer-cert-file": None,
        "peer-client-cert-auth": "true",
        "peer-key-file": None,
        "peer-trusted-ca-file": None,
        "snapshot-count": "10000",
        "trusted-ca-file": None,
        "watch-progress-notify-interval": "5s",
    },
}

CERTIFICATES: Final[Mapping[str, Mapping[str, str]]] = {
    "kube-apiserver": {
        "client-ca-file": "ca.crt",
        "etcd-cafile": "etcd/ca.crt",
        "etcd-certfile": "apiserver-etcd-client.crt",
        "etcd-keyfile": "apiserver-etcd-client.key",
        "kubelet-client-certificate": "apiserver-kubelet-client.crt",
        "kubelet-client-key": "apiserver-kubelet-client.key",
        "proxy-client-cert-file": "front-proxy-client.crt",
        "proxy-client-key-file": "front-proxy-client.key",
        "requestheader-client-ca-file": "front-proxy-ca.crt",
        "service-account-key-file": "sa.pub",
        "service-account-signing-key-file": "sa.key",
        "tls-cert-file": "apiserver.crt",
        "tls-private-key-file": "apiserver.key",
    },
    "kube-controller-manager": {
        "client-ca-file": "ca.crt",
        "cluster-signing-cert-file": "ca.crt",
        "cluster-signing-key-file": "ca.key",
        "requestheader-client-ca-file": "front-proxy-ca.crt",
        "root-ca-file": "ca.crt",
        "service-account-private-key-file": "sa.key",
    },
    "kube-scheduler": {},
    "etcd": {
        "cert-file": "etcd/server.crt",
        "key-file": "etcd/server.key",
        "peer-cert-file": "etcd/peer.crt",
        "peer-key-file": "etcd/peer.key",
        "peer-trusted-ca-file": "etcd/ca.crt",
        "trusted-ca-file": "etcd/ca.crt",
    },
}
"""The files below certificatesDir that kubeadm's flags name."""

KUBECONFIGS: Final[Mapping[str, str]] = {
    "kube-controller-manager": "/etc/kubernetes/controller-manager.conf",
    "kube-scheduler": "/etc/kubernetes/scheduler.conf",
}

SYSTEM_VOLUMES: Final[Mapping[str, str]] = {
    "ca-certs": "/etc/ssl/certs",
    "etc-ca-certificates": "/etc/ca-certificates",
    "etc-pki": "/etc/pki",
    "etc-pki-ca-trust": "/etc/pki/ca-trust",
    "etc-pki-tls-certs": "/etc/pki/tls/certs",
    "usr-local-share-ca-certificates": "/usr/local/share/ca-certificates",
    "usr-share-ca-certificates": "/usr/share/ca-certificates",
}
"""Folders of CAs that kubeadm mounts where a host has them."""

FIXED_FLAGS: Final[Mapping[str, frozenset[str]]] = {
    "kube-apiserver": frozenset({"advertise-address", "etcd-servers", "secure-port", "service-cluster-ip-range"}),
    "kube-controller-manager": frozenset(
        {"allocate-node-cidrs", "cluster-cidr", "cluster-name", "node-cidr-mask-size", "service-cluster-ip-range"}
    ),
    "kube-scheduler": frozenset(),
    "etcd": frozenset(
        {
            *("advertise-client-urls", "data-dir", "initial-advertise-peer-urls", "initial-cluster", "name"),
            *("initial-cluster-state", "initial-cluster-token", "listen-client-urls", "listen-peer-urls"),
        }
    ),
}
"""Flags that a cluster which stands cannot change, since its data, its networks or its members rest on them."""
