"""Reading the `key value` lines that the fact scripts print."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

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
