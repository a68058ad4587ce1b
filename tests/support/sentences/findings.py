"""What every ``Finding`` of the package can say, by check."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from k8s_ha.catalog import compatibility, lifetimes, setting_changes
from k8s_ha.catalog.setting_changes import Effect
from k8s_ha.preflight_checks import login
from tests.support.sentences.bindings import Frame
from tests.support.sentences.patterns import sample
from tests.support.sentences.plain_names import CLOSE, OPEN, placeholder
from tests.support.sentences.reading import Carried, Reading, Untold
from tests.support.sentences.sources import PACKAGE, Site, Source, calls, sources
from tests.support.sentences.ways import Way, every_way

FIELDS: Final = ("host", "check", "found", "wanted", "remedy", "severity")

_ANOTHER_LINE: Final = "choose another Kubernetes, set accepted_risks where that is enough, or leave these hosts out"

DATA: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("preflight_checks.standing", "str(error)"): ("what the cluster keeps of its configuration could not be read",),
    ("preflight_checks.survey", "refusal.remedy if refusal else ''"): (_ANOTHER_LINE,),
    ("deploys.change_plan", "refusal.reason"): tuple(rule.reason for rule in compatibility.RULES),
    ("deploys.change_plan", "refusal.remedy"): (_ANOTHER_LINE,),
    ("cluster_state.upgrade_path", "bad.reason"): tuple(row.reason for row in lifetimes.BAD_PATCHES),
    ("cluster_state.version_choice", "wrong[0]"): ("a setting does not fit that version",),
    ("verification.hosts", "truth"): ("the address of the API's Service",),
    ("verification.versions", "image"): ("the image that the settings say",),
}
"""Phrases that are made of many parts, in plain words; by module and expression."""

MADE: Final[Mapping[tuple[str, str], ast.expr]] = {
    ("observations.certificates", "remedy"): ast.parse("_remedy(path)", mode="eval").body,
}
"""Names that are bound far from where they are used: what makes them."""

CARRIED: Final[Mapping[tuple[str, str], str]] = {
    ("deploys.change_plan", "error"): "NoPath",
    ("deploys.phase", "error"): "NoVersion",
    ("preflight_checks.balancer", "problem"): "Problem",
    ("preflight_checks.balancer", "few"): "Problem",
    ("preflight_checks.drain", "entry"): "Obstacle",
    ("preflight_checks.removal", "entry"): "Obstacle",
    ("preflight_checks.runtimes", "unusable"): "Unusable",
    ("preflight_checks.standing", "entry"): "Difference",
    ("preflight_checks.existing_cluster", "damage"): "Damage",
    ("cluster_state.removal_steps", "broken"): "Damage",
    ("verification.hosts", "damage"): "Damage",
    ("preflight_checks.login", "left_out"): "_Cause",
    ("preflight_checks.login", "certain"): "_Cause",
    ("preflight_checks.lifetime", "bad"): "BadPatches",
}
"""What brings along what a finding says; it is told where that is made."""

CARRIERS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "NoPath": ("found wanted remedy", {"": "upgrade"}),
    "NoVersion": ("found wanted remedy", {"": "kubernetes"}),
    "Problem": ("found wanted remedy", {"": "nginx"}),
    "Unusable": ("found wanted remedy", {"": "docker"}),
    "Obstacle": (
        "host found wanted remedy",
        {"cluster_state.drains": "drain", "cluster_state.removal_steps": "removal"},
    ),
}
"""The arguments of what carries a sentence, and the check that it is told by, by the module that makes it."""


@dataclass
class Entry:
    """One thing that a check can find, with all that is said about it."""

    check: str
    found: str
    wanted: list[str]
    remedies: list[str]
    severities: set[str]


Row = tuple[str, str, str, str, frozenset[str]]


def entries() -> list[Entry]:
    """Everything that the package's checks can find, by check and in the order of the sources.

    What is wanted for several reasons, with the same ways out, is one entry.
    """
    remedies: dict[tuple[str, str, str], dict[str, None]] = {}
    severities: dict[tuple[str, str, str], set[str]] = {}
    for check, found, wanted, remedy, told in _rows():
        remedies.setdefault((check, found, wanted), {})[remedy] = None
        severities.setdefault((check, found, wanted), set()).update(told)
    merged: dict[tuple[str, str, tuple[str, ...]], Entry] = {}
    for (check, found, wanted), known in remedies.items():
        entry = merged.setdefault((check, found, tuple(known)), Entry(check, found, [], [*known], set()))
        entry.wanted.append(wanted)
        entry.severities |= severities[check, found, wanted]
    return list(merged.values())


def _rows() -> Iterator[Row]:
    for site in calls("Finding"):
        yield from filter(None, rows_of(site))
    for name, (names, checks) in CARRIERS.items():
        for site in calls(name):
            check = checks.get("") or checks[_module(site.source)]
            carried = every_way(partial(_carried, site=site, check=check, names=names))
            yield from filter(None, carried)
    yield from _of_damages()
    yield from _of_differences()
    yield from _of_logins()
    yield from _of_patches()


def rows_of(site: Site) -> list[Row | None]:
    """What a finding can say; None for what something else carries. Raises Untold for one that cannot be told."""
    arguments = dict(zip(FIELDS, site.call.args, strict=False))
    arguments |= {each.arg: each.value for each in site.call.keywords if each.arg}

    def tell(way: Way) -> Row | None:
        reading = Reading(way)
        frame = reading.frame(site.source, site.call)
        check = reading.text(arguments["check"], frame)
        phrases = _phrases(reading, arguments, site, frame)
        if phrases is None:
            return None
        found, _, remedy = phrases
        if not _has_words(found) or not _has_words(remedy):
            raise Untold(f"{site.source.name}:{site.call.lineno}: {found} {remedy}")
        return check, *phrases, _severities(reading, arguments.get("severity"), frame)

    told = list(every_way(tell))
    if not told:
        raise Untold(f"{site.source.name}:{site.call.lineno}")
    return told


def _phrases(reading: Reading, given: Mapping[str, ast.expr], site: Site, frame: Frame) -> tuple[str, str, str] | None:
    """None for what something else carries."""
    try:
        found, wanted, remedy = (_phrase(reading, given[name], frame) for name in ("found", "wanted", "remedy"))
    except Carried as error:
        if (_module(site.source), str(error)) not in CARRIED:
            raise Untold(f"{site.source.name}:{site.call.lineno}: {error}") from None
        return None
    return found, wanted, remedy


def _phrase(reading: Reading, node: ast.expr, frame: Frame) -> str:
    place = _module(frame.source), ast.unparse(node)
    told = DATA.get(place)
    if told is not None:
        return told[reading.way.choose((node, frame.key), len(told))]
    try:
        return reading.text(MADE.get(place, node), frame)
    except Carried:
        raise
    except Untold as error:
        given = _argument(node, frame)
        if given is None:
            raise Untold(f"{frame.source.name}:{node.lineno}: {error}") from None
        return _phrase(reading, *given)


def _argument(node: ast.expr, frame: Frame) -> tuple[ast.expr, Frame] | None:
    """What the caller gives for a parameter."""
    return (frame.bound or {}).get(node.id) if isinstance(node, ast.Name) else None


def _severities(reading: Reading, node: ast.expr | None, frame: Frame) -> frozenset[str]:
    if node is None:
        return frozenset({"error"})
    told = reading.value(node, frame, whole=True)
    return frozenset({told} if told in ("error", "warning") else {"error", "warning"})


def _carried(way: Way, site: Site, check: str, names: str) -> Row | None:
    reading = Reading(way)
    frame = reading.frame(site.source, site.call)
    bound = dict(zip(names.split(), _spread(reading, site.call, frame), strict=False))
    bound |= {each.arg: each.value for each in site.call.keywords if each.arg}
    phrases = _phrases(reading, bound, site, frame)
    severity = "warning" if "blocks" in bound else "error"
    return phrases and (check, *phrases, frozenset({severity}))


def _spread(reading: Reading, call: ast.Call, frame: Frame) -> Iterator[ast.expr]:
    for argument in call.args:
        if isinstance(argument, ast.Starred):
            row = reading.value(argument.value, frame, whole=True)
            yield from (ast.Constant(each) for each in row or ())
        else:
            yield argument


def _of_damages() -> Iterator[Row]:
    """Of files that kubeadm has written; the remedy is a property."""
    home = sources()[f"{PACKAGE}.cluster_state.authority"]
    (kind,) = [each for each in home.tree.body if isinstance(each, ast.ClassDef) and each.name == "Damage"]
    returns = [each.value for each in ast.walk(kind) if isinstance(each, ast.Return) and each.value]
    remedies = [text for each in returns for text in every_way(partial(_text, source=home, node=each))]
    for site in calls("Damage"):
        for found in every_way(partial(_text, source=site.source, node=site.call.args[1])):
            for check in ("cluster", "host", "removal"):
                for remedy in remedies:
                    path = f"its {placeholder('path')} {found}"
                    yield check, path, "as kubeadm wrote it", remedy, frozenset({"error"})


def _text(way: Way, source: Source, node: ast.expr) -> str:
    reading = Reading(way)
    return reading.text(node, reading.frame(source, node))


def _of_differences() -> Iterator[Row]:
    """Of settings that stand otherwise than they are wanted, and that a run does not bring there: by reason."""
    changes: dict[setting_changes.Change, list[str]] = {}
    tables = (setting_changes.SETTINGS, setting_changes.HOST_SETTINGS, setting_changes.PATCHES)
    for name, change in [pair for table in tables for pair in table.items()]:
        changes.setdefault(change, []).append(f"kubeadm_patches.{name}" if name in setting_changes.PATCHES else name)
    for change in vars(setting_changes).values():
        if isinstance(change, setting_changes.Change):
            changes.setdefault(change, [])
    for change, names in changes.items():
        if change.reason and change.effect not in (Effect.NEXT_RUN, Effect.ROLLED_OUT):
            setting = " or ".join(names) or placeholder("setting")
            found = f"{setting} stands as {placeholder('standing')}"
            wanted = f"the settings say {placeholder('wanted')}, but {change.reason}"
            remedy = change.remedy.replace("{standing}", placeholder("standing"))
            yield "settings", found, wanted, remedy, frozenset({"error" if change.is_refused else "warning"})


def _of_logins() -> Iterator[Row]:
    for cause in (*login._CAUSES, *login._LEFT_OUT):
        yield "root", f"it says '{sample(cause.pattern)}'", cause.wanted, cause.remedy, frozenset({"error"})


def _of_patches() -> Iterator[Row]:
    for row in lifetimes.BAD_PATCHES:
        found = f"Kubernetes {placeholder('version')} has a fault"
        yield "kubernetes", found, row.reason, f"choose {row.remedy} or newer", frozenset({"error"})
        remedy = f"upgrade the cluster to {row.remedy} or newer{row.standing}"
        yield "kubernetes", found, row.reason, remedy, frozenset({"warning"})


def _module(source: Source) -> str:
    return source.name.removeprefix(f"{PACKAGE}.")


def _has_words(text: str) -> bool:
    outside = "".join(part.partition(CLOSE)[2] if CLOSE in part else part for part in text.split(OPEN))
    return any(letter.isalpha() for letter in outside)
