"""A highly available kubeadm cluster on Enterprise Linux, as a pyinfra deploy package.

``cluster()`` is the whole deploy; each of its phases can be called alone. All of them take the same two arguments:

+ settings: the cluster's settings as a mapping (see ``ClusterSettings``); None takes ``k8s_ha`` from group_data
+ groups: inventory group by role, such as ``{"worker": "nodes"}``; the roles are ``control_plane``, ``worker``,
  ``load_balancer`` and ``admin``; without it their groups are ``control_plane``, ``workers``, ``load_balancers`` and
  ``admins``

All of them raise PyinfraError, before anything is changed, with one line for each wrong setting or unusable host.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from k8s_ha.deploys.admin_hosts import admin_hosts
    from k8s_ha.deploys.backup import backup
    from k8s_ha.deploys.changes import changes
    from k8s_ha.deploys.cluster import cluster
    from k8s_ha.deploys.container_runtime import container_runtime
    from k8s_ha.deploys.control_plane import control_plane
    from k8s_ha.deploys.defragment import defragment
    from k8s_ha.deploys.diagnose import diagnose
    from k8s_ha.deploys.external_balancer import external_balancer
    from k8s_ha.deploys.kubernetes_packages import kubernetes_packages
    from k8s_ha.deploys.load_balancer import load_balancer
    from k8s_ha.deploys.plan import plan
    from k8s_ha.deploys.pod_network import pod_network
    from k8s_ha.deploys.preflight import preflight
    from k8s_ha.deploys.prepare_host import prepare_host
    from k8s_ha.deploys.reboot import reboot
    from k8s_ha.deploys.remove_nodes import remove_nodes
    from k8s_ha.deploys.renew_certificates import renew_certificates
    from k8s_ha.deploys.repositories import repositories
    from k8s_ha.deploys.reset import reset
    from k8s_ha.deploys.restore import restore
    from k8s_ha.deploys.scheduled_backups import scheduled_backups
    from k8s_ha.deploys.verify import verify
    from k8s_ha.deploys.workers import workers
    from k8s_ha.reporting.report import RunReport
    from k8s_ha.run import check, check_settings
    from k8s_ha.settings import ClusterSettings, ClusterSettingsDict, HostSettings, HostSettingsDict

__version__ = "0.1.0"

__all__ = [
    "ClusterSettings",
    "ClusterSettingsDict",
    "HostSettings",
    "HostSettingsDict",
    "RunReport",
    "admin_hosts",
    "backup",
    "changes",
    "check",
    "check_settings",
    "cluster",
    "container_runtime",
    "control_plane",
    "defragment",
    "diagnose",
    "external_balancer",
    "kubernetes_packages",
    "load_balancer",
    "plan",
    "pod_network",
    "preflight",
    "prepare_host",
    "reboot",
    "remove_nodes",
    "renew_certificates",
    "repositories",
    "reset",
    "restore",
    "scheduled_backups",
    "verify",
    "workers",
]

_ELSEWHERE: Final = {
    "ClusterSettings": "settings",
    "ClusterSettingsDict": "settings",
    "HostSettings": "settings",
    "HostSettingsDict": "settings",
    "RunReport": "reporting.report",
    "check": "run",
    "check_settings": "run",
}
"""Where public names are that are no phase; a phase is in the file of its name."""


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for: every pyinfra of the environment loads this package."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, f'deploys.{name}')}"), name)
