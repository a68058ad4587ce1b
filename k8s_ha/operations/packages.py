"""Packages of exact versions."""

from __future__ import annotations

import re
import shlex
from collections.abc import Generator, Mapping, Sequence
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.system import Packages
from k8s_ha.operations.commands import log_path, long_command, refuse
from k8s_ha.operations.guarded import guarded, look
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.yum import Repository, matches

SECONDS_FOR_PACKAGES: Final = 1800
"""How long one installation may take; a slow mirror needs minutes for Kubernetes' 100 MB."""

CENTOS_HINT: Final = (
    "CentOS' own mirrors are gone since its end; base_repositories = 'vault' points its repositories at the vault."
)


@guarded
def packages_installed(
    packages: Mapping[str, str],
    log: str,
    sources: Sequence[Repository] = (),
    changeable: bool = True,
) -> Generator[StringCommand]:
    """Have packages installed, each in a version that matches its pattern; never an older one than is installed.

    + packages: shell pattern of the version by name; ``*`` takes any
    + log: name of the log on the host
    + sources: this package's own repositories on the host; what they hold against ``yum update`` is lifted here
    + changeable: whether an older installed package may be replaced
    """
    installed = look(Packages, names=sorted(packages))
    missing = [name for name in sorted(packages) if not matches(installed.get(name), packages[name])]
    if not missing:
        host.noop("the packages are installed")
        return
    other = [name for name in missing if name in installed]
    reason = _refusal(
        {name: (installed[name], packages[name]) for name in other},
        changeable=changeable,
    )
    if reason:
        yield refuse(reason)
        return
    yield long_command(
        log,
        _script(
            {name: packages[name] for name in missing},
            log=log,
            sources=[source for source in sources if source.enabled],
        ),
        seconds=SECONDS_FOR_PACKAGES,
        lock="packages",
    )


@guarded
def packages_removed(names: Sequence[str]) -> Generator[StringCommand]:
    """Have none of these packages installed; what needs them goes with them."""
    found = look(Packages, names=names)
    installed = sorted(found)
    if not installed:
        host.noop("none of them is installed")
        return
    quoted = " ".join(map(shlex.quote, installed))
    yield long_command(
        "remove-packages",
        f"yum -y remove {quoted}; ! rpm -q {quoted} | grep -v 'not installed'",
        seconds=SECONDS_FOR_PACKAGES,
        lock="packages",
    )


def _refusal(differing: Mapping[str, tuple[str, str]], *, changeable: bool) -> str | None:
    """Why installed packages, (version, wanted pattern) by name, are not replaced."""
    if not changeable:
        stuck = differing
        why = (
            "on a node of a cluster; nodes are not moved to another version by this run; set the version that is there"
        )
    else:
        stuck = {name: pair for name, pair in differing.items() if not _is_older(*pair)}
        why = "and is not replaced by another one; remove it, or set a version that fits it"
    if not stuck:
        return None
    found = ", ".join(f"{name} {version}" for name, (version, _) in stuck.items())
    wanted = ", ".join(f"{name} {pattern}" for name, (_, pattern) in stuck.items())
    return f"{host.name}: {found} is installed where {wanted} is wanted, {why}."


def _is_older(version: str, pattern: str) -> bool:
    """Whether it is certainly older than the wanted version; not where that is a pattern of several."""
    if not re.fullmatch(r"\d+(\.\d+)*", pattern):
        return False
    return _numbers(version.partition("-")[0]) < _numbers(pattern)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _script(packages: Mapping[str, str], *, log: str, sources: Sequence[Repository]) -> str:
    values = {
        "HOST": host.name,
        "LOG_FILE": log_path(log),
        "OPTIONS": " ".join(f"--disableexcludes={source.id}" for source in sources if source.exclude),
        "SPECS": " ".join(_spec(name, pattern) for name, pattern in packages.items()),
        "WANTED": "\n".join(f"{name} {pattern}" for name, pattern in packages.items()),
        "URLS": " ".join(source.baseurl for source in sources),
        "HINT": CENTOS_HINT,
    }
    # Specs are patterns for yum, not for the shell.
    return f"set -f\n{shell_variables(values)}{read_file('install-packages.sh')}"


def _spec(name: str, pattern: str) -> str:
    return name if pattern == "*" else f"{name}-{pattern}"
