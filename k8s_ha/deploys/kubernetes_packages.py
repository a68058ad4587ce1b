"""Kubelet, kubeadm and kubectl of exactly the wanted version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra import host

from k8s_ha.catalog import package_sets
from k8s_ha.deploys.phase import phase, start_phase
from k8s_ha.deploys.repositories import repositories_for
from k8s_ha.desired.yum import matches
from k8s_ha.operations import packages
from k8s_ha.operations.units import unit_enabled


@phase("Install the Kubernetes packages")
def kubernetes_packages(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have kubelet, kubeadm and kubectl installed on every node, and kubelet enabled; kubeadm starts it.

    A node that is upgraded gets its own by its step in ``changes``.
    """
    run = start_phase(settings, groups)
    cluster = run.cluster
    if not cluster.host(host.name).is_node or run.log.plan.is_upgraded(host.name):
        return
    survey, version = run.surveys[host.name], cluster.settings.version
    packages.installed(
        name=f"Install kubelet, kubeadm and kubectl {version}",
        run=run,
        packages=package_sets.node(version) | package_sets.helpers(survey.major),
        log="install-kubernetes",
        sources=repositories_for(run),
        # Beside a kubelet of that version the other two only come to where it is.
        changeable=not survey.node or matches(survey.installed.get("kubelet"), version),
    )
    # Until kubeadm has written its configuration a running kubelet would only fail, over and over.
    unit_enabled(name="Enable kubelet at boot", unit="kubelet.service")
