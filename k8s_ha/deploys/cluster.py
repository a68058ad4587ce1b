"""The whole deploy in one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra.api import deploy

from k8s_ha.deploys.admin_hosts import admin_hosts
from k8s_ha.deploys.changes import changes
from k8s_ha.deploys.container_runtime import container_runtime
from k8s_ha.deploys.control_plane import control_plane
from k8s_ha.deploys.kubernetes_packages import kubernetes_packages
from k8s_ha.deploys.load_balancer import load_balancer
from k8s_ha.deploys.pod_network import pod_network
from k8s_ha.deploys.preflight import preflight
from k8s_ha.deploys.prepare_host import prepare_host
from k8s_ha.deploys.remove_nodes import remove_nodes
from k8s_ha.deploys.repositories import repositories
from k8s_ha.deploys.scheduled_backups import scheduled_backups
from k8s_ha.deploys.verify import verify
from k8s_ha.deploys.workers import workers


@deploy("Kubernetes")
def cluster(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Build the cluster, or bring it back to what the settings say: every phase, in its order.

    Raises PyinfraError, before anything is changed, as ``preflight`` does.
    """
    preflight(settings=settings, groups=groups)
    remove_nodes(settings=settings, groups=groups)
    prepare_host(settings=settings, groups=groups)
    repositories(settings=settings, groups=groups)
    container_runtime(settings=settings, groups=groups)
    kubernetes_packages(settings=settings, groups=groups)
    load_balancer(settings=settings, groups=groups)
    changes(settings=settings, groups=groups)
    control_plane(settings=settings, groups=groups)
    workers(settings=settings, groups=groups)
    pod_network(settings=settings, groups=groups)
    admin_hosts(settings=settings, groups=groups)
    scheduled_backups(settings=settings, groups=groups)
    verify(settings=settings, groups=groups)
