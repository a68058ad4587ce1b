"""A host's kernel: its modules and its settings."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.kernel import Kernel
from k8s_ha.operations.commands import fail_host, long_command
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads
from k8s_ha.run import is_executing

SECONDS_FOR_MODULES: Final = 900


@reads(lambda modules, package=None: [FactRequest(Kernel, {"modules": modules, "keys": ()})])
@isolated_operation
def modules_loaded(modules: Sequence[str], package: str | None = None) -> Generator[StringCommand]:
    """Have kernel modules loaded now; one that is built in counts as loaded.

    + modules: their names
    + package: what has them where the kernel's own package has not, of the running kernel's release
    """
    unloaded = require_fact(Kernel, modules=modules, keys=()).unloaded
    if not unloaded:
        host.noop("the modules are loaded")
        return
    if package:
        wanted = f'"{package}-$(uname -r)"'
        yield long_command(
            "kernel-modules",
            f"rpm -q {wanted} || yum -y install {wanted}",
            seconds=SECONDS_FOR_MODULES,
            lock="packages",
        )
    yield StringCommand("modprobe", "-a", *unloaded)
    # A rule in modprobe.d may run anything in modprobe's place, and that succeeds.
    if is_executing() and (missing := require_fact(Kernel, modules=modules, keys=()).unloaded):
        yield fail_host(
            f"{host.name}: modprobe has succeeded, but the kernel has no module {' and no '.join(missing)}; pods need "
            f"it; see `modprobe -n -v {missing[0]}` there, and remove the rule in modprobe.d that it names."
        )


@reads(lambda values, path: [FactRequest(Kernel, {"modules": (), "keys": sorted(values)})])
@isolated_operation
def sysctl_applied(values: Mapping[str, str], path: str) -> Generator[StringCommand]:
    """Have the running kernel use the values of a sysctl file.

    + values: value by key, as the file has them
    + path: the file
    """
    if _current(values) == dict(values):
        host.noop("the kernel uses these values")
        return
    yield StringCommand("sysctl", "-q", "-p", path)
    if is_executing():
        current = _current(values)
        for key in sorted(values):
            if current.get(key) != values[key]:
                yield fail_host(
                    f"{host.name}: {key} is {current.get(key, 'not there')} after {path} was applied; pods need "
                    f"{values[key]}; see `sysctl -w {key}={values[key]}` there."
                )


def _current(values: Mapping[str, str]) -> Mapping[str, str]:
    return require_fact(Kernel, modules=(), keys=sorted(values)).sysctl
