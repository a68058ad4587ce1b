"""Settings of a cluster in the lab, whatever it is made of."""

import json
import os
from typing import Any

from k8s_ha.observations.openpgp import fingerprints
from tests.lab import state
from tests.lab.build.tables.lines import DEFAULT, oldest

OVERRIDES = "LAB_SETTINGS"
"""Environment variable: a JSON mapping of what one run sets otherwise."""

HOSTS = "LAB_HOST_SETTINGS"
"""Environment variable: a JSON mapping of one run's own settings of hosts, by name; null leaves a host out."""

_SHARED: dict[str, Any] = {
    # kubernetes#97294: a watch of 1.20 may hear of nothing for up to 10 minutes after etcd has changed its leader.
    "verify_timeout_seconds": 660,
    "kubeadm_patches": {
        # Six hosts share a few cores and one disk: etcd's defaults would lose its leader during a join.
        "ClusterConfiguration": {
            "etcd": {"local": {"extraArgs": {"heartbeat-interval": "500", "election-timeout": "5000"}}}
        },
        # A kubelet shows a control plane's pods in the API when it looks at them next: by default after a minute.
        "KubeletConfiguration": {"syncFrequency": "10s"},
        # nf_conntrack_max belongs to the kernel that all hosts share.
        "KubeProxyConfiguration": {"conntrack": {"maxPerCore": 0}},
    },
}
# The only line that pkgs.k8s.io never had.
_OLD: dict[str, Any] = {
    "flannel_backend": "host-gw",
    "accepted_risks": ["plain-http"],
    "mirror": {
        "kubernetes_baseurl": "http://pkgs.lab/kubernetes/v1.20",
        "kubernetes_gpgkey": "http://pkgs.lab/kubernetes/v1.20/repodata/repomd.xml.key",
    },
}
_OFFICIAL_SINCE = 24
# The lab's hosts have cgroup v1.
_ACCEPTED: dict[str, Any] = {"accepted_risks": ["SystemVerification", "cgroup-v1"]}
_CGROUP_V2_SINCE = 35
# Their kubeadm writes https://[10.96.0.1]:1234/, which net/url refuses since Go 1.24.8.
_BRACKETS = range(29, 32)
_NO_PROXY_CHECK = {"nodeRegistration": {"ignorePreflightErrors": ["HTTPProxyCIDR"]}}


def in_lab(settings: dict[str, Any]) -> dict[str, Any]:
    """A cluster's own settings with those that every cluster in the lab has, and with what this run sets otherwise.

    Its Kubernetes is the oldest of the lab that is up, which may be upgraded, unless this run sets another one.
    """
    overrides = json.loads(os.environ.get(OVERRIDES, "{}"))
    return _with_keys({**_of_version(overrides.get("kubernetes_version") or oldest_version()), **settings, **overrides})


_KEYS = {
    "kubernetes": "kubernetes/*/repodata/repomd.xml.key",
    "docker": "docker/linux/*/gpg",
    "epel": "epel/RPM-GPG-KEY-EPEL-*",
    "vault": "vault/RPM-GPG-KEY-CentOS-7",
}
"""Where the lab's mirrors have the keys that it signs with, below their root."""


def _with_keys(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with the keys of the lab that is up pinned, in the place of the real sources'."""
    lab = state.load()
    if lab is None:
        return settings
    given = settings.get("mirror", {})
    mirror = {"base": given} if isinstance(given, str) else given
    pinned = {
        source: sorted({key for path in lab.artifacts.packages.glob(where) for key in fingerprints(path.read_text())})
        for source, where in _KEYS.items()
    }
    return {**settings, "mirror": {"gpgkey_fingerprints": pinned, **mirror}}


def of_hosts() -> dict[str, dict[str, Any] | None]:
    """What this run sets of hosts, by name; None for one that it leaves out."""
    found: dict[str, dict[str, Any] | None] = json.loads(os.environ.get(HOSTS, "{}"))
    return found


def oldest_version() -> str:
    """The oldest Kubernetes of the lab that is up; the default where none is."""
    lab = state.load()
    return oldest(lab.contents.lines if lab else [DEFAULT]).version


def _of_version(version: str) -> dict[str, Any]:
    minor = int(version.split(".")[1])
    found = {**_SHARED, "kubernetes_version": version}
    if minor < _OFFICIAL_SINCE:
        found |= _OLD
    if minor >= _CGROUP_V2_SINCE:
        found |= _ACCEPTED
    if minor in _BRACKETS:
        kinds = ("InitConfiguration", "JoinConfiguration")
        found["kubeadm_patches"] = {**_SHARED["kubeadm_patches"], **dict.fromkeys(kinds, _NO_PROXY_CHECK)}
    return found
