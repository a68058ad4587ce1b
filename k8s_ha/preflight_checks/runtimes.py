"""What a host's container runtimes are told besides by their owner: flags, units, and files that this run writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from k8s_ha.catalog import compatibility
from k8s_ha.catalog.check_names import CheckName
from k8s_ha.desired import containerd_config, daemon_json
from k8s_ha.findings import Finding, Severity, some
from k8s_ha.observations import dockerd_flags
from k8s_ha.observations.dockerd_flags import Flags
from k8s_ha.observations.runtimes import LARGEST
from k8s_ha.observations.service_command import UnitLook
from k8s_ha.preflight_checks.model import HostContext

UNITS: Final[Mapping[compatibility.Runtime, Sequence[str]]] = {
    "containerd": ("containerd.service",),
    "docker": ("docker.service", "containerd.service"),
}
"""The units that are started for a container runtime."""

_PACKAGES: Final[Mapping[str, str]] = {"docker.service": "docker-ce", "containerd.service": "containerd.io"}


def docker(context: HostContext) -> Iterator[Finding]:
    """Flags, units and a daemon.json that Docker would not start with as this run configures it."""
    if not context.host.is_node or context.cluster.settings.container_runtime != "docker":
        return
    unit = _unit(context, "docker.service")
    flags = dockerd_flags.of_unit(unit)
    yield from _unread_by_systemd(context, "docker", "docker.service")
    yield from _foreign_program(context, "docker", "docker.service", dockerd_flags.PROGRAM)
    yield from _started_by_hand(context, unit)
    yield from _daemon_json(context, flags)


def containerd(context: HostContext) -> Iterator[Finding]:
    """A unit of containerd that is not the package's, or a configuration that somebody wrote."""
    if not context.host.is_node:
        return
    yield from _unread_by_systemd(context, "containerd", "containerd.service")
    if context.cluster.settings.container_runtime == "containerd":
        yield from _foreign_program(context, "containerd", "containerd.service", containerd_config.PROGRAM)
        yield from _other_config(context)
        yield from _replaced_config(context)


def _unit(context: HostContext, name: str) -> UnitLook:
    """A unit as the run will find it: what a package brings that is not installed yet is replaced by then."""
    unit = context.preflight.runtime.unit(name)
    if _PACKAGES[name] in context.survey.installed:
        return unit
    return replace(
        unit, files={path: text for path, text in unit.files.items() if path != f"{daemon_json.PACKAGED_UNITS}{name}"}
    )


def _where_it_runs(context: HostContext) -> Severity:
    """A node has run with what it has; its run is not stopped for it."""
    return "error" if context.gets_runtime else "warning"


def _unread_by_systemd(context: HostContext, check: CheckName, name: str) -> Iterator[Finding]:
    unit = context.preflight.runtime.unit(name)
    if unit.properties.get("NeedDaemonReload") == "yes" and unit.properties.get("ActiveState") == "active":
        yield Finding(
            context.host.name,
            check,
            f"{name} has changed on the disk since systemd read it",
            "where this run restarts it, it starts with that",
            "nothing, if that is meant; else restore the unit and its drop-ins",
            "warning",
        )


def _foreign_program(context: HostContext, check: CheckName, name: str, program: str) -> Iterator[Finding]:
    command = _unit(context, name).command_line()
    if command and command[0].text != program:
        yield Finding(
            context.host.name,
            check,
            f"{command[0].path} starts {command[0].text}",
            f"{program} of the package {_PACKAGES[name]} is what this run configures",
            f"stop {name}, remove that file or its ExecStart, and run `systemctl daemon-reload`",
            _where_it_runs(context),
        )


def _started_by_hand(context: HostContext, unit: UnitLook) -> Iterator[Finding]:
    pid, own = context.preflight.runtime.docker_pid, unit.properties.get("MainPID", "")
    if pid and own and pid != own:
        yield Finding(
            context.host.name,
            "docker",
            f"dockerd runs as process {pid}, outside of docker.service",
            "that service does not start beside it",
            "stop that process, and what starts it",
        )


def _daemon_json(context: HostContext, flags: Flags) -> Iterator[Finding]:
    runtime_state = context.preflight.runtime
    if flags.config in runtime_state.unread:
        yield Finding(
            context.host.name,
            "docker",
            f"{flags.config} is larger than {LARGEST} bytes",
            "no daemon.json is",
            "repair it or remove it, then run this again",
        )
        return
    try:
        daemon_json.merged(
            runtime_state.configs.get(flags.config, b""),
            context.cluster.settings.registry_mirrors.get(compatibility.DOCKER_HUB),
            flags,
        )
    except daemon_json.Unusable as unusable:
        yield Finding(context.host.name, "docker", unusable.found, unusable.wanted, unusable.remedy)


def _other_config(context: HostContext) -> Iterator[Finding]:
    words = _unit(context, "containerd.service").command_line()[1:]
    for place, word in enumerate(words):
        name, equals, value = word.text.partition("=")
        config = value if equals else "".join(following.text for following in words[place + 1 : place + 2])
        if name in ("--config", "-c") and config != containerd_config.CONFIG:
            yield Finding(
                context.host.name,
                "containerd",
                f"{word.path} has containerd read {config}",
                f"this run configures it by {containerd_config.CONFIG}",
                f"remove {name} from {word.path}, and run `systemctl daemon-reload`",
                _where_it_runs(context),
            )


def _replaced_config(context: HostContext) -> Iterator[Finding]:
    runtime_state = context.preflight.runtime
    content = runtime_state.configs.get(containerd_config.CONFIG, b"")
    if not context.gets_runtime or not containerd_config.is_somebodys(content):
        return
    # Docker's own are told by themselves.
    namespaces = [each for each in runtime_state.namespaces if each != "moby" or not context.changes_runtime]
    lost = containerd_config.lost(content)
    found = f"{containerd_config.CONFIG} is somebody's own"
    kept = "a copy stays in /var/lib/k8s-ha/before"
    if lost and namespaces:
        yield Finding(
            context.host.name,
            "containerd",
            f"{found}, has {some(lost)}, and containers of {some(namespaces)} run",
            "this run replaces it",
            f"move these containers to another host, or waive this check; {kept}",
        )
    else:
        yield Finding(
            context.host.name,
            "containerd",
            f"{found}, and has {some(lost)}" if lost else found,
            "this run replaces it",
            f"nothing, if that is not needed; {kept}",
            "warning",
        )
