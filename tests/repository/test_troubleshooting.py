"""The page of troubleshooting has every sentence that the package can say."""

from __future__ import annotations

import ast
import re

import pytest

from k8s_ha.catalog.check_names import CHECKS
from k8s_ha.reporting.known_errors import KnownError
from tests.support import troubleshooting_page
from tests.support.sentences.findings import entries, rows_of
from tests.support.sentences.patterns import sample
from tests.support.sentences.plain_names import CLOSE, OPEN
from tests.support.sentences.reading import Reading, Untold
from tests.support.sentences.sources import Site, Source, calls
from tests.support.sentences.ways import Way, every_way
from tests.support.troubleshooting_page import PAGE, REFUSALS, TOOLS

SHOWN = PAGE.read_text(encoding="utf-8")
KNOWN = [known for _, table in TOOLS for known in table]


def in_a_module(text: str) -> Source:
    """Sources that stand for those of a module whose constants are known."""
    return Source("k8s_ha.preflight_checks.limits", ast.parse(text))


def told(text: str) -> list[str]:
    """What the argument of ``say`` can be."""
    source = in_a_module(text)
    (call,) = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say"
    ]

    def read(way: Way) -> str:
        reading = Reading(way)
        return reading.text(call.args[0], reading.frame(source, call))

    return [text.replace(OPEN, "").replace(CLOSE, "") for text in dict.fromkeys(every_way(read))]


def test_the_page_is_made_of_the_sources() -> None:
    assert troubleshooting_page.page() == SHOWN, "run python -m tests.support.troubleshooting_page"


@pytest.mark.parametrize(
    ("function", "texts"),
    [
        ("say('as it stands')", ["as it stands"]),
        ("say(f'{host.name} has {len(found)} of {a_number}')", ["HOST has N of A-NUMBER"]),
        ("say(f'asks for {CPUS}')", ["asks for 2"]),
        ("found = 'nearby'\n    say(found)", ["nearby"]),
        ("found, wanted = 'one', 'two'\n    say(f'{found}, {wanted}')", ["one, two"]),
        ("found = 'one'\n    found += f' and {more}'\n    say(found)", ["one and MORE"]),
        ("say('this' if test else 'that')", ["this", "that"]),
        ("say(f'has {this if test else that} there')", ["has THIS or THAT there"]),
        ("more = f' and {n} more' if n else ''\n    say(f'one{more}')", ["one[ and N more]"]),
        ("say(f'holds {\", \".join(files)}')", ["holds FILES"]),
        (
            "if test:\n        a, b = 'up', 'on'\n    else:\n        a, b = 'down', 'off'\n    say(a + b)",
            ["upon", "downoff"],
        ),
        ("if test:\n        return\n    a = 'all the same'\n    say(a)", ["all the same"]),
        ("for a, b in (('x', 'y'), ('z', 'w')):\n        say(b)", ["y", "w"]),
    ],
)
def test_a_sentence_is_read(function: str, texts: list[str]) -> None:
    assert told(f"def check():\n    {function}\n") == texts


@pytest.mark.parametrize("function", ["say(given())", "say(anything)", "say(some.thing)"])
def test_what_cannot_be_told_is_no_sentence(function: str) -> None:
    with pytest.raises(Untold):
        told(f"def check():\n    {function}\n")


@pytest.mark.parametrize(
    "finding",
    [
        "Finding(name, 'disk', anything(), 'wanted', 'remedy')",
        "Finding(name, 'disk', f'{anything}', 'wanted', 'remedy')",
        "Finding(name, 'disk', 'found', 'wanted', anything())",
        "Finding(name, 'disk', None if test else None, 'wanted', 'remedy')",
        "Finding(name, 'disk', 'found', 'wanted', unknown.remedy)",
    ],
)
def test_a_finding_that_cannot_be_told_is_refused(finding: str) -> None:
    source = in_a_module(f"def check():\n    yield {finding}\n")
    (call,) = [
        node for node in ast.walk(source.tree) if isinstance(node, ast.Call) and "Finding" in ast.unparse(node.func)
    ]
    with pytest.raises(Untold):
        rows_of(Site(source, call))


def test_every_finding_of_the_package_is_asked() -> None:
    made = calls("Finding")
    assert len(made) > 190
    assert all(rows_of(site) for site in made)


def test_every_check_says_something_below_its_name() -> None:
    said = {entry.check for entry in entries()}
    assert set(CHECKS) <= said
    headings = re.findall(r"^### (.+)$", SHOWN, flags=re.MULTILINE)
    assert said <= set(headings)
    assert len(headings) == len(set(headings))


def test_a_way_out_stands_beside_its_own_reason() -> None:
    told = [entry for entry in entries() if entry.found.endswith(f"stands with Kubernetes {OPEN}VERSION{CLOSE}")]
    assert [(entry.wanted[0].partition(" ")[0], entry.remedies) for entry in told] == [
        ("1.20", ["use a release of this package that knows it"]),
        ("a", ["correct that setting"]),
    ]


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.cause)
def test_a_known_error_is_found_by_words_that_the_tool_printed(known: KnownError) -> None:
    words = troubleshooting_page.searched_words(known)
    assert words
    assert all(f"`{each}`" in SHOWN for each in words)


@pytest.mark.parametrize(
    ("title", "told"), [(title, told) for title, _, told in REFUSALS], ids=lambda each: str(each)[:20]
)
def test_refusals_are_shown(title: str, told: object) -> None:
    assert callable(told)
    part = SHOWN.partition(f"\n### {title}\n")[2].partition("\n### ")[0]
    assert len(re.findall(r"^- ", part, flags=re.MULTILINE)) == len(told()) > 3


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"is not in the sudoers file|may not run sudo on", "is not in the sudoers file"),
        (r"due to \d+ failed login", "due to … failed login"),
        (r"[Pp]assword expired", "Password expired"),
        (r"\b(?:rbash|rksh):", "rbash:"),
        (r"(?:sudo: )?a password is required", "a password is required"),
    ],
)
def test_a_pattern_is_shown_as_words(pattern: str, words: str) -> None:
    assert sample(pattern) == words
