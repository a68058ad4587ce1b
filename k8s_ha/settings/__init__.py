"""The cluster, its hosts and their cross-checks: values in, values out, no I/O."""

from k8s_ha.catalog.mirrors import MirrorSettings
from k8s_ha.settings.cluster import Cluster
from k8s_ha.settings.load import SettingsError, load_cluster
from k8s_ha.settings.models import ROLES, ClusterSettings, HostSettings, Role

__all__ = [
    "ROLES",
    "Cluster",
    "ClusterSettings",
    "HostSettings",
    "MirrorSettings",
    "Role",
    "SettingsError",
    "load_cluster",
]
