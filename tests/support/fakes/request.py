"""A command on a simulated host."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from tests.support.fakes.scenario import Scenario
from tests.support.fakes.world import Machine, World


class Request(NamedTuple):
    """A command with what it reads from stdin, on a host of a world."""

    world: World
    scenario: Scenario
    machine: Machine
    command: str
    stdin: str

    def variable(self, name: str) -> str:
        """A shell variable that the command sets in its first lines."""
        found = re.search(rf"^{name}=((?:'(?:[^']|'\"'\"')*'|[^\s'])*)$", self.command, re.MULTILINE)
        return shlex.split(found[1])[0] if found and found[1] not in ("", "''") else ""


class Failure(Exception):
    """A command that exits with an error; its text goes to stderr."""
