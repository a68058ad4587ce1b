"""pyinfra's @fake connector with a simulated world behind it, and a log of all that was run."""

from __future__ import annotations

import atexit
import base64
import json
import re
from datetime import date
from io import IOBase
from itertools import count
from typing import Any, ClassVar

import gevent
from pyinfra.api.command import StringCommand
from pyinfra.api.output import echo
from pyinfra.connectors.fake import FakeConnector
from pyinfra.connectors.util import CommandOutput, OutputLine

from k8s_ha.deploys import phase, renewals
from k8s_ha.facts.answers import FIRST, LAST
from k8s_ha.operations import commands
from k8s_ha.operations.login import READ
from tests.support.fakes.answers import Answer, answer_to
from tests.support.fakes.request import Failure, Request
from tests.support.fakes.scenario import current, folder
from tests.support.fakes.world import KUBEADM, World

SLOW = (*KUBEADM, "restart")
SECONDS_OF_SLOW = 0.02
"""Long enough for every other host to get on with its own work meanwhile, where nothing makes it wait."""

SECONDS_TO_WAIT = 10

_moments = count()

commands.SECONDS_BETWEEN_POLLS = 0.01
renewals.SECONDS_TO_ANSWER = 0
phase.today = lambda: date.fromisoformat(current().day)


class SimulatedConnector(FakeConnector):
    """One simulated host; all hosts of the process share one world."""

    scenario = current()
    world = World.load(folder() / "world.json", scenario)

    done: ClassVar[set[tuple[str, str]]] = set()

    @property
    def name(self) -> str:
        return self.host.name.removeprefix("@fake/")

    def connect(self) -> None:
        self._log("connect", "", next(_moments), True, False)

    def run_shell_command(
        self,
        command: str | StringCommand,
        print_output: bool = False,
        print_input: bool = False,
        **arguments: Any,
    ) -> tuple[bool, CommandOutput]:
        text = command if isinstance(command, str) else command.get_raw_value()
        looks = together(text)
        succeeded, output = self._all(text, looks, **arguments) if looks else self._one(text, **arguments)
        if print_output:
            for line in output.output_lines:
                echo(f"{self.host.print_prefix}{line}", err=True)
        return succeeded, output

    def _one(self, text: str, **arguments: Any) -> tuple[bool, CommandOutput]:
        text = arguments.get("_stdin") or "" if text == READ else text
        begun, row = next(_moments), answer_to(text)
        self._wait(text)
        gevent.sleep(SECONDS_OF_SLOW if row.step in SLOW else 0)  # 0 lets every other host take a step
        succeeded, lines = self._respond(row, text, arguments.get("_stdin") or "")
        if FIRST in text:
            lines = [FIRST, *lines, f"{LAST} {int(not succeeded)}"]
        exported = "C" if FIRST in text else (arguments.get("_env") or {}).get("LC_ALL")
        self._log(row.step, text, begun, succeeded, row.changes, arguments.get("_timeout"), exported)
        stream = "stdout" if succeeded else "stderr"
        return succeeded, CommandOutput([OutputLine(stream, line) for line in lines])

    def _all(self, text: str, looks: list[tuple[str, str]], **arguments: Any) -> tuple[bool, CommandOutput]:
        """What several looks tell that are made in one command."""
        lines, begun = [], next(_moments)
        for begins, script in looks:
            _, output = self._one(script, **arguments)
            lines += [OutputLine("stdout", begins), *(line for line in output if line.buffer_name == "stdout")]
        locale = "C" if text.startswith("export LC_ALL=C\n") else None
        asked = "\n".join(begins for begins, _ in looks)
        self._log("together", asked, begun, True, False, arguments.get("_timeout"), locale)
        return True, CommandOutput(lines)

    def put_file(self, filename_or_io: str | IOBase, remote_filename: str, *_: Any, **__: Any) -> bool:
        self._log("unknown", f"put {remote_filename}", next(_moments), True, True)
        return True

    def _wait(self, command: str) -> None:
        for host, part, other, step in self.scenario.waits:
            if host == self.name and part in command:
                with gevent.Timeout(SECONDS_TO_WAIT):
                    while (other, step) not in self.done:
                        gevent.sleep(0.001)

    def _respond(self, row: Answer, command: str, stdin: str) -> tuple[bool, list[str]]:
        for host, part, answer in self.scenario.answers:
            if host == self.name and part in command:
                self.world.machines[self.name].broken |= "breaks" in answer
                if answer.get("acts"):
                    self._act(row, command, stdin)
                return answer.get("success", True), _said(command, stdin) if "echo" in answer else answer.get(
                    "lines", []
                )
        try:
            return True, self._act(row, command, stdin)
        except Failure as failure:
            return False, [str(failure)]

    def _act(self, row: Answer, command: str, stdin: str) -> list[str]:
        return row.handler(Request(self.world, self.scenario, self.world.machines[self.name], command, stdin))

    def _log(
        self,
        step: str,
        command: str,
        begun: int,
        succeeded: bool,
        changes: bool,
        seconds: int | None = None,
        locale: str | None = None,
    ) -> None:
        self.done.add((self.name, step))
        entry = {
            "host": self.name,
            "step": step,
            "command": command,
            "begun": begun,
            "ended": next(_moments),
            "succeeded": succeeded,
            "changes": changes,
            "seconds": seconds,
            "locale": locale,
        }
        with (folder() / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")


def together(text: str) -> list[tuple[str, str]]:
    """The looks of a command that makes several: what is printed before each, and its script."""
    return re.findall(r"^echo '(k8s-ha request \w+)'\n\(\n(.*?)\n\)$", text, re.MULTILINE | re.DOTALL)


def _said(command: str, stdin: str) -> list[str]:
    """What a command says that repeats what it was given."""
    return (base64.b64decode(stdin).decode() if "base64 -d" in command else stdin).splitlines()


SimulatedConnector.world.history.clear()
atexit.register(SimulatedConnector.world.save, folder() / "world.json")
