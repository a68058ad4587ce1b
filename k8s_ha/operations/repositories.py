"""The repositories that a host brings itself."""

from __future__ import annotations

import shlex
from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.desired.yum import pointed_at_vault
from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.repositories import CentosRepositories
from k8s_ha.operations.commands import edited
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads


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
