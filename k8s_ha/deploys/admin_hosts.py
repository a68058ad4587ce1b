"""kubectl where its users are, not only on the control planes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra import host

from k8s_ha.catalog import package_sets
from k8s_ha.deploys.phase import phase, start_phase
from k8s_ha.deploys.repositories import repositories_for
from k8s_ha.operations import kubeconfig, packages
from k8s_ha.operations.barrier import barrier


@phase("Set up kubectl on the admin hosts")
def admin_hosts(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have kubectl of the cluster's version and root's kubeconfig on every admin host; control planes have both.

    Both wait until the control plane is up.
    """
    run = start_phase(settings, groups)
    cluster = run.cluster
    barrier(name="Wait for the cluster before its kubeconfig is handed out")
    own = cluster.host(host.name)
    if "admin" not in own.role or "control_plane" in own.role:
        return
    version = cluster.settings.version
    packages.installed(
        name=f"Install kubectl {version}",
        run=run,
        packages=package_sets.kubectl(version),
        log="install-kubectl",
        sources=repositories_for(run),
        changeable=not run.surveys[host.name].node,
    )
    kubeconfig.admin_installed(name="Give root the kubeconfig", run=run)
