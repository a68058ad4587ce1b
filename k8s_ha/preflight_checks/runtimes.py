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
from k8s_ha.preflight_checks.model import Case

UNITS: Final[Mapping[compatibility.Runtime, Sequence[str]]] = {
    "containerd": ("containerd.service",),
    "docker": ("docker.service", "containerd.service"),
}
"""The units that are started for a container runtime."""

_PACKAGES: Final[Mapping[str, str]] = {"docker.service": "docker-ce", "containerd.service": "containerd.io"}


def docker(case: Case) -> Iterator[Finding]:
    """Flags, units and a daemon.json that Docker would not start with as this run configures it."""
    if not case.host.is_node or case.cluster.settings.container_runtime != "docker":
        return
    unit = _unit(case, "docker.service")
    flags = dockerd_flags.of_unit(unit)
    yield from _unread_by_systemd(case, "docker", "docker.service")
    yield from _foreign_program(case, "docker", "docker.service", dockerd_flags.PROGRAM)
    yield from _started_by_hand(case, unit)
    yield from _daemon_json(case, flags)


def containerd(case: Case) -> Iterator[Finding]:
    """A unit of containerd that is not the package's, or a configuration that somebody wrote."""
    if not case.host.is_node:
        return
    yield from _unread_by_systemd(case, "containerd", "containerd.service")
    if case.cluster.settings.container_runtime == "containerd":
        yield from _foreign_program(case, "containerd", "containerd.service", containerd_config.PROGRAM)
        yield from _other_config(case)
        yield from _replaced_config(case)


def _unit(case: Case, name: str) -> UnitLook:
    """A unit as the run will find it: what a package brings that is not installed yet is replaced by then."""
    unit = case.look.runtime.unit(name)
    if _PACKAGES[name] in case.survey.installed:
        return unit
    return replace(
        unit, files={path: text for path, text in unit.files.items() if path != f"{daemon_json.PACKAGED_UNITS}{name}"}
    )


def _where_it_runs(case: Case) -> Severity:
    """A node has run with what it has; its run is not stopped for it."""
    return "error" if case.becomes_node else "warning"


def _unread_by_systemd(case: Case, check: CheckName, name: str) -> Iterator[Finding]:
    unit = case.look.runtime.unit(name)
    if unit.properties.get("NeedDaemonReload") == "yes" and unit.properties.get("ActiveState") == "active":
        yield Finding(
            case.host.name,
            check,
            f"{name} has changed on the disk since systemd read it",
            "where this run restarts it, it starts with that",
            "nothing, if that is meant; else restore the unit and its drop-ins",
            "warning",
        )


def _foreign_program(case: Case, check: CheckName, name: str, program: str) -> Iterator[Finding]:
    command = _unit(case, name).command_line()
    if command and command[0].text != program:
        yield Finding(
            case.host.name,
            check,
            f"{command[0].path} starts {command[0].text}",
            f"{program} of the package {_PACKAGES[name]} is what this run configures",
            f"stop {name}, remove that file or its ExecStart, and run `systemctl daemon-reload`",
            _where_it_runs(case),
        )


def _started_by_hand(case: Case, unit: UnitLook) -> Iterator[Finding]:
    pid, own = case.look.runtime.docker_pid, unit.properties.get("MainPID", "")
    if pid and own and pid != own:
        yield Finding(
            case.host.name,
            "docker",
            f"dockerd runs as process {pid}, outside of docker.service",
            "that service does not start beside it",
            "stop that process, and what starts it",
        )


def _daemon_json(case: Case, flags: Flags) -> Iterator[Finding]:
    look = case.look.runtime
    if flags.config in look.unread:
        yield Finding(
            case.host.name,
            "docker",
            f"{flags.config} is larger than {LARGEST} bytes",
            "no daemon.json is",
            "repair it or remove it, then run this again",
        )
        return
    try:
        daemon_json.merged(
            look.configs.get(flags.config, b""),
            case.cluster.settings.registry_mirrors.get(compatibility.DOCKER_HUB),
            flags,
        )
    except daemon_json.Unusable as unusable:
        yield Finding(case.host.name, "docker", unusable.found, unusable.wanted, unusable.remedy)


def _other_config(case: Case) -> Iterator[Finding]:
    words = _unit(case, "containerd.service").command_line()[1:]
    for place, word in enumerate(words):
        name, equals, value = word.text.partition("=")
        config = value if equals else "".join(following.text for following in words[place + 1 : place + 2])
        if name in ("--config", "-c") and config != containerd_config.CONFIG:
            yield Finding(
                case.host.name,
                "containerd",
                f"{word.path} has containerd read {config}",
                f"this run configures it by {containerd_config.CONFIG}",
                f"remove {name} from {word.path}, and run `systemctl daemon-reload`",
                _where_it_runs(case),
            )


def _replaced_config(case: Case) -> Iterator[Finding]:
    look = case.look.runtime
    content = look.configs.get(containerd_config.CONFIG, b"")
    if not case.becomes_node or not containerd_config.is_somebodys(content):
        return
    lost = containerd_config.lost(content)
    found = f"{containerd_config.CONFIG} is somebody's own"
    kept = "a copy stays in /var/lib/k8s-ha/before"
    if lost and look.namespaces:
        yield Finding(
            case.host.name,
            "containerd",
            f"{found}, has {some(lost)}, and containers of {some(look.namespaces)} run",
            "this run replaces it",
            f"move these containers to another host, or waive this check; {kept}",
        )
    else:
        yield Finding(
            case.host.name,
            "containerd",
            f"{found}, and has {some(lost)}" if lost else found,
            "this run replaces it",
            f"nothing, if that is not needed; {kept}",
            "warning",
        )
