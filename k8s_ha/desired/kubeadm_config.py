"""kubeadm configuration files from the settings: of the right API version, patched as the user wants, reproducible.

A file goes to `kubeadm init --config` or `kubeadm join --config`. It holds secrets.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

import yaml

from k8s_ha.catalog.compatibility import COREDNS_NEEDS_PATH, UPSTREAM_REGISTRY
from k8s_ha.settings import Cluster, HostSettings
from k8s_ha.settings.kubeadm_patches import EXTRA_ARGS, is_argument_list
from k8s_ha.settings.syntax import split_taint

Value = Any  # what YAML can hold
Document = dict[str, Value]

TOKEN_DESCRIPTION = "joins nodes during one run of k8s_ha"
COMPONENT_API = {
    "KubeletConfiguration": "kubelet.config.k8s.io/v1beta1",
    "KubeProxyConfiguration": "kubeproxy.config.k8s.io/v1alpha1",
}


def init_config(
    cluster: Cluster,
    host: HostSettings,
    *,
    token: str,
    certificate_key: str,
    token_ttl: str = "30m0s",
    caveats: Collection[str] = (),
    anywhere: Collection[str] = (),
) -> str:
    """The file for `kubeadm init --upload-certs` on a control plane.

    + token: bootstrap token, [a-z0-9]{6}.[a-z0-9]{16}
    + certificate_key: 64 hexadecimal digits
    + token_ttl: how long the token lives, as Go writes durations
    + caveats: names of those that were accepted and that this host needs (``compatibility.CAVEATS``)
    + anywhere: those that any node needs; kubelets share one configuration
    """
    init: Document = {
        "bootstrapTokens": [{"token": token, "ttl": token_ttl, "description": TOKEN_DESCRIPTION}],
        "certificateKey": certificate_key,
        "localAPIEndpoint": _api_endpoint(cluster, host),
        "nodeRegistration": _node_registration(cluster, host, caveats),
    }
    return _render(cluster, {"InitConfiguration": init, **_shared_documents(cluster, anywhere)})


def _shared_documents(cluster: Cluster, anywhere: Collection[str]) -> dict[str, Document]:
    """What the cluster keeps of its configuration, by kind, before patches."""
    kubelet: Document = {"cgroupDriver": "systemd"}
    if "cgroup-v1" in anywhere:
        kubelet["failCgroupV1"] = False
    return {
        "ClusterConfiguration": _cluster_configuration(cluster),
        "KubeletConfiguration": kubelet,
        "KubeProxyConfiguration": {"mode": cluster.settings.kube_proxy_mode},
    }


def kept_configuration(cluster: Cluster, anywhere: Collection[str] = ()) -> dict[str, Document]:
    """What the cluster is to keep of its configuration, by kind, patched; extra arguments are a map or a list.

    + anywhere: as for ``init_config``
    """
    patches = cluster.settings.kubeadm_patches
    return {kind: _merge(body, patches.get(kind, {})) for kind, body in _shared_documents(cluster, anywhere).items()}


def upload_certs_config(cluster: Cluster, host: HostSettings, *, certificate_key: str) -> str:
    """The file for `kubeadm init phase upload-certs --upload-certs` on a control plane of a running cluster.

    The phase uses the key and, in newer patches (1.37.2 and 1.33.13 do), the address of the API server beside it. The
    version and the socket keep kubeadm from asking the internet for the newest release, and the host for its container
    runtimes, of which it takes no more than one.

    + certificate_key: 64 hexadecimal digits
    """
    init: Document = {
        "certificateKey": certificate_key,
        "localAPIEndpoint": _api_endpoint(cluster, host),
        "nodeRegistration": {"criSocket": cri_socket(cluster)},
    }
    return _render(cluster, {"InitConfiguration": init, "ClusterConfiguration": _cluster_configuration(cluster)})


def mark_config(cluster: Cluster, host: HostSettings) -> str:
    """The file for `kubeadm init phase mark-control-plane` on a control plane; holds no secret.

    The phase uses the node's name and its taints; the rest is there for the reasons of ``upload_certs_config``.
    """
    init: Document = {
        "localAPIEndpoint": _api_endpoint(cluster, host),
        "nodeRegistration": _node_registration(cluster, host, ()),
    }
    return _render(cluster, {"InitConfiguration": init, "ClusterConfiguration": _cluster_configuration(cluster)})


def rebuilt_config(
    cluster: Cluster, host: HostSettings, *, caveats: Collection[str] = (), anywhere: Collection[str] = ()
) -> str:
    """The file for phases of `kubeadm init` that make a control plane of a cluster whose etcd is kept; holds no secret.

    + caveats, anywhere: as for ``init_config``
    """
    init: Document = {
        "localAPIEndpoint": _api_endpoint(cluster, host),
        "nodeRegistration": _node_registration(cluster, host, caveats),
    }
    return _render(cluster, {"InitConfiguration": init, **_shared_documents(cluster, anywhere)})


def phase_config(cluster: Cluster, host: HostSettings, kept: Mapping[str, Mapping[str, Value]]) -> str:
    """The file for a phase of `kubeadm init` on a control plane of a running cluster; holds no secret of kubeadm's.

    + kept: what the cluster keeps, by kind, whole; ClusterConfiguration is among it
    """
    init: Document = {
        "localAPIEndpoint": _api_endpoint(cluster, host),
        "nodeRegistration": _node_registration(cluster, host, ()),
    }
    merged = _merge(init, cluster.settings.kubeadm_patches.get("InitConfiguration", {}))
    # One file is of one version: the one that the cluster keeps its configuration in.
    api = str(kept["ClusterConfiguration"].get("apiVersion"))
    body = _with_argument_lists(merged) if api.endswith("/v1beta4") else merged
    return "---\n".join(
        dump(dict(document)) for document in ({"apiVersion": api, "kind": "InitConfiguration", **body}, *kept.values())
    )


def images_config(cluster: Cluster) -> str:
    """The file for `kubeadm config images list`, which needs all that may change an image's name; holds no secret."""
    return _render(cluster, {"ClusterConfiguration": _cluster_configuration(cluster)})


def join_config(
    cluster: Cluster,
    host: HostSettings,
    *,
    token: str,
    ca_cert_hash: str,
    certificate_key: str | None = None,
    caveats: Collection[str] = (),
) -> str:
    """The file for `kubeadm join`.

    + ca_cert_hash: the cluster CA's public key, "sha256:" and 64 hexadecimal digits
    + certificate_key: what the uploaded certificates are encrypted with, to join as a control plane; None for a worker
    + caveats: as for ``init_config``
    """
    join: Document = {
        "discovery": {
            "bootstrapToken": {
                "token": token,
                "apiServerEndpoint": cluster.endpoint,
                "caCertHashes": [ca_cert_hash],
            }
        },
        "nodeRegistration": _node_registration(cluster, host, caveats),
    }
    if certificate_key is not None:
        join["controlPlane"] = {
            "localAPIEndpoint": _api_endpoint(cluster, host),
            "certificateKey": certificate_key,
        }
    return _render(cluster, {"JoinConfiguration": join})


def _api_endpoint(cluster: Cluster, host: HostSettings) -> Document:
    return {"advertiseAddress": host.address, "bindPort": cluster.api_port}


CRI_SOCKETS: Final[Mapping[str, str]] = {
    "containerd": "/run/containerd/containerd.sock",
    "dockershim": "/var/run/dockershim.sock",
    "cri-dockerd": "/var/run/cri-dockerd.sock",
}


def cri_socket(cluster: Cluster, standing: str | None = None) -> str:
    """The container runtime's socket as kubeadm takes it; a host may have several runtimes' sockets.

    + standing: what the kubelet speaks to, where that is another one than the settings say
    """
    shape = standing or cluster.cri
    # dockershim listens on no real socket: kubeadm knows it by exactly this path.
    return CRI_SOCKETS[shape] if shape == "dockershim" else f"unix://{CRI_SOCKETS[shape]}"


def _node_registration(cluster: Cluster, host: HostSettings, caveats: Collection[str]) -> Document:
    # Without node-ip the kubelet takes the address of the default route, wrong on hosts with several networks.
    arguments = {"node-ip": host.address}
    if host.labels:
        arguments["node-labels"] = ",".join(f"{key}={value}" for key, value in sorted(host.labels.items()))
    registration: Document = {
        "name": host.hostname,
        "criSocket": cri_socket(cluster),
        "kubeletExtraArgs": arguments,
    }
    if "SystemVerification" in caveats:
        registration["ignorePreflightErrors"] = ["SystemVerification"]
    if host.taints is not None:
        registration["taints"] = [_taint(taint) for taint in host.taints]
    return registration


def _taint(taint: str) -> Document:
    key, value, effect = split_taint(taint)
    return {"key": key, "value": value, "effect": effect} if value else {"key": key, "effect": effect}


def _cluster_configuration(cluster: Cluster) -> Document:
    settings = cluster.settings
    endpoint = [cluster.endpoint_host, *([cluster.virtual_address] if cluster.virtual_address else [])]
    balancers = [name for host in cluster.load_balancers for name in (host.address, host.hostname)]
    configuration: Document = {
        "kubernetesVersion": f"v{settings.version}",
        "controlPlaneEndpoint": cluster.endpoint,
        "imageRepository": cluster.image_repository,
        "networking": {
            "podSubnet": settings.pod_cidr,
            "serviceSubnet": settings.service_cidr,
            "dnsDomain": settings.dns_domain,
        },
        "apiServer": {"certSANs": list(dict.fromkeys([*endpoint, *balancers, *settings.cert_extra_sans]))},
    }
    if cluster.image_repository == UPSTREAM_REGISTRY and settings.kubernetes_line.minor in COREDNS_NEEDS_PATH:
        configuration["dns"] = {"imageRepository": f"{UPSTREAM_REGISTRY}/coredns"}
    return configuration


def _render(cluster: Cluster, documents: Mapping[str, Document]) -> str:
    api = cluster.settings.kubernetes_line.config_api
    texts = []
    for kind, body in documents.items():
        head = {"apiVersion": COMPONENT_API.get(kind, f"kubeadm.k8s.io/{api}"), "kind": kind}
        merged = _merge(body, cluster.settings.kubeadm_patches.get(kind, {}))
        texts.append(dump({**head, **(_with_argument_lists(merged) if api == "v1beta4" else merged)}))
    return "---\n".join(texts)


def _merge(base: Value, patch: Value, field: str = "") -> Value:
    """Maps merge, anything else replaces; of two forms of extra arguments, those of the patch win by name."""
    if field in EXTRA_ARGS:
        return _merge_arguments(base, patch)
    if not (isinstance(base, Mapping) and isinstance(patch, Mapping)):
        return patch
    merged = dict(base)
    for key, value in patch.items():
        merged[key] = _merge(base.get(key, {} if isinstance(value, Mapping) else None), value, key)
    return merged


def _merge_arguments(base: Mapping[str, str] | None, patch: Value) -> Value:
    if is_argument_list(patch):
        replaced = {item["name"] for item in patch}
        kept = [{"name": name, "value": value} for name, value in (base or {}).items() if name not in replaced]
        return kept + [{"name": item["name"], "value": _argument(item["value"])} for item in patch]
    return {**(base or {}), **{name: _argument(value) for name, value in patch.items()}}


def _argument(value: object) -> str:
    """A flag's value as text, which is all that kubeadm takes."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_argument_lists(value: Value) -> Value:
    """v1beta4's form: extra arguments as a list of {name, value}, which may name one more than once."""
    if not isinstance(value, Mapping):
        return value
    converted = {key: _with_argument_lists(item) for key, item in value.items()}
    for key in EXTRA_ARGS:
        if isinstance(value.get(key), Mapping):
            converted[key] = [{"name": name, "value": argument} for name, argument in value[key].items()]
    return converted


_AMBIGUOUS = re.compile(r"[-+.0-9]|[yYnN]$")


class _Dumper(yaml.SafeDumper):
    """Quotes what PyYAML writes bare and Go's YAML reads as a number or a truth value: 1e3, y, n."""

    def ignore_aliases(self, data: Value) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if _AMBIGUOUS.match(text) else None)


_Dumper.add_representer(str, _represent_text)


def dump(document: Document) -> str:
    """The document in YAML as Go reads it."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=1000)
