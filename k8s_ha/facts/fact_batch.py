"""Several facts of a host in one round trip."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pyinfra.api import FactBase
from pyinfra.api.exceptions import FactProcessError

from k8s_ha.facts.answers import LOCALE
from k8s_ha.facts.lines import ParsedFact

_BEGINS: Final = "k8s-ha request "


@dataclass(frozen=True)
class FactRequest:
    """A fact, and what it is asked with."""

    fact: type[ParsedFact[Any]]
    arguments: Mapping[str, Any]

    @cached_property
    def key(self) -> str:
        """The same for two that ask the same."""
        asked = f"{self.fact.__module__}.{self.fact.__qualname__} {self.script}"
        return hashlib.sha256(asked.encode()).hexdigest()[:16]

    @cached_property
    def script(self) -> str:
        """The fact's command; its answer stands between marks."""
        return str(self.fact().command(**self.arguments))

    def answer(self, lines: Sequence[str]) -> Any:
        """The fact in what its command printed; None where that cannot be read."""
        try:
            return self.fact().process(list(lines))
        except FactProcessError:
            return None


class FactBatch(FactBase[dict[str, list[str]]]):
    """What the command of each of ``requests`` printed, by its key."""

    def command(self, requests: Sequence[FactRequest]) -> str:
        # Each in a shell of its own: its end and its variables are none of the others'.
        return (
            f"export LC_ALL={LOCALE}\n"
            + "".join(f"echo '{_BEGINS}{request.key}'\n(\n{request.script}\n)\n" for request in requests)
            + "exit 0"
        )

    def process(self, output: list[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        lines: list[str] = []
        for line in output:
            if line.startswith(_BEGINS):
                lines = found[line.removeprefix(_BEGINS).rstrip("\r")] = []
            else:
                lines.append(line)
        return found
