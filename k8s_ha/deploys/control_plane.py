"""The first control plane initialized, the others joined one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra import host

from k8s_ha.deploys.load_balancer import proxy_of, still_to_join
from k8s_ha.deploys.phase import phase, start_phase, stop_on_errors, unreachable
from k8s_ha.deploys.steps import require_steps
from k8s_ha.operations import etcd, kubeadm, kubeconfig
from k8s_ha.operations.barrier import barrier
from k8s_ha.operations.endpoint import endpoint_reached
from k8s_ha.operations.steps import joined_passed_on
from k8s_ha.run import Run


@phase("Bring up the control plane")
def control_plane(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have one cluster with every control-plane host in it, and root's kubectl on each of them.

    Leaves short-lived join secrets in the cluster while joins are pending; the phase ``workers`` takes them away.
    Raises PyinfraError, before anything is changed, where a host cannot be reached that may hold a cluster, where etcd
    has lost its majority, or where a step of the plan is due whose phase the deploy does not call.
    """
    run = start_phase(settings, groups)
    cluster = run.cluster
    stop_on_errors(unreachable(run))
    require_steps(run)
    if not run.log.plan.comes_back:
        etcd.require_quorum(run)
    own, first = cluster.host(host.name), cluster.control_planes[0]
    barrier(name="Wait for every host before the control plane comes up")

    if own.is_node and cluster.load_balancers:
        # Without one the endpoint is the only control plane, which serves from its init on.
        endpoint_reached(name="Reach the endpoint's port", address=cluster.endpoint_host, port=cluster.endpoint_port)
    if own.is_node:
        kubeadm.images_pulled(
            name="Pull the images the host will start with", run=run, flannel_images=flannel_images(run)
        )

    if "control_plane" in own.role and cluster.settings.recover_quorum:
        etcd.recovered_single_member(name="Have etcd go on alone where its partner never started", run=run)
        barrier(name="Wait for etcd")

    if own == first:
        kubeadm.initialized(name=f"Initialize the cluster on {first.hostname}", run=run)

    if "control_plane" in own.role:
        kubeadm.stale_members_removed(name="Remove stale members of hosts that rejoin", run=run)
        kubeadm.join_secrets_created(name="Create the secrets that pending joins need", run=run)
        for member in cluster.control_planes:
            # Every control plane calls every join, so that each waits for the one before it.
            kubeadm.joined(name=f"Join {member.hostname} to the control plane", run=run, member=member)
        kubeconfig.root_installed(name="Give root the kubeconfig", endpoint=cluster.endpoint)
        kubeconfig.fetched(name="Fetch the kubeconfig to the operator", run=run)

    barrier(name="Wait for the control plane")
    joining = still_to_join(run)
    if joining and "load_balancer" in own.role:
        joined_passed_on(name="Have nginx pass on to those that joined", joining=joining, **proxy_of(run))


def flannel_images(run: Run) -> tuple[str, ...]:
    """The pod network's images, empty where users bring their own pod network."""
    profile = run.cluster.mirror
    if run.cluster.settings.pod_network != "flannel":
        return ()
    return (profile.flannel_image, profile.flannel_cni_plugin_image)
