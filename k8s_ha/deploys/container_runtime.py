"""Layer 4.3 and 4.4: the container runtime, with Kubernetes' cgroup driver and the registries' mirrors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pyinfra import host
from pyinfra.api import deploy

from k8s_ha.deploys.begin import begin
from k8s_ha.operations.containerd import containerd_running
from k8s_ha.operations.files import files_written
from k8s_ha.operations.packages import packages_installed
from k8s_ha.resources import read_file, render
from k8s_ha.settings import Cluster

CERTS_FOLDER: Final = "/etc/containerd/certs.d"


@deploy("Install the container runtime")
def container_runtime(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have containerd installed, configured, enabled and running on every node."""
    cluster = begin(settings, groups).cluster
    line = cluster.settings.kubernetes_line
    if host.name not in {node.name for node in cluster.nodes}:
        return
    packages_installed(
        name="Install containerd",
        packages={"containerd.io": line.containerd},
        log="install-containerd",
    )
    files_written(
        name="Write the registries' mirrors and crictl's socket",
        files={"/etc/crictl.yaml": read_file("crictl.yaml")} | registry_hosts(cluster),
    )
    containerd_running(
        name="Configure and start containerd",
        pause_image=cluster.pause_image,
        expected_major=line.containerd_major,
    )


def registry_hosts(cluster: Cluster) -> dict[str, str]:
    """containerd's hosts.toml by path, one for each registry with mirrors; containerd reads them at every pull."""
    return {
        f"{CERTS_FOLDER}/{registry}/hosts.toml": render("hosts.toml.j2", registry=registry, mirrors=mirrors)
        for registry, mirrors in cluster.settings.registry_mirrors.items()
    }
