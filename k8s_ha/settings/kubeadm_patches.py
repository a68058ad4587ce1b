"""What kubeadm_patches may hold: the kinds, and the fields that a setting or this package already decides."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

_NODE_REGISTRATION = {
    "nodeRegistration.name": "set the host's hostname",
    "nodeRegistration.criSocket": "set container_runtime",
    "nodeRegistration.taints": "set the host's taints",
    "nodeRegistration.kubeletExtraArgs.node-ip": "set the host's address",
    "nodeRegistration.kubeletExtraArgs.node-labels": "set the host's labels",
    "nodeRegistration.kubeletExtraArgs.hostname-override": "set the host's hostname",
    # Removed in 1.35, and before it only dockershim and the image garbage collector listened to it.
    "nodeRegistration.kubeletExtraArgs.pod-infra-container-image": "set image_repository",
}
_TYPE = {"apiVersion": "set kubernetes_version", "kind": "remove it"}

# By kind: field -> what to do instead of patching it.
OWNED: dict[str, dict[str, str]] = {
    "InitConfiguration": {
        **_TYPE,
        **_NODE_REGISTRATION,
        "bootstrapTokens": "remove it, a token is made for each run",
        "certificateKey": "remove it, a key is made for each run",
        "localAPIEndpoint": "set the host's address",
    },
    "ClusterConfiguration": {
        **_TYPE,
        "kubernetesVersion": "set kubernetes_version",
        "controlPlaneEndpoint": "set control_plane_endpoint",
        "imageRepository": "set image_repository",
        "networking.podSubnet": "set pod_cidr",
        "networking.serviceSubnet": "set service_cidr",
        "networking.dnsDomain": "set dns_domain",
        "apiServer.certSANs": "set cert_extra_sans",
        "certificatesDir": "remove it, certificates are in /etc/kubernetes/pki",
        "etcd.external": "remove it, etcd runs on the control planes",
    },
    "JoinConfiguration": {
        **_TYPE,
        **_NODE_REGISTRATION,
        "discovery.bootstrapToken": "remove it, a token is made for each run",
        "discovery.file": "remove it, nodes join with a token",
        "discovery.tlsBootstrapToken": "remove it, a token is made for each run",
        "controlPlane": "set the host's role",
        "caCertPath": "remove it, certificates are in /etc/kubernetes/pki",
    },
    "KubeletConfiguration": {
        **_TYPE,
        "cgroupDriver": "remove it, the container runtime uses systemd too",
        "clusterDomain": "set dns_domain",
    },
    "KubeProxyConfiguration": {**_TYPE, "mode": "set kube_proxy_mode", "clusterCIDR": "set pod_cidr"},
}

# Fields that are a map of flags up to v1beta3 and a list of {name, value} from v1beta4 on.
EXTRA_ARGS = ("extraArgs", "kubeletExtraArgs")


def is_argument_list(value: object) -> TypeGuard[list[dict[str, Any]]]:
    """Whether it is v1beta4's form of extra arguments, a list of {name, value}."""
    return isinstance(value, list) and all(
        isinstance(item, dict) and set(item) == {"name", "value"} and isinstance(item["name"], str) for item in value
    )


def owned_fields(kind: str, patch: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(field, what to do instead) of each owned field that the patch sets, and of a parent that it replaces."""
    for field, remedy in OWNED[kind].items():
        value: Any = patch
        walked: list[str] = []
        for part in field.split("."):
            if is_argument_list(value):
                value = {item["name"]: item["value"] for item in value}
            if not isinstance(value, Mapping):
                yield ".".join(walked), "write a map, which is merged"
                break
            if part not in value:
                break
            walked.append(part)
            value = value[part]
        else:
            yield field, remedy


def argument_fields(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """(field, value) of each field of extra arguments."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            field = f"{path}.{key}" if path else str(key)
            if key in EXTRA_ARGS:
                yield field, item
            yield from argument_fields(item, field)


def not_plain(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """(field, value) of whatever YAML cannot hold: keys that are not text, objects that are not plain data."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            field = f"{path}.{key}" if path else str(key)
            if not isinstance(key, str):
                yield field, key
            yield from not_plain(item, field)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from not_plain(item, f"{path}.{index}")
    elif not isinstance(value, (str, int, float, bool, type(None))):
        yield path, value
