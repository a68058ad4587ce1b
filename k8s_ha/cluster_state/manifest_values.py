"""What kubeadm itself writes into a static pod by a configuration and a host. Values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from posixpath import normpath
from typing import Any, Final

from k8s_ha.catalog.static_pods import CERTIFICATES, EXTRA_ARGS, KUBECONFIGS, SYSTEM_VOLUMES
from k8s_ha.cluster_state.configuration import argument_map

Configuration = Mapping[str, Any]

_FLEXVOLUMES: Final = "/usr/libexec/kubernetes/kubelet-plugins/volume/exec"


@dataclass(frozen=True)
class Place:
    """Where a control plane's API server is reached.

    + address: the host's, IPv4
    + port: of its own API server
    """

    address: str
    port: int


def flag_values(component: str, configuration: Configuration, place: Place) -> Mapping[str, Collection[str]]:
    """The values that kubeadm may give its flags, by name; without those that nothing here decides.

    A file's value is its path. Of initial-cluster nothing is said: it has the members that were there at that time.
    """
    found = {name: {path} for name, path in _files(component, configuration)}
    if component == "kube-apiserver":
        issuer = f"https://kubernetes.default.svc.{_at(configuration, 'networking', 'dnsDomain') or 'cluster.local'}"
        found |= {
            "advertise-address": {place.address},
            "etcd-servers": {"https://127.0.0.1:2379", *_advertised(configuration)},
            "secure-port": {str(place.port)},
            "service-account-issuer": {issuer},
            **_given("service-cluster-ip-range", _at(configuration, "networking", "serviceSubnet")),
        }
    elif component == "kube-controller-manager":
        # Where the CA's key is kept elsewhere, kubeadm leaves both flags empty.
        for name in ("cluster-signing-cert-file", "cluster-signing-key-file"):
            found[name] |= {""}
        found |= {
            "cluster-name": {str(configuration.get("clusterName") or "kubernetes")},
            "node-cidr-mask-size": {"24"},
            **_given("cluster-cidr", _at(configuration, "networking", "podSubnet")),
            **_given("service-cluster-ip-range", _at(configuration, "networking", "serviceSubnet")),
        }
    elif component == "etcd":
        clients, peers = f"https://{place.address}:2379", f"https://{place.address}:2380"
        found |= {
            "advertise-client-urls": {clients},
            "data-dir": {_data_dir(configuration)},
            "initial-advertise-peer-urls": {peers},
            "listen-client-urls": {f"https://127.0.0.1:2379,{clients}"},
            "listen-peer-urls": {peers},
        }
    return found


def volume_paths(component: str, configuration: Configuration) -> Mapping[str, Collection[str]]:
    """Where the volumes that kubeadm mounts by itself may be, on the host and in the container alike, by name."""
    folder = _certificates_dir(configuration)
    if component == "etcd":
        return {"etcd-certs": {f"{folder}/etcd"}, "etcd-data": {_data_dir(configuration)}}
    found: dict[str, Collection[str]] = {}
    if component in KUBECONFIGS:
        found["kubeconfig"] = {KUBECONFIGS[component]}
    if component != "kube-scheduler":
        found |= {"k8s-certs": {folder}, **{name: {path} for name, path in SYSTEM_VOLUMES.items()}}
    if component == "kube-controller-manager":
        arguments = argument_map(_at(configuration, "controllerManager", EXTRA_ARGS) or {})
        own = arguments.get("flex-volume-plugin-dir") if isinstance(arguments, Mapping) else None
        found["flexvolume-dir"] = {_FLEXVOLUMES, *([normpath(str(own))] if own else [])}
    return found


def same_path(one: str, other: str) -> bool:
    """Whether two texts are the same path, or the same text."""
    return one == other or (one.startswith("/") and normpath(one) == normpath(other))


def _files(component: str, configuration: Configuration) -> Iterator[tuple[str, str]]:
    folder = _certificates_dir(configuration)
    for flag, file in CERTIFICATES[component].items():
        yield flag, f"{folder}/{file}"
    if component in KUBECONFIGS:
        for flag in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"):
            yield flag, KUBECONFIGS[component]


def _certificates_dir(configuration: Configuration) -> str:
    return normpath(str(configuration.get("certificatesDir") or "/etc/kubernetes/pki"))


def _data_dir(configuration: Configuration) -> str:
    return normpath(str(_at(configuration, "etcd", "local", "dataDir") or "/var/lib/etcd"))


def _advertised(configuration: Configuration) -> Iterator[str]:
    """The clients' URLs that somebody has etcd tell, where the API server then asks."""
    arguments = argument_map(_at(configuration, "etcd", "local", EXTRA_ARGS) or {})
    if isinstance(arguments, Mapping) and "advertise-client-urls" in arguments:
        yield str(arguments["advertise-client-urls"])


def _given(name: str, value: Any) -> dict[str, set[str]]:
    return {name: {str(value)}} if value else {}


def _at(configuration: Any, *path: str) -> Any:
    for key in path:
        configuration = configuration.get(key) if isinstance(configuration, Mapping) else None
    return configuration
