"""Layer 4.2: where packages come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra import host
from pyinfra.api import deploy

from k8s_ha.deploys.begin import begin
from k8s_ha.mirrors import Repository
from k8s_ha.mirrors import repositories as repositories_of
from k8s_ha.operations.files import files_written
from k8s_ha.resources import render
from k8s_ha.run import Run


def repositories_for(run: Run) -> tuple[Repository, ...]:
    """The package's own repositories for this host's EL major and architecture."""
    survey = run.surveys[host.name]
    assert survey.el_major is not None, "begin() refuses hosts that are not EL"
    return repositories_of(
        run.cluster.settings.mirror,
        el_major=survey.el_major,
        arch=survey.architecture,
        kubernetes_minor=run.cluster.settings.kubernetes_line.minor,
    )


@deploy("Set up the repositories")
def repositories(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have every node know Docker's and Kubernetes' packages, in files of this package's own."""
    run = begin(settings, groups)
    if host.name in {node.name for node in run.cluster.nodes}:
        files_written(
            name="Write the repositories of the container runtime and of Kubernetes",
            files={"/etc/yum.repos.d/k8s-ha.repo": render("repositories.repo.j2", repositories=repositories_for(run))},
        )
