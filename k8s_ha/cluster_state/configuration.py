"""Two configurations held beside each other: the one that is wanted, and the one that a cluster keeps.

kubeadm fills in defaults, orders lists, and moves extra arguments from a map to a list; none of that is a difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, Final

from k8s_ha.settings.kubeadm_patches import EXTRA_ARGS, is_argument_list

Path = tuple[str, ...]

_ANY: Final = object()

_LOGGING: Final[Mapping[Path, Any]] = {
    ("logging", "flushFrequency"): 0,
    ("logging", "options", "json", "infoBufferSize"): "0",
    ("logging", "options", "text", "infoBufferSize"): "0",
    ("logging", "verbosity"): 0,
}

# What `kubeadm config print init-defaults --component-configs …` prints from 1.20 to 1.37, beside zeros.
_DEFAULTS: Final[Mapping[str, Mapping[Path, Any]]] = {
    "ClusterConfiguration": {
        ("apiServer", "extraArgs", "authorization-mode"): "Node,RBAC",
        ("apiServer", "timeoutForControlPlane"): _ANY,  # how long an init waits, and gone in v1beta4
        ("caCertificateValidityPeriod",): "87600h",
        ("certificateValidityPeriod",): "8760h",
        ("certificatesDir",): "/etc/kubernetes/pki",
        ("clusterName",): "kubernetes",
        ("dns", "type"): "CoreDNS",
        ("encryptionAlgorithm",): "RSA-2048",
        ("etcd", "local", "dataDir"): "/var/lib/etcd",
    },
    "KubeletConfiguration": {
        ("authentication", "anonymous", "enabled"): False,
        ("authentication", "webhook", "enabled"): True,
        ("authentication", "x509", "clientCAFile"): "/etc/kubernetes/pki/ca.crt",
        ("authorization", "mode"): "Webhook",
        ("failCgroupV1",): False,  # some host needed it, or does and could not be asked
        ("healthzBindAddress",): "127.0.0.1",
        ("healthzPort",): 10248,
        ("resolvConf",): "/run/systemd/resolve/resolv.conf",
        ("rotateCertificates",): True,
        ("staticPodPath",): "/etc/kubernetes/manifests",
        **_LOGGING,
    },
    "KubeProxyConfiguration": {
        ("bindAddress",): "0.0.0.0",
        ("clientConnection", "kubeconfig"): "/var/lib/kube-proxy/kubeconfig.conf",
        ("mode",): "iptables",
        **_LOGGING,
    },
}
_HEAD: Final = ("apiVersion", "kind")


@dataclass(frozen=True)
class Deviation:
    """A field whose wanted value is not the one that stands; None is no value.

    + kind: the configuration's
    """

    kind: str
    path: Path
    wanted: Any
    standing: Any

    @property
    def field(self) -> str:
        return ".".join(self.path)


def deviations(
    kind: str, wanted: Mapping[str, Any], standing: Mapping[str, Any], follows: Mapping[Path, Any] | None = None
) -> Iterator[Deviation]:
    """Each field that is wanted otherwise than it stands, and each that stands and nobody wants.

    + follows: what kubeadm derives from other settings of the cluster that stands, by path
    """
    wants, stands = _leaves(wanted), _leaves(standing)
    defaults = {**_DEFAULTS[kind], **(follows or {})}
    for path, value in wants.items():
        default = defaults.get(path)
        if path not in stands and (_is_left_out(kind, path, value) or default is _ANY or _equal(value, default)):
            continue
        if not _equal(value, stands.get(path)):
            yield Deviation(kind, path, value, stands.get(path))
    for path, value in stands.items():
        if path not in wants and not _is_default(kind, path, value, defaults.get(path)):
            yield Deviation(kind, path, None, value)


def followed(kind: str, cluster_configuration: Mapping[str, Any]) -> dict[Path, Any]:
    """What kubeadm derives for kubelets and kube-proxy from the networks and the domain of a ClusterConfiguration."""
    networking = cluster_configuration.get("networking")
    kept = networking if isinstance(networking, Mapping) else {}
    if kind == "KubeProxyConfiguration":
        return {("clusterCIDR",): kept.get("podSubnet")}
    if kind != "KubeletConfiguration":
        return {}
    try:
        servers = [str(IPv4Network(str(kept.get("serviceSubnet")))[10])]
    except (ValueError, IndexError):
        servers = []
    return {("clusterDomain",): kept.get("dnsDomain"), ("clusterDNS",): servers}


def same_argument(wanted: Any, standing: str | None) -> bool:
    """Whether a flag has the wanted value, or values, in whatever order."""
    if standing is None:
        return False
    text = ",".join(map(_text, wanted)) if isinstance(wanted, (list, tuple)) else _text(wanted)
    return _equal(text, standing) or sorted(text.split(",")) == sorted(standing.split(","))


def leaf(document: Mapping[str, Any], path: Path) -> Any:
    """The value of a field that is no map; None for none. Extra arguments may be a map or a list."""
    return _leaves(document).get(path)


def is_kubeadms(kind: str, path: Path, value: Any, follows: Mapping[Path, Any]) -> bool:
    """Whether a value is the one that kubeadm gives a field which nobody has set.

    + follows: as for ``deviations``
    """
    default = {**_DEFAULTS[kind], **follows}.get(path)
    return value is not None and _is_default(kind, path, value, default)


def same_value(one: Any, other: Any) -> bool:
    """Whether Go takes the two values for the same."""
    return _equal(one, other)


_ZEROS: Final = (False, 0, "", "0s", "0", None)
"""What Go writes for a field that nobody has set."""

# Go leaves a zero out of these; where another field is missing, nobody has set it, and its default is what counts.
_OMITTED: Final[Mapping[str, frozenset[Path]]] = {
    "ClusterConfiguration": frozenset({("dns", "disabled"), ("proxy", "disabled")}),
    "KubeletConfiguration": frozenset(
        (name,)
        for name in (
            *("enableContentionProfiling", "eventBurst", "evictionMaxPodGracePeriod", "kubeAPIBurst", "maxOpenFiles"),
            *("maxPods", "nodeLeaseDurationSeconds", "podsPerCore", "port", "protectKernelDefaults", "readOnlyPort"),
            *("registryBurst", "runOnce", "serverTLSBootstrap"),
        )
    ),
    "KubeProxyConfiguration": frozenset(),
}


_NULL: Final[frozenset[Path]] = frozenset(
    {
        *(("conntrack", name) for name in ("maxPerCore", "min", "tcpCloseWaitTimeout", "tcpEstablishedTimeout")),
        *((mode, "masqueradeBit") for mode in ("iptables", "nftables")),
        ("iptables", "localhostNodePorts"),
        ("oomScoreAdj",),
    }
)
"""Fields of kube-proxy that are null where nobody has set them, so that a zero there is somebody's."""


def _is_left_out(kind: str, path: Path, value: Any) -> bool:
    """Whether a wanted value is one that a configuration has by leaving the field out."""
    if not _FREE.isdisjoint(path[:-1]) or isinstance(value, (list, tuple)):
        return False
    return value in ("", "0s") or (value in _ZEROS and path in _OMITTED[kind])


# Maps whose keys are the users': a zero there is somebody's.
_FREE: Final = frozenset(
    {
        *EXTRA_ARGS,
        *("featureGates", "evictionHard", "evictionSoft", "evictionSoftGracePeriod", "evictionMinimumReclaim"),
        *("systemReserved", "kubeReserved", "qosReserved", "staticPodURLHeader"),
    }
)


def _is_default(kind: str, path: Path, value: Any, default: Any) -> bool:
    if default is _ANY or _equal(value, default):
        return True
    if not _FREE.isdisjoint(path[:-1]) or isinstance(value, (list, tuple)):
        return False
    # kube-proxy's fields stand there all, with Go's zeros or null; of the others those alone that are durations.
    return value in _ZEROS and path not in _NULL if kind == "KubeProxyConfiguration" else value in ("", "0s", None)


def _leaves(value: Mapping[str, Any], path: Path = ()) -> dict[Path, Any]:
    """All that is no map, by path, without what is empty."""
    found: dict[Path, Any] = {}
    for key, item in value.items():
        here = (*path, str(key))
        if here[0] in _HEAD:
            continue
        given = argument_map(item) if key in EXTRA_ARGS else item
        if isinstance(given, Mapping):
            found |= _leaves(given, here)
        elif given is not None and given != []:
            found[here] = given
    return found


def argument_map(value: Any) -> Any:
    """Extra arguments by name, each with its value, or its values where there are several."""
    if not is_argument_list(value):
        return value
    found: dict[str, list[Any]] = {}
    for item in value:
        found.setdefault(item["name"], []).append(item["value"])
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _equal(one: Any, other: Any) -> bool:
    if _normal(one) == _normal(other):
        return True
    return isinstance(one, str) and isinstance(other, str) and _seconds(one) == _seconds(other) is not None


def _normal(value: Any) -> Any:
    """A value in a form that is the same for whatever Go takes for the same.

    Lists are without order, and items of theirs that are maps are without order and without zeros.
    """
    if isinstance(value, Mapping):
        items = ((str(key), _normal(item)) for key, item in value.items() if not _is_empty(item))
        return ("map", tuple(sorted(items, key=repr)))
    if isinstance(value, (list, tuple)):
        return ("list", tuple(sorted(map(_normal, value), key=repr)))
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        return (repr(value),)
    text = str(value)
    quantity = _QUANTITY.fullmatch(text)
    return text if quantity is None else f"{float(quantity[1]) * _SIZES[quantity[2] or '']:.12g}"


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value in ("", 0, [], {})


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_QUANTITY: Final = re.compile(r"([+-]?\d{1,18}(?:\.\d{1,9})?)([kMGTPE]|[KMGTPE]i|m)?", re.ASCII)
"""As apimachinery writes amounts of CPU and memory; a number is one."""
_SIZES: Final = {
    "": 1.0,
    "m": 1e-3,
    **{unit: 1e3**power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": 1024.0**power for power, unit in enumerate("KMGTPE", start=1)},
}

_DURATION: Final = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:h|ms|m|s|us|µs|ns))+", re.ASCII)
_PART: Final = re.compile(r"([\d.]+)(h|ms|m|s|us|µs|ns)")
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def _seconds(text: str) -> float | None:
    """The length of a duration as Go writes them; None for what is none."""
    if not _DURATION.fullmatch(text):
        return None
    return round(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)), 9)
