"""Settings of a cluster in the lab, whatever it is made of."""

import json
import os
from typing import Any

OVERRIDES = "LAB_SETTINGS"
"""Environment variable: a JSON mapping of what one run sets otherwise."""

_SHARED = {
    "kubernetes_version": "1.20.2",
    "flannel_backend": "host-gw",
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


def in_lab(settings: dict[str, Any]) -> dict[str, Any]:
    """A cluster's own settings with those that every cluster in the lab has, and with what this run sets otherwise."""
    return {**_SHARED, **settings, **json.loads(os.environ.get(OVERRIDES, "{}"))}
