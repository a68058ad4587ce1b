"""Reading the `key value` lines that the fact scripts print."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from pyinfra.api import FactBase
from pyinfra.api.exceptions import FactProcessError

from k8s_ha.facts.answers import between_marks
from k8s_ha.resources import read_file, shell_variables


def script(name: str, **variables: str) -> str:
    """``files/facts/NAME`` with shell variables set, each quoted."""
    return shell_variables(variables) + read_file(f"facts/{name}")


def fields(output: Iterable[str]) -> dict[str, list[str]]:
    """The values of each key, in the order printed."""
    values: dict[str, list[str]] = defaultdict(list)
    for line in output:
        key, _, value = line.partition(" ")
        values[key].append(value)
    return values


def pairs(lines: Iterable[str]) -> list[tuple[str, str]]:
    """The first word of each line, and what stands behind it."""
    parts = (line.partition(" ") for line in lines)
    return [(key, value.strip()) for key, _, value in parts]


T = TypeVar("T")


class ParsedFact(FactBase[T]):
    """A fact whose host may print anything: what ``parse`` cannot read fails that host alone, without a traceback.

    Its command is ``marked``: an answer that did not come whole is no answer. There is no default for that: what could
    not be read is not "nothing".
    """

    @abstractmethod
    def parse(self, output: list[str]) -> T:
        """The fact in the lines that its script printed."""

    def process(self, output: list[str]) -> T:
        try:
            return self.parse(between_marks(output))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise FactProcessError(f"{self.name}: it printed what cannot be read ({error!r})") from error
