"""Which kubeconfigs lead to the cluster at another place than its endpoint. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k8s_ha.cluster_state.authority import Authority
from k8s_ha.findings import Finding
from k8s_ha.observations.certificates import fingerprints
from k8s_ha.observations.node import NodeView
from k8s_ha.settings import Cluster, HostSettings

_NODES_OWN: Final = ("/etc/kubernetes/admin.conf", "/etc/kubernetes/kubelet.conf")
"""What decides whose a host is."""


def elsewhere_findings(view: NodeView, host: HostSettings, cluster: Cluster, authority: Authority) -> Iterator[Finding]:
    """Kubeconfigs of this cluster, by its CA, that name neither its endpoint nor the host's own API server.

    + authority: the cluster's
    """
    allowed = {f"https://{cluster.endpoint}", f"https://{host.address}:{cluster.api_port}"}
    for entry in view.named_clusters:
        if entry.server not in allowed and fingerprints(entry.authority or "") & authority:
            yield Finding(
                host.name,
                "endpoint",
                f"its {entry.path} names {entry.server}",
                f"the endpoint, https://{cluster.endpoint}",
                "run the deploy, which moves it; or correct it there",
                "error" if entry.path in _NODES_OWN else "warning",
            )
