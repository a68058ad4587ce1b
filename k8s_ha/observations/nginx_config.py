"""nginx's configuration: its files in, where a block or a line stands out. Values in, values out.

Files are bytes in any encoding; they are read as latin-1, which keeps every byte and its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)
      | (?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<mark>[;{}])
      | (?P<word>(?:\\.|\$\{|[^\s;{}\#"'\\])(?:\\.|\$\{|[^\s;{\\])*)""",
    re.VERBOSE | re.DOTALL,
)
_LUA: Final = re.compile(r"""--[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{}]""", re.DOTALL)
_DUMPED: Final = re.compile(rb"^# configuration file (/.*):\n", re.MULTILINE)
_DEPTH: Final = 12
"""How deep files may include each other; nginx itself ends where it has no more open files."""
_BLOCKS_AT_MOST: Final = 30
"""How deep blocks may stand in a file; nginx' own make half a dozen."""


class ConfigUnreadable(ValueError):
    """A file whose braces, quotes or semicolons do not fit."""


@dataclass(frozen=True)
class Directive:
    """One directive as it stands in its file.

    + start, end: from its first letter to behind its semicolon or its opening brace
    + block: what stands between its braces; None where it has none
    """

    name: str
    arguments: tuple[str, ...]
    start: int
    end: int
    block: tuple[Directive, ...] | None = None


def parse(text: str) -> tuple[Directive, ...]:
    """The directives of a file. Raises ConfigUnreadable."""
    found, position = _block(text, 0, depth=0)
    if position != len(text):
        raise ConfigUnreadable("a brace is closed that was not opened")
    return found


def _block(text: str, position: int, *, depth: int) -> tuple[tuple[Directive, ...], int]:
    if depth > _BLOCKS_AT_MOST:
        raise ConfigUnreadable("its blocks are nested too deep")
    found: list[Directive] = []
    words: list[str] = []
    start = position
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise ConfigUnreadable("a quote is not closed")
        position = token.end()
        if token.lastgroup == "blank":
            continue
        if token.lastgroup != "mark":
            start = start if words else token.start()
            words.append(_plain(token[0]))
        elif token[0] == "}" and depth and not words:
            return tuple(found), position
        elif token[0] == "}" or not words:
            raise ConfigUnreadable(f"'{token[0]}' without a directive before it")
        else:
            end, block = position, None
            if token[0] == "{":
                block, position = _inside(text, position, words[0], depth)
            found.append(Directive(words[0], tuple(words[1:]), start, end, block))
            words = []
    if depth or words:
        raise ConfigUnreadable("it ends within a directive")
    return tuple(found), position


def _inside(text: str, position: int, name: str, depth: int) -> tuple[tuple[Directive, ...], int]:
    """A block's directives; what is Lua between the braces is passed over."""
    if not name.endswith("_by_lua_block"):
        return _block(text, position, depth=depth + 1)
    open_braces = 1
    for brace in _LUA.finditer(text, position):
        open_braces += {"{": 1, "}": -1}.get(brace[0], 0)
        if not open_braces:
            return (), brace.end()
    raise ConfigUnreadable("a block of Lua is not closed")


def _plain(word: str) -> str:
    if word[0] in "\"'":
        word = word[1:-1]
    return re.sub(r"""\\(["'\\])""", r"\1", word)


def dumped(dump: bytes) -> dict[str, bytes]:
    """The files that ``nginx -T`` prints, byte for byte."""
    heads = list(_DUMPED.finditer(dump))
    ends = [*(head.start() for head in heads[1:]), len(dump)]
    return {
        head[1].decode("latin-1"): dump[head.end() : end].removesuffix(b"\n")
        for head, end in zip(heads, ends, strict=False)
    }


def _fits(path: str, pattern: str) -> bool:
    """Whether glob(3) finds the path: no wildcard stands for a slash, nor for a dot in front."""
    ours, theirs = path.split("/"), pattern.split("/")
    return len(ours) == len(theirs) and all(
        fnmatchcase(name, wanted) and (wanted.startswith(".") or not name.startswith("."))
        for name, wanted in zip(ours, theirs, strict=True)
    )


@dataclass(frozen=True)
class Found:
    """A directive, the file that it stands in, and the blocks around it, includes taken for what they include."""

    path: str
    directive: Directive
    blocks: tuple[str, ...]


@dataclass(frozen=True)
class Config:
    """All files that nginx reads, by path.

    + main: the file that it begins with
    """

    main: str
    files: Mapping[str, bytes]

    def text(self, path: str) -> str:
        return self.files[path].decode("latin-1")

    def included(self, directive: Directive) -> list[str]:
        """The files that an ``include`` reads, in nginx's order."""
        if directive.name != "include" or len(directive.arguments) != 1:
            return []
        pattern = directive.arguments[0]
        if not pattern.startswith("/"):  # relative to the folder of the first file, wherever the line stands
            pattern = f"{self.main.rpartition('/')[0]}/{pattern}"
        return sorted(path for path in self.files if _fits(path, pattern))

    def walk(self) -> Iterator[Found]:
        """Every directive in the order in which nginx reads it. Raises ConfigUnreadable, with the file."""
        if self.main in self.files:
            yield from self._file(self.main, (), {})

    def _file(
        self, path: str, blocks: tuple[str, ...], parsed: dict[str, tuple[Directive, ...]], depth: int = 0
    ) -> Iterator[Found]:
        if depth > _DEPTH:
            raise ConfigUnreadable(f"{path}: files include each other without an end")
        if path not in parsed:
            try:
                parsed[path] = parse(self.text(path))
            except ConfigUnreadable as error:
                raise ConfigUnreadable(f"{path}: {error}") from None
        yield from self._directives(path, parsed[path], blocks, parsed, depth)

    def _directives(
        self,
        path: str,
        directives: Sequence[Directive],
        blocks: tuple[str, ...],
        parsed: dict[str, tuple[Directive, ...]],
        depth: int,
    ) -> Iterator[Found]:
        for directive in directives:
            yield Found(path, directive, blocks)
            yield from self._directives(path, directive.block or (), (*blocks, directive.name), parsed, depth)
            for other in self.included(directive):
                yield from self._file(other, blocks, parsed, depth + 1)


def line_of(text: str, position: int) -> int:
    """The number of the line, as nginx counts them."""
    return text.count("\n", 0, position) + 1


def put_behind(text: str, position: int, line: str) -> str:
    """``text`` with a line of its own behind ``position``, and behind a comment that follows there."""
    rest = re.compile(r"[ \t\r]*(#[^\n]*)?(\n|\Z)").match(text, position)
    if rest is None:
        return f"{text[:position]}\n{line}\n{text[position:]}"
    head = text[: rest.end()]
    return f"{head}{'' if head.endswith(chr(10)) else chr(10)}{line}\n{text[rest.end() :]}"


def put_before(text: str, position: int, line: str) -> str:
    """``text`` with a line of its own before ``position``."""
    start = text.rfind("\n", 0, position) + 1
    if text[start:position].strip():
        return f"{text[:position]}\n{line}\n{text[position:]}"
    return f"{text[:start]}{line}\n{text[start:]}"


def taken_out(text: str, directive: Directive) -> str:
    """``text`` without a directive that has no block, and without its line if nothing else stands there."""
    start = text.rfind("\n", 0, directive.start) + 1
    rest = re.compile(r"[ \t\r]*(\n|\Z)").match(text, directive.end)
    if rest and not text[start : directive.start].strip():
        return text[:start] + text[rest.end() :]
    return text[: directive.start] + text[directive.end :]


def copies(config: Config, changed: Mapping[str, bytes | None], folder: str, suffix: str) -> dict[str, tuple[str, str]]:
    """Copies that read as the configuration will with the changed files, while those are as they were.

    Of each: the path that it is a copy of, and its text. An include that reads a changed file, or one that includes it,
    names the copies instead. Lines keep their numbers.

    + changed: new contents by path; None for a file that will be gone
    + folder: for the copies; none of the configuration's own includes reads it
    + suffix: for the copy of the first file, which stands beside it, since relative includes begin in its folder
    """
    kept = {path: text for path, text in config.files.items() if path not in changed}
    after = Config(config.main, kept | {path: text for path, text in changed.items() if text is not None})
    other = {path for path, text in changed.items() if text is not None}
    gone = set(changed) - other
    includes = {
        path: list(_includes(parse(after.text(path)))) for path in after.files if b"include" in after.files[path]
    }
    before = Config(config.main, dict.fromkeys([*after.files, *gone], b""))
    growing = True
    while growing:
        reaching = {
            path
            for path, found in includes.items()
            if any(set(before.included(directive)) & (other | gone) for directive in found)
        }
        growing = not reaching <= other
        other |= reaching
    if not other:
        return {}
    names = {path: f"{folder}/{number}.copy" for number, path in enumerate(sorted(other))}
    names[config.main] = config.main + suffix
    result = {}
    for path in sorted(other | {config.main}):
        text = after.text(path)
        for directive in sorted(includes.get(path, ()), key=lambda entry: entry.start, reverse=True):
            if set(before.included(directive)) & (other | gone):
                lines = [f'include "{names.get(target, target)}";' for target in after.included(directive)]
                breaks = "\n" * text.count("\n", directive.start, directive.end)
                text = text[: directive.start] + " ".join(lines) + breaks + text[directive.end :]
        result[names[path]] = (path, text)
    return result


def _includes(directives: Sequence[Directive]) -> Iterator[Directive]:
    for directive in directives:
        if directive.name == "include":
            yield directive
        yield from _includes(directive.block or ())
