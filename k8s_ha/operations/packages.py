"""Packages of exact versions."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.system import Packages
from k8s_ha.operations.commands import long_command, refuse
from k8s_ha.operations.guarded import guarded, look

SECONDS_FOR_PACKAGES: Final = 1800
"""How long one installation may take; a slow mirror needs minutes for Kubernetes' 100 MB."""


@guarded
def packages_installed(
    packages: Mapping[str, str], log: str, unhold: Sequence[str] = (), changeable: bool = True
) -> Generator[StringCommand]:
    """Have packages installed, each in a version that matches its pattern.

    + packages: shell pattern of the version by name; ``*`` takes any
    + log: name of the log on the host
    + unhold: repository ids whose ``exclude`` (which holds the packages against ``yum update``) is lifted here
    + changeable: whether an installed package of another version may be replaced by a newer one
    """
    installed = look(Packages, names=sorted(packages))
    missing = [name for name in sorted(packages) if not _matches(installed.get(name), packages[name])]
    if not missing:
        host.noop("the packages are installed")
        return
    other = [f"{name} {installed[name]}" for name in missing if name in installed]
    if other and not changeable:
        wanted = ", ".join(f"{name} {packages[name]}" for name in missing if name in installed)
        yield refuse(
            f"{host.name}: {', '.join(other)} is installed on a node of a cluster, and {wanted} is wanted; "
            "nodes are not moved to another version by this run; set the version that is installed."
        )
        return
    specs = " ".join(shlex.quote(_spec(name, packages[name])) for name in missing)
    excludes = "".join(f" --disableexcludes={shlex.quote(repository)}" for repository in unhold)
    names = " ".join(map(shlex.quote, missing))
    # yum 3 exits 0 although one of several packages is missing: rpm has the last word.
    yield long_command(
        log, f"yum -y{excludes} install {specs} && rpm -q {names}", seconds=SECONDS_FOR_PACKAGES, lock="packages"
    )


def _matches(version: str | None, pattern: str) -> bool:
    return version is not None and (fnmatchcase(version, pattern) or fnmatchcase(version, f"{pattern}-*"))


def _spec(name: str, pattern: str) -> str:
    return name if pattern == "*" else f"{name}-{pattern}"
