"""``python -m tests.support.troubleshooting_page``: makes docs/troubleshooting.md of every sentence in the sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import yaml

from k8s_ha.catalog.check_names import CHECKS
from k8s_ha.reporting.known_errors import KnownError
from k8s_ha.reporting.known_errors.kubernetes import GENERAL, KUBERNETES
from k8s_ha.reporting.known_errors.packages import PACKAGES
from k8s_ha.reporting.known_errors.system import SYSTEM
from tests.support.paths import PROJECT, RECORDED
from tests.support.sentences import refusals
from tests.support.sentences.findings import Entry, entries
from tests.support.sentences.plain_names import CLOSE, OPEN, placeholder

PAGE: Final = PROJECT / "docs" / "troubleshooting.md"
_INTRODUCTION: Final = PROJECT / "tests" / "support" / "troubleshooting_introduction.txt"
_ERRORS: Final = RECORDED / "errors"
_LONGEST: Final = 90
_SAMPLES: Final = 3

_BEFORE: Final = ("reboot", "confirmation", "reset", "restore")
"""What commands of their own ask before their first change."""

TOOLS: Final = (
    ("What kubeadm and the kubelet say", (*KUBERNETES, *GENERAL)),
    ("What dnf, yum and rpm say", PACKAGES),
    ("What nginx, the runtimes and file systems say", SYSTEM),
)

REFUSALS: Final = (
    ("A setting's value", "Each stands behind the setting's name and what was given.", refusals.of_values),
    ("Settings, hosts and groups that do not fit", "", refusals.of_settings),
    ("Allowed, but probably not meant", "These are warnings.", refusals.of_warnings),
    ("A run ends before its first change", "", refusals.of_runs),
    ("A backup cannot be restored", "", refusals.of_backups),
    ("A host fails", "The others go on as far as they can without it.", refusals.of_hosts),
)


def page() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION.read_text(encoding="utf-8").rstrip(), "", *_tools(), *_checks(), *_refusals()])


def _tools() -> Iterator[str]:
    for title, table in TOOLS:
        yield from (f"## {title}", "")
        for known in table:
            yield from _known(known)
        yield ""


def _known(known: KnownError) -> Iterator[str]:
    names = {name: placeholder(name) for name in re.compile(known.pattern).groupindex}
    cause, remedy = (_joined(text.format(**names)) for text in (known.cause, known.remedy))
    source = f" ([source]({known.source}))" if known.source.startswith("https:") else ""
    yield f"- **{', '.join(f'`{words}`' for words in searched_words(known))}**\\"
    yield f"  {_escaped(cause)}\\"
    yield f"  → {_escaped(remedy)}{source}"


def searched_words(known: KnownError) -> list[str]:
    """What a person would search for: the part of a real line that the pattern matches."""
    found: dict[str, str] = {}
    for match in filter(None, (re.search(known.pattern, line) for line in _seen())):
        text = _shortened(match)
        found.setdefault(re.sub(r"\W+", " ", text)[:20], text)
    return list(found.values())[:_SAMPLES]


@cache
def _seen() -> list[str]:
    """Lines that the tools have really printed."""
    told = yaml.safe_load((_ERRORS / "told.yaml").read_text(encoding="utf-8"))
    texts = [quoted["words"] for quoted in told["quoted"]]
    texts += [path.read_text(encoding="utf-8") for path in sorted(_ERRORS.glob("*.txt"))]
    return [line for text in texts for line in text.splitlines()]


def _shortened(match: re.Match[str]) -> str:
    """The match up to the end of its last word, and no longer than one reads."""
    rest = re.match(r"[\w./-]*", match.string[match.end() :] if match[0][-1:].isalnum() else "")
    text = f"{match[0]}{rest[0] if rest else ''}".strip().replace("`", "'")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rpartition(' ')[0]} …"


def _checks() -> Iterator[str]:
    found: dict[str, list[Entry]] = {name: [] for name in (*CHECKS, *_BEFORE)}
    for entry in entries():
        found.setdefault(entry.check, []).append(entry)
    before = [name for name in found if name in CHECKS or name in _BEFORE]
    after = [name for name in found if name not in before]
    for title, names in (("What is said before the first change", before), ("What is said of a cluster", after)):
        yield from (f"## {title}", "")
        for name in names:
            yield from (
                f"### {name}",
                "",
                *_of_check(name),
                *(line for entry in found[name] for line in _entry(entry)),
                "",
            )


def _of_check(name: str) -> list[str]:
    check = next((check for known, check in CHECKS.items() if known == name), None)
    if check is None:
        return []
    asked = f"Asked before the first change: {check.asks}."
    may = f"It cannot be waived: {check.fixed}." if check.fixed else f"`waive = ['{name}']` lets a run go on."
    return [f"{asked} {may}", ""]


def _entry(entry: Entry) -> Iterator[str]:
    severity = {("warning",): " *(warning)*", ("error", "warning"): " *(error or warning)*"}
    yield f"- **{_escaped(entry.found)}**{severity.get(tuple(sorted(entry.severities)), '')}\\"
    yield from (f"  {'or: ' * (place > 0)}{_escaped(wanted)}\\" for place, wanted in enumerate(entry.wanted))
    yield "\\\n".join(f"  → {_escaped(remedy)}" for remedy in entry.remedies)


def _refusals() -> Iterator[str]:
    yield from ("## What a run says where it refuses, or a host where it fails", "")
    for title, introduction, told in REFUSALS:
        yield from (f"### {title}", "")
        yield from (introduction, "") if introduction else ()
        yield from (f"- {_escaped(sentence)}" for sentence in told())
        yield ""


def _joined(text: str) -> str:
    """Of names that stand side by side, where a pattern has one of several, the first."""
    return re.sub(f"({OPEN}[^{CLOSE}]*{CLOSE})(?:{OPEN}[^{CLOSE}]*{CLOSE})+", r"\1", text)


def _escaped(text: str) -> str:
    """Plain text for Markdown; what stands in backquotes is left as it is."""
    parts = text.replace(OPEN, "").replace(CLOSE, "").split("`")
    special = re.compile(r"[*<>]|(?<!\w)_|_(?!\w)")
    return "`".join(part if place % 2 else special.sub(r"\\\g<0>", part) for place, part in enumerate(parts))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
