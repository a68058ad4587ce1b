"""Packages of exact versions."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Final

from pyinfra import host, logger
from pyinfra.api import StringCommand

from k8s_ha.desired.yum import RPM_REMEDY, UNFINISHED, Repository, is_older, matches
from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.system import Packages, PackagesState
from k8s_ha.operations.commands import fail_host, log_path, long_command
from k8s_ha.operations.isolated import FactUnavailable, isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads
from k8s_ha.operations.restarts import in_turn
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run

SECONDS_FOR_PACKAGES: Final = 1800
"""How long one installation may take; a slow mirror needs minutes for Kubernetes' 100 MB."""


@reads(lambda run, packages, **_: [FactRequest(Packages, {"names": sorted(packages)})])
@isolated_operation
def installed(
    run: Run,
    packages: Mapping[str, str],
    log: str,
    sources: Sequence[Repository] = (),
    changeable: bool = True,
    keeps_fetched: bool = False,
) -> Generator[StringCommand]:
    """Have packages installed, each in a version that matches its pattern; never an older one than is installed.

    What an earlier installation left unfinished, whatever it was asked for, is installed again first. The scriptlets of
    that may restart a running service, so a node of a cluster waits for its turn.

    + run: whose turns those are
    + packages: shell pattern of the version by name; ``*`` takes any
    + log: name of the log on the host
    + sources: this package's own repositories on the host; what they hold against ``yum update`` is lifted here
    + changeable: whether an older installed package may be replaced
    + keeps_fetched: whether what was fetched for later stays, which dnf removes with its next transaction
    """
    found = require_packages(sorted(packages))
    present = found.installed
    missing = [name for name in sorted(packages) if not matches(present.get(name), packages[name])]
    if not missing and not found.unfinished:
        host.noop("the packages are installed")
        return
    other = [name for name in missing if name in present]
    reason = _refusal(
        {name: (present[name], packages[name]) for name in other},
        changeable=changeable,
    )
    if reason:
        yield fail_host(reason)
        return
    script = _script(
        {name: packages[name] for name in missing},
        log=log,
        sources=[source for source in sources if source.enabled],
        unfinished=bool(found.unfinished),
        options=("--setopt=keepcache=1",) if keeps_fetched else (),
    )
    if not found.unfinished:
        yield from _installation(log, script)
        return
    names = ", ".join(found.unfinished)
    logger.info(f"{host.name}: an installation of {names} is at work or was cut off; then they are installed again")
    yield from in_turn(run, f"what belongs to {names}", _installation(log, script))


def _installation(log: str, script: str) -> Generator[StringCommand]:
    yield long_command(log, script, seconds=SECONDS_FOR_PACKAGES, lock="packages")


@reads(lambda names: [FactRequest(Packages, {"names": names})])
@isolated_operation
def removed(names: Sequence[str]) -> Generator[StringCommand]:
    """Have none of these packages installed; what needs them goes with them.

    A removal that is cut off needs no record: rpm forgets a package after its files, so it is found and removed again.
    """
    installed = sorted(require_packages(names).installed)
    if not installed:
        host.noop("none of them is installed")
        return
    script = shell_variables({"HOST": host.name, "NAMES": " ".join(installed)}) + read_file("remove-packages.sh")
    yield long_command(
        "remove-packages",
        script,
        seconds=SECONDS_FOR_PACKAGES,
        lock="packages",
    )


def require_packages(names: Sequence[str]) -> PackagesState:
    """What of ``names`` is installed on the current host, for an ``isolated_operation``."""
    found = require_fact(Packages, names=names)
    if found.rpm_error:
        raise FactUnavailable(f"{host.name}: rpm cannot read its database ({found.rpm_error}); {RPM_REMEDY}.")
    return found


def _refusal(differing: Mapping[str, tuple[str, str]], *, changeable: bool) -> str | None:
    """Why installed packages, (version, wanted pattern) by name, are not replaced."""
    if not changeable:
        stuck = differing
        why = (
            "on a node of a cluster; nodes are not moved to another version by this run; set the version that is there"
        )
    else:
        stuck = {name: pair for name, pair in differing.items() if not is_older(*pair)}
        why = "and is not replaced by another one; remove it, or set a version that fits it"
    if not stuck:
        return None
    found = ", ".join(f"{name} {version}" for name, (version, _) in stuck.items())
    wanted = ", ".join(f"{name} {pattern}" for name, (_, pattern) in stuck.items())
    return f"{host.name}: {found} is installed where {wanted} is wanted, {why}."


def _script(
    packages: Mapping[str, str], *, log: str, sources: Sequence[Repository], unfinished: bool, options: Sequence[str]
) -> str:
    values = {
        "HOST": host.name,
        "UNFINISHED": UNFINISHED,
        "BOUND": str(SECONDS_FOR_PACKAGES),
        "LOG_FILE": log_path(log),
        "OPTIONS": " ".join((*options, without_excludes(sources))).rstrip(),
        "SPECS": specs(packages),
        "WANTED": "\n".join(f"{name} {pattern}" for name, pattern in packages.items()),
    }
    # Specs are patterns for yum, not for the shell.
    return "".join(
        (
            f"set -f\n{shell_variables(values)}{read_file('unfinished-packages.sh')}",
            f"reinstalled {shlex.quote(' '.join(packages))} || exit 1\n" if unfinished else "",
            read_file("install-packages.sh") if packages else "",
        )
    )


def specs(packages: Mapping[str, str]) -> str:
    """What yum is asked for, as words; a pattern of the version by name, ``*`` takes any."""
    return " ".join(name if pattern == "*" else f"{name}-{pattern}" for name, pattern in packages.items())


def without_excludes(sources: Iterable[Repository]) -> str:
    """yum's options that lift what these repositories hold against ``yum update``."""
    return " ".join(f"--disableexcludes={source.id}" for source in sources if source.exclude)
