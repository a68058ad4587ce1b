"""Flannel, from a manifest of this package's own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from pyinfra import host

from k8s_ha.deploys.phase import phase, start_phase
from k8s_ha.operations.cluster import flannel_applied
from k8s_ha.resources import render
from k8s_ha.settings import Cluster


@phase("Set up the pod network")
def pod_network(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have flannel run on every node, with the cluster's pod network and each node's own address.

    Nothing is done where the setting ``pod_network`` is none.
    """
    run = start_phase(settings, groups)
    cluster = run.cluster
    if cluster.settings.pod_network == "flannel" and "control_plane" in cluster.host(host.name).role:
        manifest, digest = flannel_manifest(cluster)
        flannel_applied(name="Apply flannel", run=run, manifest=manifest, digest=digest)


def flannel_manifest(cluster: Cluster) -> tuple[str, str]:
    """The manifest, and the digest that its daemonset carries."""

    def rendered(digest: str) -> str:
        return render("flannel.yaml.j2", cluster=cluster, profile=cluster.mirror, digest=digest)

    digest = hashlib.sha256(rendered("").encode()).hexdigest()
    return rendered(digest), digest
