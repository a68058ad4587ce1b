"""Container runtimes as a host has them: their units, what these read, and what runs."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.facts.system import ServiceState, service_state
from k8s_ha.observations.runtimes import LARGEST, RuntimeState
from k8s_ha.observations.service_command import UnitLook


class RuntimeService(ParsedFact[tuple[ServiceState, RuntimeState]]):
    """A container runtime's unit, with all that it reads at its start.

    + unit: its name, with its ending
    + config: the configuration file that it reads where its command line names none
    """

    def command(self, unit: str, config: str) -> str:
        return marked(script("service.sh", UNIT=unit) + runtime_script([unit], [config]))

    def parse(self, output: list[str]) -> tuple[ServiceState, RuntimeState]:
        return service_state(output), runtime_state(fields(output)["runtime"])


def runtime_script(units: Sequence[str], configs: Sequence[str]) -> str:
    """The part of a fact that tells of container runtimes."""
    return script("runtime.sh", LARGEST=str(LARGEST), UNITS=" ".join(units), CONFIGS=" ".join(configs))


def runtime_state(lines: Iterable[str]) -> RuntimeState:
    """What those lines tell; a line that nobody can read is passed over."""
    subjects: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        subject, kind, value = [*line.split(" ", 2), "", ""][:3]
        subjects[subject][kind].append(value)
    pids = subjects["docker.service"].pop("pid", [])
    files, namespaces = subjects.pop("files", {}), subjects.pop("containers", {}).get("in", [])
    return RuntimeState(
        units={unit: _unit(values) for unit, values in subjects.items() if unit},
        configs=_contents(files.get("config", [])),
        unread=tuple(files.get("unread", [])),
        docker_pid=next(iter(pids), ""),
        namespaces=tuple(namespaces),
    )


def _unit(values: Mapping[str, Sequence[str]]) -> UnitLook:
    running = next(iter(_contents(values.get("running", ())).values()), b"")
    return UnitLook(
        properties=dict(line.split("=", 1) for line in values.get("property", ()) if "=" in line),
        files=_texts(values.get("unit", ())),
        environment=_texts(values.get("environment", ())),
        running=tuple(word.decode(errors="replace") for word in running.split(b"\0")[:-1]),
        unread=tuple(values.get("unread", ())),
    )


def _texts(lines: Iterable[str]) -> dict[str, str]:
    return {path: content.decode(errors="replace") for path, content in _contents(lines).items()}


def _contents(lines: Iterable[str]) -> dict[str, bytes]:
    """Content by path, of lines ``=BASE64 PATH``."""
    pairs = [line.removeprefix("=").partition(" ") for line in lines]
    return {path: base64.b64decode(encoded, validate=True) for encoded, _, path in pairs}
