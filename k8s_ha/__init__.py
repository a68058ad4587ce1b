"""A highly available kubeadm cluster on Enterprise Linux, as a pyinfra deploy package.

``cluster()`` is the whole deploy; each of its phases can be called alone. All of them take the same two arguments:

+ settings: the cluster's settings as a mapping (see ``ClusterSettings``); None takes ``k8s_ha`` from group_data
+ groups: inventory group by role, where they are not ``control_plane``, ``workers``, ``load_balancers`` and ``admins``;
  each of these names is known in the singular and the plural
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra.api import deploy

from k8s_ha.deploys.admin_hosts import admin_hosts
from k8s_ha.deploys.container_runtime import container_runtime
from k8s_ha.deploys.control_plane import control_plane
from k8s_ha.deploys.kubernetes_packages import kubernetes_packages
from k8s_ha.deploys.load_balancer import load_balancer
from k8s_ha.deploys.pod_network import pod_network
from k8s_ha.deploys.preflight import preflight
from k8s_ha.deploys.prepare_host import prepare_host
from k8s_ha.deploys.repositories import repositories
from k8s_ha.deploys.verify import verify
from k8s_ha.deploys.workers import workers
from k8s_ha.reporting.report import RunReport
from k8s_ha.run import check, check_settings
from k8s_ha.settings import ClusterSettings, HostSettings

__all__ = [
    "ClusterSettings",
    "HostSettings",
    "RunReport",
    "admin_hosts",
    "check",
    "check_settings",
    "cluster",
    "container_runtime",
    "control_plane",
    "kubernetes_packages",
    "load_balancer",
    "pod_network",
    "preflight",
    "prepare_host",
    "repositories",
    "verify",
    "workers",
]


@deploy("Kubernetes")
def cluster(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Build the cluster, or bring it back to what the settings say.

    Raises PyinfraError, before anything is changed, with one line for each wrong setting or unusable host.
    """
    preflight(settings=settings, groups=groups)
    prepare_host(settings=settings, groups=groups)
    repositories(settings=settings, groups=groups)
    container_runtime(settings=settings, groups=groups)
    kubernetes_packages(settings=settings, groups=groups)
    load_balancer(settings=settings, groups=groups)
    control_plane(settings=settings, groups=groups)
    workers(settings=settings, groups=groups)
    pod_network(settings=settings, groups=groups)
    admin_hosts(settings=settings, groups=groups)
    verify(settings=settings, groups=groups)
