"""The workers joined, all at once; and the labels and taints of all nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra import host

from k8s_ha.deploys.phase import phase, start_phase
from k8s_ha.deploys.steps import require_steps
from k8s_ha.operations import kubeadm
from k8s_ha.operations.barrier import barrier
from k8s_ha.operations.node_metadata import labels_and_taints_set


@phase("Join the workers")
def workers(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have every worker in the cluster, no join secret left anywhere, and each node's labels and taints.

    Raises PyinfraError where a step of the plan is due whose phase the deploy does not call.
    """
    run = start_phase(settings, groups)
    require_steps(run)
    own = run.cluster.host(host.name)

    if "control_plane" in own.role:
        kubeadm.stale_members_removed(name="Remove stale members of hosts that rejoin", run=run)
        kubeadm.join_secrets_created(name="Create the secrets that pending joins need", run=run)

    barrier(name="Wait for the join secrets")

    if "worker" in own.role:
        kubeadm.joined(name="Join the workers to the cluster", run=run, member=own)

    barrier(name="Wait for the workers")

    if "control_plane" in own.role:
        kubeadm.join_secrets_removed(name="Remove the secrets that joins needed", run=run)
        labels_and_taints_set(name="Label and taint the nodes", run=run)
