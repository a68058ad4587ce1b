"""cri-dockerd, through which kubelets from 1.24 on speak to Docker; no EL has a package of its newer versions."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.catalog.credentials import Logins, login_at, login_lines
from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.system import Content, Files, Service
from k8s_ha.operations.commands import long_command, write
from k8s_ha.operations.files import changed_files
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads
from k8s_ha.operations.runtimes import Replacement, RuntimePlan, sha256
from k8s_ha.resources import read_file, shell_variables

PROGRAM: Final = "/usr/bin/cri-dockerd"
LOGIN: Final = "/run/k8s-ha/cri-dockerd.login"
"""Who logs in where the archive is: there while that is fetched."""

RECORD: Final = "/var/lib/k8s-ha/cri-dockerd.sha256"
UNIT: Final = "cri-docker.service"
SECONDS_FOR_CRI_DOCKERD: Final = 1000


@reads(lambda url, sha256, logins: [FactRequest(Files, {"paths": [PROGRAM]}), FactRequest(Content, {"path": RECORD})])
@isolated_operation
def installed(url: str, sha256: str, logins: Logins) -> Generator[StringCommand]:
    """Have the program of one archive, whose checksum is kept on the host, so that another archive replaces it.

    + url: of the .tgz, as cri-dockerd's releases have it
    + sha256: in hexadecimal digits
    + logins: at mirrors, of which the archive's may be one
    """
    if (
        PROGRAM in require_fact(Files, paths=[PROGRAM])
        and require_fact(Content, path=RECORD).strip() == sha256.encode()
    ):
        host.noop("cri-dockerd is installed")
        return
    yield from _installation(url, sha256, logins)


def _installation(url: str, sha256: str, logins: Logins) -> Generator[StringCommand]:
    login = login_at(url, logins)
    if login:
        yield write(LOGIN, login_lines({url: login}), "600")
    values = {"HOST": host.name, "ARCHIVE": url, "SHA256": sha256, "LOGIN": LOGIN if login else ""}
    variables = shell_variables(values)
    script = read_file("yum-options.sh") + read_file("install-cri-dockerd.sh")
    yield long_command(
        "install-cri-dockerd",
        f"mkdir -p -m 755 /var/lib/k8s-ha\n{variables}{script}",
        seconds=SECONDS_FOR_CRI_DOCKERD,
    )


@reads(lambda files: [FactRequest(Service, {"unit": UNIT, "paths": sorted(files)})])
@isolated_operation
def running(files: Mapping[str, str]) -> Generator[StringCommand]:
    """Have cri-dockerd run by units of this package.

    A restart of it stops no container, so it waits for no other host's.

    + files: text of the units, by path
    """
    current = require_fact(Service, unit=UNIT, paths=sorted(files))
    changed = changed_files(current, files)
    plan = RuntimePlan(
        UNIT,
        {path: Replacement(files[path].encode(), write(path, files[path])) for path in changed},
        {"restart": sha256("\0".join(map("\0".join, sorted(files.items()))).encode())},
        answers="[ -S /run/cri-dockerd.sock ]",
    )
    yield from plan.carried_out(current, {"restart"} if changed else set())
