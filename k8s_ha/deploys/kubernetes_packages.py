"""Layer 4.3: kubelet, kubeadm and kubectl of exactly the wanted version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra import host
from pyinfra.api import deploy
from pyinfra.operations import systemd

from k8s_ha.deploys.begin import begin
from k8s_ha.mirrors import KUBERNETES_REPOSITORY
from k8s_ha.operations.packages import packages_installed

# kubeadm's preflight asks for these; kubelet's packages no longer do (kubernetes/release, 2024-08 and 2025-09).
HELPERS = ("conntrack-tools", "ethtool", "iproute-tc", "socat")


@deploy("Install the Kubernetes packages")
def kubernetes_packages(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have Kubernetes' packages installed on every node, and kubelet enabled; kubeadm starts it."""
    run = begin(settings, groups)
    cluster = run.cluster
    if host.name not in {node.name for node in cluster.nodes}:
        return
    version = cluster.settings.kubernetes_version
    packages_installed(
        name=f"Install kubelet, kubeadm and kubectl {version}",
        packages={"kubelet": version, "kubeadm": version, "kubectl": version, "cri-tools": "*"}
        | dict.fromkeys(HELPERS, "*"),
        log="install-kubernetes",
        unhold=(KUBERNETES_REPOSITORY,),
        changeable=not run.surveys[host.name].node,
    )
    # Until kubeadm has written its configuration a running kubelet would only fail, over and over.
    systemd.service(name="Enable kubelet at boot", service="kubelet.service", running=None, enabled=True)
