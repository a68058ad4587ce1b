"""What a run says where it refuses, and what a host says where it fails."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from typing import Final

from tests.support.sentences.reading import Reading, Untold
from tests.support.sentences.sources import PACKAGE, Source, calls, sources
from tests.support.sentences.ways import Way, every_way

ELSEWHERE: Final = (
    "reason",
    "said",
    "step.sentence",
    "str(error)",
    "'nothing was changed:",
    "f'{host.name}: {",
    "f'{said}",
    "f'backup.recipient: {",
)
"""Beginnings of expressions that repeat a command's own words, or what is told elsewhere on the page."""

RULES: Final = ("consistency", "endpoint_rules", "mirror_rules", "removal_rules")
FAILURES: Final = ("fail_host", "FactUnavailable")
REFUSALS: Final = ("PyinfraError", "InventoryError")


def of_values() -> list[str]:
    """What is said of a setting by itself, behind its name and its value."""
    return _all(
        (site.source, site.call.args[0])
        for site in calls("ValueError")
        if site.source.name.startswith((f"{PACKAGE}.settings", f"{PACKAGE}.local_files")) and site.call.args
    )


def of_settings() -> list[str]:
    """What is said where settings, hosts and groups do not fit each other."""
    lines = [
        (site.source, site.call.args[0])
        for site in calls("append")
        if site.source.name == f"{PACKAGE}.settings.groups" and isinstance(site.call.args[0], ast.JoinedStr)
    ]
    given = [
        (site.source, entry)
        for site in calls("SettingsError")
        for argument in site.call.args
        if isinstance(argument, ast.List)
        for entry in argument.elts
        if not isinstance(entry, ast.Starred)
    ]
    return _all([*given, *lines, *_yielded(RULES)])


def of_warnings() -> list[str]:
    """What is allowed and probably not meant."""
    return _all(_yielded(("warnings",)))


def of_backups() -> list[str]:
    """Why a backup on the operator's machine cannot be restored."""
    parts = [(site.source, site.call) for site in calls("BadBackup")]
    return _all(
        (source, ast.JoinedStr([piece for place, part in enumerate(call.args) for piece in _joined(place, part)]))
        for source, call in parts
    )


def _joined(place: int, part: ast.expr) -> list[ast.expr]:
    """A part of a sentence in a text that holds all of them."""
    return [*([ast.Constant("; ")] if place else []), ast.FormattedValue(part, -1)]


def of_runs() -> list[str]:
    """Why a run ends before its first change."""
    return _all((site.source, site.call.args[0]) for name in REFUSALS for site in calls(name) if site.call.args)


def of_hosts() -> list[str]:
    """Why a host fails, alone; and why a host is neither initialized nor joined."""
    steps = [
        (site.source, site.call.args[1]) for site in calls("Step") if ast.unparse(site.call.args[0]) == "Action.REFUSE"
    ]
    failures = [(site.source, site.call.args[0]) for name in FAILURES for site in calls(name)]
    return _all([*steps, *failures])


def _yielded(names: tuple[str, ...]) -> Iterator[tuple[Source, ast.expr]]:
    for name in names:
        source = sources()[f"{PACKAGE}.settings.{name}"]
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Yield) and node.value is not None:
                yield source, node.value


def _all(expressions: Iterator[tuple[Source, ast.expr]] | list[tuple[Source, ast.expr]]) -> list[str]:
    found: dict[str, None] = {}
    for source, expression in expressions:
        told = [text for text in every_way(partial(_text, source=source, expression=expression)) if text]
        if not told and not ast.unparse(expression).startswith(ELSEWHERE):
            raise Untold(f"{source.name}:{expression.lineno}: {ast.unparse(expression)}")
        found |= dict.fromkeys(told)
    return list(found)


def _text(way: Way, source: Source, expression: ast.expr) -> str | None:
    """None for what is only told when it happens."""
    reading = Reading(way)
    try:
        text = reading.text(expression, reading.frame(source, expression))
    except Untold:
        return None
    return text if _is_sentence(text) else None


def _is_sentence(text: str) -> bool:
    return len(text.split()) > 3 and "\n" not in text
