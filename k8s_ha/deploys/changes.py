"""A standing cluster brought to what the settings say, one step after the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pyinfra import host

from k8s_ha.catalog import package_sets
from k8s_ha.catalog.compatibility import runtime_packages
from k8s_ha.catalog.credentials import login_at
from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.deploys import renewals, setting_changes
from k8s_ha.deploys.container_runtime import runtime_set_up
from k8s_ha.deploys.control_plane import flannel_images
from k8s_ha.deploys.etcd_leader import led_by_another
from k8s_ha.deploys.load_balancer import passed_on_by_step
from k8s_ha.deploys.phase import phase, start_phase
from k8s_ha.deploys.repositories import repositories_for, repositories_set_up
from k8s_ha.deploys.steps import CarriedOut, take_steps
from k8s_ha.operations import packages, runtime_move, upgrade
from k8s_ha.operations.barrier import barrier
from k8s_ha.operations.etcd_snapshot import snapshot_taken
from k8s_ha.operations.kept_configuration import configuration_kept
from k8s_ha.operations.kubeadm import images_pulled
from k8s_ha.resources import render
from k8s_ha.run import Run


@phase("Change the standing cluster")
def changes(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have the steps done that the plan shows; none where the cluster stands as the settings say.

    They are those of an upgrade, of changed settings, and of another runtime or endpoint. One that fails stops all that
    follow; the next run goes on there.
    Raises PyinfraError, before anything is changed, where the settings ask for what no step leads to.
    """
    run = start_phase(settings, groups)
    take_steps(run, "changes", _CARRIED_OUT)
    barrier(name="Wait for the changes")


def _fetched(run: Run, step: ChangeStep) -> None:
    cluster, survey = run.cluster, run.surveys[host.name]
    minor, runtime = cluster.settings.kubernetes_line.minor, cluster.settings.container_runtime
    own = repositories_for(run)
    upgrade.fetched(
        name=f"Fetch the packages and images of {step.version}",
        run=run,
        packages=package_sets.node(step.version) | runtime_packages(minor, survey.major, runtime),
        images=cluster.versioned_images(leads="control_plane" in cluster.host(host.name).role),
        sources=own,
        repositories=render(
            "repositories.repo.j2",
            repositories=own,
            logins={repository.id: login_at(repository.baseurl, run.logins) for repository in own},
        ),
    )


def _configured(run: Run, step: ChangeStep) -> None:
    configuration_kept(name="Change what the cluster keeps of its configuration", run=run, edits=step.edits)


def _snapshot_taken(run: Run, step: ChangeStep) -> None:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    snapshot_taken(
        name="Save etcd and the certificates, and try the copy",
        run=run,
        backup=f"before-{step.version}-{moment}",
        version=step.standing,
    )


def _kubeadm_installed(run: Run, step: ChangeStep) -> None:
    repositories_set_up(run)
    packages.installed(
        name=f"Install kubeadm {step.version}",
        run=run,
        packages={"kubeadm": step.version},
        log="install-kubeadm",
        sources=repositories_for(run),
        keeps_fetched=True,
    )


def _control_plane_upgraded(run: Run, step: ChangeStep) -> None:
    _kubeadm_installed(run, step)
    led_by_another(run)
    upgrade.control_plane_upgraded(
        name=f"Upgrade the control plane to {step.version}", run=run, apply=step.work is Work.APPLY
    )


def _node_upgraded(run: Run, step: ChangeStep) -> None:
    if "control_plane" not in run.cluster.host(host.name).role:
        _kubeadm_installed(run, step)
        upgrade.node_configured(name=f"Have kubeadm configure the kubelet {step.version}", run=run)
    upgrade.drained(name="Cordon and drain the node", run=run)
    # A kubelet of another minor begins its static pods anew.
    led_by_another(run)
    if run.cluster.settings.container_runtime == "containerd":
        minor, el_major = run.cluster.settings.kubernetes_line.minor, run.surveys[host.name].major
        pattern = runtime_packages(minor, el_major, "containerd")["containerd.io"]
        upgrade.sandboxes_removed(name="Remove pods that the next containerd would not know", pattern=pattern)
    runtime_set_up(run, changeable=True, keeps_fetched=True)
    packages.installed(
        name=f"Install kubelet and kubectl {step.version}",
        run=run,
        packages=package_sets.node(step.version),
        log="install-kubernetes",
        sources=repositories_for(run),
    )
    upgrade.kubelet_restarted(name=f"Run kubelet {step.version}")
    upgrade.returned(name="Wait for the node, and uncordon it", run=run)


def _runtime_moved(run: Run, step: ChangeStep) -> None:
    runtime_move.emptied(name="Cordon and drain the node", run=run)
    led_by_another(run)
    runtime_move.docker_left(name="Stop the kubelet, and take its containers from Docker", run=run)
    runtime_set_up(run, changeable=True)
    images_pulled(
        name="Pull the images the host will start with", run=run, flannel_images=flannel_images(run), also_node=True
    )
    runtime_move.containerd_entered(name="Have the kubelet speak to containerd", run=run)
    upgrade.returned(name="Wait for the node, and uncordon it", run=run)


_CARRIED_OUT: Final[CarriedOut] = {
    Work.FETCH: _fetched,
    Work.CONFIGURE: _configured,
    Work.SNAPSHOT: _snapshot_taken,
    Work.LEAVE: passed_on_by_step,
    Work.APPLY: _control_plane_upgraded,
    Work.CONTROL_PLANE: _control_plane_upgraded,
    Work.COME_BACK: passed_on_by_step,
    Work.KUBELET: _node_upgraded,
    Work.RUNTIME: _runtime_moved,
    **setting_changes.CARRIED_OUT,
    **renewals.CARRIED_OUT,
}
