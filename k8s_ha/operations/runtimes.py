"""How a container runtime is configured anew: tried beforehand, and taken back where it does not come up."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.system import ServiceState
from k8s_ha.operations.files import CHANGES, Change
from k8s_ha.resources import read_file, shell_variables


class Replacement(NamedTuple):
    """What a file of the configuration shall hold, and the command that has it hold that."""

    content: bytes
    command: StringCommand


def sha256(content: bytes) -> str:
    """In hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def checked(script: str, content: bytes, **values: str) -> StringCommand:
    """A script of ``files/`` that reads on stdin what shall stand in a file, and fails where the service could not."""
    return StringCommand(shell_variables(values) + read_file(script), _stdin=base64.b64encode(content).decode())


@dataclass(frozen=True)
class RuntimePlan:
    """A container runtime as it is wanted.

    A digest for each change is kept on the host from when the service came up until a file is replaced, so that a run
    cut off in between is finished by the next one. It is of what this package sets, and of nothing that a user has
    besides: to restart a runtime that he has configured otherwise is up to him.

    + replacements: by path, of those files that are not as wanted
    + digests: of what the service must have been restarted, or reloaded, for
    + accepted: other digests that tell the same, as earlier releases of this package recorded
    + checks: commands that fail where the service could not start with the replacements
    + answers: shell test that succeeds where the service runs as wanted
    """

    unit: str
    replacements: Mapping[str, Replacement]
    digests: Mapping[Change, str]
    accepted: Mapping[Change, Collection[str]] = field(default_factory=dict)
    checks: tuple[StringCommand, ...] = ()
    answers: str = "true"

    def change(self, current: ServiceState, drifted: Collection[Change]) -> Change | Literal["start"] | None:
        """What the running service needs; None where it runs with this configuration.

        + drifted: changes that the replacements ask for, whatever the service started with
        """
        if not current.active:
            return "start"
        known = recorded(current)
        for change, digest in sorted(self.digests.items(), key=lambda entry: CHANGES.index(entry[0])):
            if change in drifted or known.get(change) not in (digest, *self.accepted.get(change, ())):
                return change
        return None

    def tried(self) -> tuple[StringCommand, ...]:
        """What comes before the first change, and before any other host waits for this one."""
        return self.checks if self.replacements else ()

    def carried_out(self, current: ServiceState, drifted: Collection[Change]) -> Generator[StringCommand]:
        """The commands; none, and a word about it, where all is as wanted."""
        change = self.change(current, drifted)
        if change is None and not self.replacements and current.enabled:
            host.noop(f"{self.unit} runs with this configuration")
            return
        if self.replacements:
            lines = [f"{sha256(entry.content)} {path}" for path, entry in self.replacements.items()]
            values = {"FILES": "\n".join(lines), "UNIT": self.unit}
            yield StringCommand(
                shell_variables(values) + read_file("keep-unit-state.sh") + read_file("keep-service-files.sh")
            )
        for replacement in self.replacements.values():
            yield replacement.command
        values = {
            "CHANGE": change or "",
            "UNIT": self.unit,
            "ANSWERS": self.answers,
            "RECORD": " ".join(f"{name}={digest}" for name, digest in self.digests.items()),
        }
        yield StringCommand(shell_variables(values) + read_file("change-service.sh"))


def recorded(current: ServiceState) -> dict[str, str]:
    """The digests that are kept on the host, by change."""
    return dict(entry.split("=", 1) for entry in (current.digest or "").split() if "=" in entry)
