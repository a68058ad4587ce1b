"""Layer 4.3: kubelet, kubeadm and kubectl of exactly the wanted version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pyinfra import host
from pyinfra.api import deploy

from k8s_ha.deploys.phase import begin
from k8s_ha.deploys.repositories import repositories_for
from k8s_ha.operations.packages import packages_installed
from k8s_ha.operations.units import unit_enabled

# kubeadm's preflight asks for these; kubelet's packages no longer do (kubernetes/release, 2024-08 and 2025-09).
# tc is in a package of its own from EL8 on.
_EVERYWHERE: Final = ("conntrack-tools", "ethtool", "socat")
HELPERS: Final[Mapping[int, tuple[str, ...]]] = {
    7: (*_EVERYWHERE, "iproute", "ebtables"),
    8: (*_EVERYWHERE, "iproute-tc"),
    9: (*_EVERYWHERE, "iproute-tc"),
    10: (*_EVERYWHERE, "iproute-tc"),
}


@deploy("Install the Kubernetes packages")
def kubernetes_packages(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have Kubernetes' packages installed on every node, and kubelet enabled; kubeadm starts it."""
    run = begin(settings, groups)
    cluster = run.cluster
    if not cluster.host(host.name).is_node:
        return
    survey, version = run.surveys[host.name], cluster.settings.kubernetes_version
    packages_installed(
        name=f"Install kubelet, kubeadm and kubectl {version}",
        run=run,
        packages={"kubelet": version, "kubeadm": version, "kubectl": version, "cri-tools": "*"}
        | dict.fromkeys(HELPERS[survey.major], "*"),
        log="install-kubernetes",
        sources=repositories_for(run),
        changeable=not survey.node,
    )
    # Until kubeadm has written its configuration a running kubelet would only fail, over and over.
    unit_enabled(name="Enable kubelet at boot", unit="kubelet.service")
