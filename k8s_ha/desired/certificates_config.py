"""kubeadm's configuration file for certificates of a cluster that stands, or stood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from k8s_ha.desired.kubeadm_config import kept_configuration, phase_config
from k8s_ha.settings import Cluster, HostSettings

OF_CERTIFICATES: Final = (
    "apiVersion",
    "kind",
    "kubernetesVersion",
    "controlPlaneEndpoint",
    "networking",
    "clusterName",
    "certificateValidityPeriod",
    "encryptionAlgorithm",
)
"""What kubeadm asks of ClusterConfiguration for a certificate that has its names already."""


def certificates_config(
    cluster: Cluster, host: HostSettings, folder: str, kept: Mapping[str, Any] | None = None
) -> str:
    """The file for `kubeadm certs renew`, and for `kubeadm init phase kubeconfig kubelet` of any node; holds no secret.

    + folder: where the certificates are that kubeadm reads and writes
    + kept: ClusterConfiguration as the cluster keeps it; None where nobody can be asked
    """
    if kept is None:
        api = f"kubeadm.k8s.io/{cluster.settings.kubernetes_line.config_api}"
        kept = {
            "apiVersion": api,
            "kind": "ClusterConfiguration",
            **kept_configuration(cluster)["ClusterConfiguration"],
        }
    document = {key: kept[key] for key in OF_CERTIFICATES if key in kept}
    return phase_config(cluster, host, {"ClusterConfiguration": {**document, "certificatesDir": folder}})
