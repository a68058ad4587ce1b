"""What becomes of a setting that is changed on a standing cluster: a row for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Effect(Enum):
    """When a change takes effect."""

    NEXT_RUN = "with the next run"
    UPGRADE = "with the next run, one node after the other (docs/upgrade.md); never back"
    ROLLED_OUT = "with the next run, one node after the other (docs/operations.md)"
    NEW_NODES = "on nodes that join after it"
    NO_NODE = "on a host that is no node; on a node it is refused"
    INIT = "when a cluster is initialized; one that stands is not compared with it"
    NEW_CLUSTER = "never on a cluster that stands: it is refused"
    NOT_YET = "not yet on a cluster that stands: it is refused"


@dataclass(frozen=True)
class Change:
    """What becomes of a change.

    + reason: why it is not carried out; a phrase
    + remedy: the way out; a phrase, in which ``{standing}`` is the value that stands
    """

    effect: Effect
    reason: str = ""
    remedy: str = "set it back to {standing}"

    @property
    def is_refused(self) -> bool:
        """Whether a run ends where what stands is another value."""
        return self.effect in (Effect.NO_NODE, Effect.NEW_CLUSTER, Effect.NOT_YET)


_RUN: Final = Change(Effect.NEXT_RUN)
_ROLLED_OUT: Final = Change(Effect.ROLLED_OUT)
_BY_HAND: Final = "a run does not change it on a standing cluster"

SETTINGS: Final[Mapping[str, Change]] = {
    "kubernetes_version": Change(Effect.UPGRADE),
    "control_plane_endpoint": _ROLLED_OUT,
    "endpoint": _ROLLED_OUT,
    "endpoint_name": _ROLLED_OUT,
    "endpoint_name_in_hosts": _RUN,
    "pod_cidr": Change(Effect.NEW_CLUSTER, "every node has its part of it"),
    "service_cidr": Change(Effect.NEW_CLUSTER, "every Service has an address of it"),
    "dns_domain": Change(Effect.NEW_CLUSTER, "pods and certificates have it in their names"),
    "container_runtime": _ROLLED_OUT,
    "accepted_risks": _RUN,
    "waive": _RUN,
    "mirror": _RUN,
    "base_repositories": _RUN,
    "remove_conflicting_packages": _RUN,
    "image_repository": _ROLLED_OUT,
    "registry_mirrors": _RUN,
    "pod_network": _RUN,
    "flannel_backend": Change(Effect.NEW_CLUSTER, "flannel does not change it while pods run"),
    "kube_proxy_mode": _ROLLED_OUT,
    "firewall": _RUN,
    "selinux": _RUN,
    "kubeadm_patches": _ROLLED_OUT,
    "cert_extra_sans": _ROLLED_OUT,
    "recover_quorum": _RUN,
    "removed_nodes": _RUN,
    "backup": _RUN,
    "kubeconfig_dir": _RUN,
    "report_dir": _RUN,
    "workers_max_unavailable": _RUN,
    "renew_certificates_within_days": _RUN,
    "verify_timeout_seconds": _RUN,
}
"""By setting of the cluster."""

HOST_SETTINGS: Final[Mapping[str, Change]] = {
    "name": _RUN,
    "hostname": Change(Effect.NO_NODE, "a node's name cannot change", "set it back, or reset the host and join it"),
    "address": Change(
        Effect.NO_NODE, "a node keeps the address that it joined with", "set it back, or reset the host and join it"
    ),
    "role": Change(
        Effect.NO_NODE,
        "a node stays the control plane or the worker that it joined as",
        "move it back to its group, or take it out of the cluster, reset it and join it",
    ),
    "labels": _RUN,
    "taints": _RUN,
}
"""By setting of a host."""

PATCHES: Final[Mapping[str, Change]] = {
    "InitConfiguration": Change(
        Effect.INIT, "a node keeps the flags that it began with", "nothing, or reset the host and join it again"
    ),
    "ClusterConfiguration": SETTINGS["kubeadm_patches"],
    "JoinConfiguration": Change(
        Effect.NEW_NODES, "a node keeps the flags that it joined with", "nothing, or reset the host and join it again"
    ),
    "KubeletConfiguration": SETTINGS["kubeadm_patches"],
    "KubeProxyConfiguration": SETTINGS["kubeadm_patches"],
}
"""By kind of ``kubeadm_patches``."""

NO_ENDPOINT: Final = Change(
    Effect.NEW_CLUSTER,
    "hosts that name an endpoint which the cluster does not keep cannot be told from other clusters'",
    "write the endpoint that hosts name into kubeadm-config as controlPlaneEndpoint first",
)
"""The cluster keeps no endpoint."""

POD_NETWORK_STAYS: Final = Change(
    Effect.NEW_CLUSTER,
    "a run takes no pod network away, since every pod would lose it",
    "set it back to {standing}, or delete the namespace kube-flannel yourself",
)
"""Flannel stands that this package has applied, and the settings say "none"."""

FIELD_BY_HAND: Final = Change(
    Effect.NOT_YET, _BY_HAND, "change that ConfigMap by hand (kubernetes.io: Reconfiguring a kubeadm cluster)"
)
"""A field that the package decides, and no patch."""

PATCH_STAYS: Final = Change(
    Effect.NOT_YET,
    _BY_HAND,
    "write what stands into kubeadm_patches, or change it by hand (kubernetes.io: Reconfiguring a kubeadm cluster)",
)
"""A field that kubeadm generates nothing of on a host that stands."""

PATCH_IS_FIXED: Final = Change(
    Effect.NEW_CLUSTER, "the cluster's data, networks or members rest on it", "write what stands into kubeadm_patches"
)
"""A field that a cluster keeps for its life."""

KUBE_PROXY_MODE_STAYS: Final = Change(
    Effect.NOT_YET,
    "kube-proxy leaves the rules of the other mode on each node",
    "set it back to {standing}, or change it by hand (KEP-3866: kube-proxy --cleanup, or a reboot of each node)",
)
"""Between iptables and ipvs."""

NFTABLES_SINCE: Final = 31
"""The minor from which kube-proxy takes other modes' rules away as it starts with nftables, and the reverse.

kubernetes.io/blog/2025/02/28/nftables-kube-proxy; cmd/kube-proxy/app/server_linux.go, platformCleanup: it removes the
rules that the mode of now certainly does not use, and iptables and ipvs share theirs.
"""


def kube_proxy_mode_change(standing: str, wanted: str, minor: int) -> Change:
    """What becomes of another mode of kube-proxy."""
    is_safe = "nftables" in (standing, wanted) and minor >= NFTABLES_SINCE
    return SETTINGS["kube_proxy_mode"] if is_safe else KUBE_PROXY_MODE_STAYS


RUNTIME_STAYS: Final = Change(
    Effect.NOT_YET,
    "a run moves a node from Docker to containerd, and no other way",
    "set it back, or reset the nodes first",
)
"""Another way between container runtimes."""


def moves_runtime(standing: str | None, wanted: str) -> bool:
    """Whether a run carries out that a node's kubelet speaks to another runtime.

    + standing, wanted: as ``compatibility.cri`` names them; None where nothing tells
    """
    return standing in ("dockershim", "cri-dockerd") and wanted == "containerd"


UNASKED_NAME: Final = Change(
    Effect.NOT_YET, "no setting asks for it by name", "nothing, or write it into cert_extra_sans"
)
"""A name of a balancer that the certificates lack, or have left."""

STATIC_POD: Final = Change(Effect.ROLLED_OUT, "the cluster's own configuration has it and this host's manifest has not")
KUBELET_FILE: Final = Change(
    Effect.ROLLED_OUT, "the cluster's own configuration has it and this host's kubelet has not"
)
SERVING_CERTIFICATE: Final = Change(
    Effect.ROLLED_OUT, "the cluster's own configuration has it and this host's certificate has not"
)
OWN_OF_A_KUBELET: Final = Change(
    Effect.NOT_YET, "a run leaves what one host's kubelet has of its own", "nothing, or write it into kubeadm_patches"
)
SET_BY_HAND: Final = Change(
    Effect.NOT_YET, "a step of this run would overwrite it", "take it into kubeadm_patches first, or take it out there"
)
"""What a host has of its own in a file that a step generates."""
LOST_IN_UPGRADE: Final = Change(
    Effect.NOT_YET,
    "the upgrade would lose it",
    "take it into kubeadm_patches and run without a new kubernetes_version first, or take it out there",
)
"""The same in a file that kubeadm generates while it upgrades."""

UPGRADE_FIRST: Final = Change(
    Effect.NOT_YET, "an upgrade is due", "set it back to {standing}, upgrade, then change it in another run"
)
RUNTIME_FIRST: Final = Change(
    Effect.NOT_YET,
    "an upgrade is due",
    "set kubernetes_version back, move the runtime, then upgrade in another run; or set it back to {standing}",
)
UNREADABLE_FILE: Final = Change(Effect.NOT_YET, "it is compared with the settings", "fix that file there")
"""A file of a host that could not be read; the sentence that says so stands for the setting."""

LAGGING: Final = (STATIC_POD, KUBELET_FILE, OWN_OF_A_KUBELET, SERVING_CERTIFICATE)
"""A host that has not what its cluster keeps."""

SILENT_CLUSTER: Final = Change(
    Effect.NOT_YET,
    "no API server answers, and a cluster is upgraded while it serves",
    "bring one back first, or set kubernetes_version = {standing}",
)
"""Hosts stand with another version, and the cluster cannot be asked."""
