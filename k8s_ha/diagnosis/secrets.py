"""Secrets taken out of what hosts told: rather too much than too little. Values in, values out.

Every pattern is bounded, so that no text of a host keeps the operator's machine busy: what may be of any length is
taken whole, or ends the match.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from k8s_ha.redaction import HIDDEN, scrubbed

LONGEST_LINE: Final = 4000
"""Characters of a line that are kept."""

_NAMES: Final = (
    r"(?:passw(?:or)?d|passwd|passphrase|secret|token|credential|api[_-]?key|private[_-]?key|access[_-]?key"
    r"|encryption[_-]?key|signing[_-]?key|certificate[_-]?key|key[_-]?data|auth[_-]?pass)"
)
_QUOTES: Final = r"[\\\"'\]]{0,4}"
_TO: Final = rf"{_QUOTES}[ \t]{{0,8}}(?:=>|[:=])[ \t]{{0,8}}"

# A file's path, a switch, nothing, or the first line of a map or list tells no secret.
_HARMLESS: Final = (
    r"(?![\\\"']{0,4}(?:/(?:etc|var|run|root|usr|opt|home)/|(?:true|false|null|none|nil|~)?[\\\"']{0,4}(?:[\s,;}\]]|$))"
    r"|[{\[][}\]]?,?\s{0,8}$)"
)
_VALUE: Final = (
    r"(?:\\{1,4}\"(?:(?!\\{1,4}\")[^\n])*(?:\\{1,4}\")?|\"(?:[^\"\\\n]|\\.)*\"?|'[^'\n]*'?"
    # Of a map or list all; else up to the next flag or NAME=VALUE, or to the end of the line.
    r"|[{\[][^\n]*"
    r"|[^\s\"'](?:(?!\s{1,4}-{1,2}\w|\s{1,4}[\w.-]{1,40}=|[\"'])[^\n])*)"
)


class _Rule(NamedTuple):
    """What is hidden: of a match the group ``kept`` stays, where there is one.

    + hints: one of these, in lower case, is in each line that the pattern can match; most lines need no look
    """

    kind: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _rule(kind: str, hints: str, *pattern: str) -> _Rule:
    return _Rule(kind, tuple(hints.split()), re.compile("".join(pattern)))


_KEY: Final = _rule(
    "private key",
    "",
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END )[\s\S])*",
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?",
)
_START: Final = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
_HINTS: Final = "passw passphrase secret token credential key auth"

_RULES: Final = (
    # As kubeadm prints it, on a line of its own.
    _rule("certificate key", "", r"\A\s{0,20}[0-9a-f]{64}\s{0,20}\Z"),
    _rule("PEM in base64", "ls0tls1", r"LS0tLS1CRUdJTi[A-Za-z0-9+/=_-]*"),
    _rule("JSON web token", "eyj", _START, r"eyJ[A-Za-z0-9_-]{6,}=*(?:\.[A-Za-z0-9_-]*){0,4}"),
    _rule("bootstrap token", ".", _START, r"[a-z0-9]{6}\.[a-z0-9]{16}(?![A-Za-z0-9])"),
    _rule("authorization", "auth", r"(?P<kept>(?i:\bauthorization)[\\\"'\]]{0,4}[ \t]{0,8}[:=][ \t]{0,8})[^\s][^\n]*"),
    _rule("authorization", "auth", r"(?P<kept>(?i:\bauthorization)[ \t]{1,8})[\"'][^\n]*"),
    _rule("authorization", "bearer", r"(?P<kept>(?i:\bbearer)[ \t:=]{1,4})[^\s\"',;]{6,}"),
    _rule("authorization", "basic", r"(?P<kept>(?i:\bbasic)[ \t]{1,4})(?=[a-z+/]{0,200}[A-Z0-9=])[A-Za-z0-9+/]{6,}=*"),
    _rule("password", "auth_pass", r"(?P<kept>\bauth_pass[ \t]{1,8})[^\n]+"),
    _rule("password", "-u", r"(?P<kept>(?:(?<!\S)-u|--(?:proxy-)?user)[ \t=]{1,8})[^\s:]{1,200}:[^\s]+"),
    _rule(
        "variable",
        "value",
        rf"(?i)(?P<kept>\\?\"name\\?\"[ \t]{{0,8}}:[ \t]{{0,8}}\\?\"[^\"\n]{{0,80}}?{_NAMES}[^\"\n]{{0,80}}\"",
        rf"[ \t]{{0,8}},[ \t]{{0,8}}\\?\"value\\?\"[ \t]{{0,8}}:[ \t]{{0,8}}){_VALUE}",
    ),
    _rule("flag", "--", rf"(?i)(?P<kept>--[\w-]{{0,32}}?{_NAMES}[\w-]{{0,32}}[ \t]{{1,8}})(?!-){_HARMLESS}[^\s]+"),
    _rule("named value", _HINTS, rf"(?i)(?P<kept>{_NAMES}[\w.-]{{0,64}}{_TO}){_HARMLESS}{_VALUE}"),
    _rule("named value", "auth", rf"(?i)(?P<kept>(?<![\w-])_?auth{_TO})(?![\\\"']{{0,4}}[{{\[]){_HARMLESS}{_VALUE}"),
    _rule("login in a URL", "@", r"(?<=://)[^\s\"'/@]{1,256}:[^\s\"'@]{0,256}@(?!sha256:)"),
    _rule("login", "@", r"(?<![\w/.-])[\w.-]{1,64}:[^\s\"'/@:,]{1,128}@(?!sha256:)(?=[\w.-]{1,64})"),
    _rule(
        "long base64",
        "",
        r"(?<![A-Za-z0-9+/])(?=[^a-z]{0,59}[a-z])(?=[^A-Z]{0,59}[A-Z])(?=[^0-9]{0,59}[0-9])[A-Za-z0-9+/]{60,}={0,2}",
    ),
)

_NAMED_VARIABLE: Final = re.compile(rf"(?i)^\s*-?\s*\"?name\"?:\s.{{0,80}}{_NAMES}")
_VALUE_LINE: Final = re.compile(r"^(\s*-?\s*\"?value\"?:\s*)(\S.*)$")
_BLOCK: Final = re.compile(rf"(?i){_NAMES}[\w.-]{{0,64}}[\"']?:\s*[|>][-+0-9]{{0,2}}\s*$")
_END_OF_KEY: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY")
_BASE64_LINE: Final = re.compile(r"\s*[A-Za-z0-9+/=]{1,80}\s*")


def hidden(text: str, secrets: Iterable[str] = ()) -> tuple[str, Counter[str]]:
    """``text`` without secrets, and how many of each kind were in it.

    + secrets: those that are known word for word
    """
    found: Counter[str] = Counter()
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        found["known secret"] += text.count(secret)
        text = text.replace(secret, HIDDEN)
    text = _replaced(_KEY, text, found)
    lines = _without_blocks(_without_ends_of_keys(text.split("\n"), found), found)
    return "\n".join(_line(line, found) for line in lines), +found


def _line(line: str, found: Counter[str]) -> str:
    if len(line) > LONGEST_LINE:
        # What is cut amid a word may be half of a secret.
        line = f"{line[:LONGEST_LINE].rpartition(' ')[0]} … {len(line)} characters"
    lower = line.lower()
    for rule in _RULES:
        if not rule.hints or any(hint in lower for hint in rule.hints):
            line = _replaced(rule, line, found)
    clean = scrubbed(line)
    found["login in a URL"] += clean != line
    return clean


def _replaced(rule: _Rule, text: str, found: Counter[str]) -> str:
    keeps = "kept" in rule.pattern.groupindex

    def hide(match: re.Match[str]) -> str:
        found[rule.kind] += 1
        return f"{match['kept']}{HIDDEN}" if keeps else HIDDEN

    return rule.pattern.sub(hide, text)


def _without_ends_of_keys(lines: list[str], found: Counter[str]) -> list[str]:
    """Without what stands above the end of a private key whose beginning was cut off."""
    kept: list[str] = []
    in_key = False
    for line in reversed(lines):
        if _END_OF_KEY.search(line):
            in_key = True
            found[_KEY.kind] += 1
        elif in_key and not _BASE64_LINE.fullmatch(line):
            in_key = False
        elif in_key:
            line = HIDDEN
        kept.append(line)
    return kept[::-1]


def _without_blocks(lines: list[str], found: Counter[str]) -> list[str]:
    """Without YAML's blocks and variables whose name tells that they are secret."""
    kept: list[str] = []
    block: int | None = None
    is_secret = False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if block is not None and (indent > block or not line.strip()):
            kept.append(HIDDEN if line.strip() else line)
            continue
        block = indent if _BLOCK.search(line[:LONGEST_LINE]) else None
        found["named value"] += block is not None
        value = _VALUE_LINE.match(line) if is_secret else None
        if value:
            found["variable"] += 1
            line = f"{value[1]}{HIDDEN}"
        is_secret = _NAMED_VARIABLE.search(line[:LONGEST_LINE]) is not None
        kept.append(line)
    return kept
