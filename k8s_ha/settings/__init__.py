"""The cluster, its hosts and their cross-checks: values in, values out, no I/O."""

from k8s_ha.catalog.mirrors import MirrorSettings
from k8s_ha.settings.cluster import Cluster
from k8s_ha.settings.load import SettingsError, load_cluster
from k8s_ha.settings.models import ROLES, ClusterSettings, HostSettings, Role
from k8s_ha.settings.typed_dicts import ClusterSettingsDict, HostSettingsDict

__all__ = [
    "ROLES",
    "Cluster",
    "ClusterSettings",
    "ClusterSettingsDict",
    "HostSettings",
    "HostSettingsDict",
    "MirrorSettings",
    "Role",
    "SettingsError",
    "load_cluster",
]
