"""A cluster that stands as some settings say, as its hosts and its API server tell it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import yaml

from k8s_ha.cluster_state.node_metadata import kubeadm_taints
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.observations.node import ClusterNode, Kubeconfig, NodeView
from k8s_ha.observations.standing import MANIFEST_DIGEST, Standing
from k8s_ha.settings import Cluster, HostSettings
from k8s_ha.settings.kubeadm_patches import EXTRA_ARGS
from tests.support.node_views import ADMIN, API_SERVER, CA_CERTIFICATE, KUBELET

COMPONENTS = {
    "kube-apiserver": ("apiServer",),
    "kube-controller-manager": ("controllerManager",),
    "kube-scheduler": ("scheduler",),
    "etcd": ("etcd", "local"),
}


def _yaml(value: Any) -> str:
    """As kubeadm would write it; by libyaml, since there is much of it."""
    return str(yaml.dump(value, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)))


def snapshot_of(cluster: Cluster, wanted: Cluster | None = None, **views: NodeView | None) -> ClusterSnapshot:
    """The cluster as it stands, beside the settings that are wanted now.

    + views: of hosts that hold something else, by inventory name with ``_`` for ``-``
    """
    held: dict[str, NodeView | None] = {host.name: view_of(cluster, host) for host in cluster.hosts}
    held |= {name.replace("_", "-"): view for name, view in views.items()}
    return ClusterSnapshot(wanted or cluster, held)


def view_of(cluster: Cluster, host: HostSettings, **changes: Any) -> NodeView:
    """What one host of it tells."""
    if not host.is_node:
        return NodeView((), None, None)
    leads = "control_plane" in host.role
    view = NodeView(
        artifacts=(ADMIN, KUBELET, API_SERVER) if leads else (KUBELET,),
        api_server_url=f"https://{cluster.endpoint}",
        ca_certificate=CA_CERTIFICATE,
        ready=leads,
        nodes=tuple(node_of(cluster, node) for node in cluster.nodes) if leads else (),
        standing=standing_of(cluster, host),
        named_clusters=named_clusters(cluster, host),
    )
    return replace(view, **changes)


def named_clusters(cluster: Cluster, host: HostSettings) -> tuple[Kubeconfig, ...]:
    """What its kubeconfigs name, as kubeadm 1.30 writes them, and root's."""
    endpoint, own = f"https://{cluster.endpoint}", f"https://{host.address}:{cluster.api_port}"
    servers = {KUBELET: endpoint}
    if "control_plane" in host.role:
        folder = ADMIN.rpartition("/")[0]
        servers = {ADMIN: endpoint, **servers, f"{folder}/scheduler.conf": own, "/root/.kube/config": endpoint}
    return tuple(Kubeconfig(path, server, True, CA_CERTIFICATE) for path, server in servers.items())


def node_of(cluster: Cluster, host: HostSettings, **changes: Any) -> ClusterNode:
    """One Node of it, whose labels and taints are those that it joined with."""
    control_plane = "control_plane" in host.role
    kubeadms = kubeadm_taints(cluster.settings.kubernetes_line.minor) if control_plane else ()
    node = ClusterNode(
        host.hostname,
        ready=True,
        version=f"v{cluster.settings.version}",
        control_plane=control_plane,
        labels={"kubernetes.io/hostname": host.hostname, **host.labels},
        address=host.address,
        taints=tuple(kubeadms if host.taints is None else host.taints),
    )
    return replace(node, **changes)


def standing_of(cluster: Cluster, host: HostSettings) -> Standing:
    """What one host holds of the configuration, and its API server keeps."""
    kept = kept_configuration(cluster)
    return Standing(
        static_pods=static_pods(cluster, kept) if "control_plane" in host.role else {},
        kubelet_config=kubelet_file(kept),
        kubelet_flags=kubelet_flags(cluster),
        objects=objects(cluster, kept) if "control_plane" in host.role else "",
    )


def kubelet_file(kept: Mapping[str, Any]) -> str:
    """A kubelet's own configuration file."""
    return _yaml(kept["KubeletConfiguration"])


def kubelet_flags(cluster: Cluster) -> str:
    """As kubeadm-flags.env has them, behind the variable's name."""
    patch = cluster.settings.kubeadm_patches.get("JoinConfiguration", {}).get("nodeRegistration", {})
    arguments = {"node-ip": "1.2.3.4", **patch.get("kubeletExtraArgs", {})}
    return '"' + " ".join(f"--{name}={value}" for name, value in arguments.items()) + '"'


def static_pods(cluster: Cluster, kept: Mapping[str, Any], version: str = "") -> dict[str, str]:
    """The manifests' containers, by component."""
    found = {}
    for component, place in COMPONENTS.items():
        part: Any = kept["ClusterConfiguration"]
        for key in place:
            part = part.get(key, {})
        arguments = part.get(EXTRA_ARGS[0], {})
        given = arguments.items() if isinstance(arguments, dict) else ((a["name"], a["value"]) for a in arguments)
        tag = "3.5.15-0" if component == "etcd" else f"v{version or cluster.settings.version}"
        command = [component, *(f"--{name}={value}" for name, value in given)]
        container = {"command": command, "image": f"{cluster.image_repository}/{component}:{tag}"}
        found[component] = _yaml({"spec": {"containers": [container | _mounted(part)], "volumes": _volumes(part)}})
    return found


def _mounted(part: Mapping[str, Any]) -> dict[str, Any]:
    """What extraEnvs and extraVolumes put into a container, as kubeadm writes it."""
    mounts = [
        {"name": volume["name"], "mountPath": volume["mountPath"], "readOnly": volume.get("readOnly", False)}
        for volume in part.get("extraVolumes", ())
    ]
    return {"env": part.get("extraEnvs", []), "volumeMounts": mounts}


def _volumes(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": volume["name"], "hostPath": {"path": volume["hostPath"], "type": volume.get("pathType", "")}}
        for volume in part.get("extraVolumes", ())
    ]


def objects(cluster: Cluster, kept: Mapping[str, Any], without: Collection[str] = ()) -> str:
    """The ConfigMaps, and flannel's DaemonSet where this package applied it, as kubectl prints them."""
    settings = cluster.settings
    maps = {
        "kubeadm-config": {"ClusterConfiguration": _yaml(kept["ClusterConfiguration"])},
        "kubelet-config": {"kubelet": _yaml(kept["KubeletConfiguration"])},
        "kube-proxy": {
            "config.conf": _yaml(kept["KubeProxyConfiguration"]),
            "kubeconfig.conf": _yaml({"clusters": [{"cluster": {"server": f"https://{cluster.endpoint}"}}]}),
        },
    }
    items: list[dict[str, Any]] = []
    if settings.pod_network == "flannel":
        network = {"Network": settings.pod_cidr, "Backend": {"Type": settings.flannel_backend}}
        maps["kube-flannel-cfg"] = {"net-conf.json": json.dumps(network)}
        metadata = {"name": "kube-flannel-ds", "annotations": {MANIFEST_DIGEST: "0"}}
        items.append({"kind": "DaemonSet", "metadata": metadata})
    items += [
        {"kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        for name, data in maps.items()
        if name not in without
    ]
    return json.dumps({"kind": "List", "items": items})
