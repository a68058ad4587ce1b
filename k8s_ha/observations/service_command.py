"""How systemd reads a service: what its unit, its drop-ins and its environment files make of ExecStart."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

_SHELLS: Final = ("sh", "bash")
_PREFIXES: Final = "@-:+!|"
_VARIABLE: Final = re.compile(r"\$(?:\$|\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")


class Word(NamedTuple):
    """A word of a command line, and the file that it stands in."""

    text: str
    path: str


@dataclass(frozen=True)
class UnitLook:
    """A service as it stands on a host.

    + properties: what ``systemctl show`` tells of it
    + files: text by path of the unit and then of its drop-ins, as systemd applies them
    + environment: text by path of the environment files that they name
    + running: the command line of the process, empty where none runs
    + unread: paths of what could not be read whole
    """

    properties: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    running: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    def command_line(self) -> tuple[Word, ...]:
        """The words that the next start runs, the program first; empty where no file says."""
        begun: tuple[str, str] | None = None
        variables: dict[str, Word] = {}
        sources: list[str] = []
        for path, text in self.files.items():
            for key, value in _settings(text):
                if key == "ExecStart":
                    begun = (value, path) if value else None
                elif key == "Environment":
                    variables = variables | _assigned(value, path) if value else {}
                elif key == "EnvironmentFile":
                    sources = [*sources, value.lstrip("-").strip("\"'")] if value else []
        for source in sources:
            variables |= self._of_file(source)
        return tuple(_words(*begun, variables)) if begun else ()

    def _of_file(self, source: str) -> dict[str, Word]:
        return {
            line.partition("=")[0].strip(): Word(_unquoted(line.partition("=")[2].strip()), path)
            for path, text in sorted(self.environment.items())
            if fnmatchcase(path, source)
            for line in _joined(text)
            if "=" in line
        }


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """The assignments of the section [Service], in order."""
    section = ""
    for line in _joined(text):
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line:
            key, _, value = line.partition("=")
            yield key.strip(), value.strip()


def _joined(text: str) -> Iterator[str]:
    """Lines without comments, those that end with a backslash joined with what follows."""
    begun = ""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line.endswith("\\"):
            begun += line[:-1] + " "
        else:
            yield begun + line
            begun = ""
    if begun:
        yield begun.rstrip()


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # quotes without an end
        return text.split()


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _assigned(value: str, path: str) -> dict[str, Word]:
    pairs = [word.partition("=") for word in _split(value)]
    return {name: Word(content.replace("%%", "%"), path) for name, equals, content in pairs if equals}


def _words(command: str, path: str, variables: Mapping[str, Word]) -> Iterator[Word]:
    words = [word.replace("%%", "%") for word in _split(command)]
    marks = words[0][: len(words[0]) - len(words[0].lstrip(_PREFIXES))] if words else ""
    words = [word.lstrip(_PREFIXES) if not place else word for place, word in enumerate(words)]
    if "@" in marks:
        del words[1:2]  # the name that the process shall have
    if len(words) > 2 and words[0].rpartition("/")[2] in _SHELLS and words[1] == "-c":
        # The packages of EL7's early days had a shell put the variables in.
        words = [word for word in _split(words[2]) if word != "exec"]
    for word in words:
        yield from _put_in(word, path, variables)


def _put_in(word: str, path: str, variables: Mapping[str, Word]) -> Iterator[Word]:
    whole = re.fullmatch(r"\$([A-Za-z_]\w*)", word)
    if whole:  # as a word of its own it becomes as many words as it has
        value = variables.get(whole[1])
        yield from (Word(part, value.path) for part in _split(value.text)) if value else ()
        return
    source = path

    def value_of(match: re.Match[str]) -> str:
        nonlocal source
        value = variables.get(match[1] or match[2] or "")
        source = value.path if value else source
        return "$" if match[0] == "$$" else value.text if value else ""

    text = _VARIABLE.sub(value_of, word)
    yield Word(text, source)
