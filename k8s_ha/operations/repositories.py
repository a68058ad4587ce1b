"""The repositories that a host brings itself."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence

from pyinfra import host, logger
from pyinfra.api import StringCommand

from k8s_ha.catalog.credentials import Logins
from k8s_ha.desired.yum import Repository, key_refusal, pointed_at_vault
from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.repositories import CentosRepositories
from k8s_ha.facts.repository_keys import RepositoryKeys
from k8s_ha.facts.system import Files, FileState
from k8s_ha.observations.openpgp import key_blocks
from k8s_ha.operations.commands import edited, fail_host, planned, read_with_logins, write
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads
from k8s_ha.preflight_checks.download_sources import shown
from k8s_ha.run import is_executing


def _key_files(repositories: Sequence[Repository]) -> list[str]:
    return sorted({repository.key_file for repository in repositories if repository.key_file})


@reads(lambda repositories, needed, logins: [FactRequest(Files, {"paths": _key_files(repositories)})])
@isolated_operation
def keys_written(repositories: Sequence[Repository], needed: bool, logins: Logins) -> Generator[StringCommand]:
    """Have the keys that are pinned lie where yum finds them; none is written before it is found to be the pinned one.

    + logins: at the mirrors
    + needed: whether packages are still to be installed; else a mirror that is off does not stop the run
    """
    present = require_fact(Files, paths=_key_files(repositories))
    missing = [
        repository
        for repository in repositories
        if repository.key_file and _is_missing(present.get(repository.key_file))
    ]
    for repository in missing:
        path = repository.key_file or ""
        if not is_executing():
            yield planned(f"fetch {path}")
            continue
        served = read_with_logins(host, RepositoryKeys, logins, {"urls": repository.gpgkeys})
        urls = ", ".join(map(shown, repository.gpgkeys))
        if served is None or served.reason is not None:
            why = f"{host.name} cannot fetch {urls} ({(served and served.reason) or 'no answer'})"
            if needed:
                yield fail_host(f"{why}; fix the way there, or choose another mirror, then run this again.")
            else:
                logger.warning(f"{why}; nothing is to be installed now, and the next run tries again")
            continue
        refusal = key_refusal(repository, served.text)
        if refusal:
            yield fail_host(
                f"{host.name}: {urls} is not trusted: {refusal}; choose another mirror, or correct that setting if "
                "that key is meant."
            )
        else:
            yield write(path, key_blocks(served.text))
    if not missing:
        host.noop("the keys are there")


def _is_missing(state: FileState | None) -> bool:
    return state is None or (state.mode, state.owner) != ("644", "root:root")


@reads(lambda vault, el_major: [FactRequest(CentosRepositories, {})])
@isolated_operation
def vault_repositories(vault: str, el_major: int) -> Generator[StringCommand]:
    """Have CentOS' own repositories point at the vault instead of at mirrors that are gone.

    The file as it was is kept beside it, under a name that yum does not read.

    + vault: the vault's URL
    + el_major: 7 or 8
    """
    texts = require_fact(CentosRepositories)
    wanted = {path: pointed_at_vault(text, vault, el_major) for path, text in texts.items()}
    changed = [path for path in sorted(texts) if wanted[path] != texts[path]]
    for path in changed:
        kept = shlex.quote(f"{path}.before-k8s-ha")
        yield StringCommand(f"[ -e {kept} ] || cp -p {shlex.quote(path)} {kept}")
        yield edited(path, texts[path], wanted[path])
    if not changed:
        host.noop("they point at the vault")
