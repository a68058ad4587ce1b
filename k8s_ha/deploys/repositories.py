"""Where packages come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pyinfra import host

from k8s_ha.catalog.credentials import login_at
from k8s_ha.deploys.phase import phase, start_phase
from k8s_ha.desired import yum
from k8s_ha.operations import files
from k8s_ha.operations.repositories import keys_written, vault_repositories
from k8s_ha.preflight_checks import download_sources
from k8s_ha.resources import render
from k8s_ha.run import Run

REPOSITORY_FILE: Final = "/etc/yum.repos.d/k8s-ha.repo"


def repositories_for(run: Run) -> tuple[yum.Repository, ...]:
    """The package's own repositories for this host's roles, EL major and architecture."""
    return download_sources.own_repositories(run.cluster, run.cluster.host(host.name), run.surveys[host.name])


@phase("Set up the repositories")
def repositories(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have every host know the packages of its roles, in a file of this package's own; CentOS' own only when asked."""
    run = start_phase(settings, groups)
    if not run.log.plan.is_upgraded(host.name):
        repositories_set_up(run)


def repositories_set_up(run: Run) -> None:
    """Have this host know the packages of the run's version."""
    survey = run.surveys[host.name]
    ended = yum.has_ended(survey.os_id, survey.major)
    if ended and run.cluster.settings.base_repositories == "vault":
        vault_repositories(
            name="Point CentOS's own repositories at the vault",
            vault=run.cluster.mirror.vault_baseurl,
            el_major=survey.major,
        )
    own = repositories_for(run)
    if own:
        keys_written(
            name="Fetch the repositories' keys and compare them with the pinned ones",
            repositories=own,
            needed=bool(download_sources.lacking(run.cluster, run.cluster.host(host.name), survey)),
            logins=run.logins,
        )
        logins = {repository.id: login_at(repository.baseurl, run.logins) for repository in own}
        files.written(
            # EL8's modules hide packages that others provide too, so Docker's repository has module_hotfixes=1.
            name="Write the repositories",
            files={REPOSITORY_FILE: render("repositories.repo.j2", repositories=own, logins=logins)},
            mode="600" if any(logins.values()) else "644",
        )
