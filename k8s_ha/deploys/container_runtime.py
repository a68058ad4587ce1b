"""The container runtime, with Kubernetes' cgroup driver and the registries' mirrors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyinfra import host

from k8s_ha.catalog import compatibility, package_sets
from k8s_ha.deploys.phase import phase, start_phase
from k8s_ha.deploys.repositories import repositories_for
from k8s_ha.desired import kubeadm_config
from k8s_ha.desired.registry_hosts import registry_hosts
from k8s_ha.operations import containerd, cri_dockerd, docker, files, packages
from k8s_ha.resources import read_file, render
from k8s_ha.run import Run

RUNTIME_NAMES: Final = {"containerd": "containerd", "docker": "Docker"}


@dataclass(frozen=True)
class Workaround:
    """What an EL major needs before the runtime's packages: ``reason`` is the operation's name."""

    reason: str
    packages: Mapping[str, str]


WORKAROUNDS: Final[Mapping[int, tuple[Workaround, ...]]] = {
    7: (
        Workaround(
            "Install container-selinux, which the runtime asks for (>= 2:2.74) and plain EL7 lacks",
            package_sets.CONTAINER_SELINUX,
        ),
    ),
    # EL8's is a line of the repository's file, see repositories.py.
}


@phase("Install the container runtime")
def container_runtime(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have containerd or Docker installed, configured, enabled and running on every node.

    A node that is upgraded, or moved from Docker to containerd, gets its own by its step in ``changes``.
    """
    run = start_phase(settings, groups)
    # Nor where no step could be planned, since no API server answers.
    survey = run.surveys[host.name]
    is_later = run.log.plan.is_upgraded(host.name) or survey.moves_runtime(run.cluster.cri)
    if run.cluster.host(host.name).is_node and not is_later:
        runtime_set_up(run, changeable=not survey.node)


def runtime_set_up(run: Run, changeable: bool, keeps_fetched: bool = False) -> None:
    """Have this node's runtime as the run's version asks for it.

    + changeable: whether an older one may be replaced
    + keeps_fetched: as for ``packages.installed``
    """
    cluster, survey = run.cluster, run.surveys[host.name]
    minor, runtime = cluster.settings.kubernetes_line.minor, cluster.settings.container_runtime
    if cluster.settings.remove_conflicting_packages:
        packages.removed(
            name="Remove podman, buildah, runc and the like, which containerd.io cannot stand beside",
            names=compatibility.CONFLICTS[survey.major],
        )
    for workaround in WORKAROUNDS.get(survey.major, ()):
        packages.installed(
            name=workaround.reason,
            run=run,
            packages=workaround.packages,
            log="install-workaround",
            sources=repositories_for(run),
            keeps_fetched=keeps_fetched,
        )
    packages.installed(
        name=f"Install {RUNTIME_NAMES[runtime]}",
        run=run,
        packages=compatibility.runtime_packages(minor, survey.major, runtime),
        log=f"install-{runtime}",
        sources=repositories_for(run),
        changeable=changeable,
        keeps_fetched=keeps_fetched,
    )
    settings_of_registries: tuple[dict[str, str], dict[str, str]] = ({}, {})
    if runtime == "containerd":
        settings_of_registries = registry_hosts(cluster.settings.registry_mirrors, cluster.registries, run.logins)
    open_to_all, secret = settings_of_registries
    files.written(
        name="Write the registries' mirrors and crictl's socket",
        files={"/etc/crictl.yaml": render("crictl.yaml.j2", socket=kubeadm_config.CRI_SOCKETS[cluster.cri])}
        | open_to_all,
    )
    if secret:
        files.written(name="Write the logins at registries, for root alone", files=secret, mode="600")
    if runtime == "docker":
        _docker(run)
    else:
        containerd.running(
            name="Configure and start containerd",
            run=run,
            expected_major=compatibility.containerd_major(minor, survey.major),
        )


def _docker(run: Run) -> None:
    cluster = run.cluster
    docker.running(
        name="Configure and start Docker",
        run=run,
        registry_mirrors=cluster.settings.registry_mirrors.get(compatibility.DOCKER_HUB),
    )
    if cluster.cri == "cri-dockerd":
        profile = cluster.mirror
        cri_dockerd.installed(
            name="Install cri-dockerd, which no EL repository has",
            url=profile.cri_dockerd_url,
            sha256=profile.cri_dockerd_sha256,
            logins=run.logins,
        )
        cri_dockerd.running(
            name="Configure and start cri-dockerd",
            files={
                "/etc/systemd/system/cri-docker.socket": read_file("cri-docker.socket"),
                # It names the archive, so that another program is started too.
                "/etc/systemd/system/cri-docker.service": render(
                    "cri-docker.service.j2",
                    pause_image=cluster.pause_image,
                    archive_sha256=profile.cri_dockerd_sha256,
                ),
            },
        )
