"""What kubeadm_patches may hold: the kinds, and the fields that a setting or this package already decides."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from k8s_ha.untrusted import whole_number

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
        "rotateCertificates": "remove it, kubeadm has every kubelet renew its certificate",
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
    """(field, value) of whatever no file for kubeadm can hold.

    Keys that are not text, objects that are not plain data, text that is not UTF-8, and numbers beyond 64 bits.
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            field = f"{path}.{key}" if path else str(key)
            if not isinstance(key, str) or not _is_utf_8(key):
                yield field, key
            yield from not_plain(item, field)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from not_plain(item, f"{path}.{index}")
    elif not _is_plain(value):
        yield path, value


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return _is_utf_8(value)
    return value is None or (isinstance(value, (int, float)) and -(2**63) <= value < 2**63)  # NaN is not


def _is_utf_8(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


NODE_MASK = "controllerManager.extraArgs.node-cidr-mask-size"
_NUMBERS = {
    ("ClusterConfiguration", NODE_MASK): (1, 32),
    ("KubeletConfiguration", "healthzPort"): (0, 65535),
    ("KubeProxyConfiguration", "healthzBindAddress"): (0, 65535),
}
"""Lowest and highest of what this package itself reads in patches; of an address, its port."""


def value_at(kind: str, field: str, patches: Mapping[str, Any]) -> object:
    """What a patch sets a field to; None where it does not."""
    value: Any = patches.get(kind)
    for part in field.split("."):
        if is_argument_list(value):
            value = {item["name"]: item["value"] for item in value}
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def as_number(value: object) -> int | None:
    """A number or its digits; None for anything else."""
    return value if type(value) is int else whole_number(value) if isinstance(value, str) else None


def out_of_range(patches: Mapping[str, Any]) -> Iterator[tuple[str, object, str]]:
    """(field, value, rule) of each number that this package reads and that is none, or too large."""
    for (kind, field), (low, high) in _NUMBERS.items():
        value = value_at(kind, field, patches)
        number = as_number(value)
        what = f"a number from {low} to {high}"
        if field == "healthzBindAddress":
            what = f"ADDRESS:PORT, the port {what}"
            number = _port(value)
        if value is not None and (number is None or not low <= number <= high):
            yield f"{kind}.{field}", value, f"it is {what}"


def _port(value: object) -> int | None:
    """The port of an address; 0 for an address alone, and for none."""
    if not isinstance(value, str):
        return None
    host, colon, port = value.rpartition(":")
    if not colon or value.endswith("]") or (":" in host and not host.endswith("]")):
        return 0
    return whole_number(port)
