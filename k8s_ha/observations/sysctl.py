"""sysctl.d as the boot applies it: systemd-sysctl, then tuned where it runs. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

FOLDERS: Final = ("/etc/{}", "/run/{}", "/usr/local/lib/{}", "/usr/lib/{}")
"""Where systemd and kmod look for configuration; a file hides those of its name in later folders.

/lib is a link to /usr/lib on every supported host.
"""

ALIASES: Final[Mapping[str, Collection[str]]] = {
    # The kernel keeps one value for both; the default is what the pods' interfaces begin with.
    "net/ipv4/ip_forward": ("net/ipv4/conf/all/forwarding", "net/ipv4/conf/default/forwarding"),
}
"""Keys that undo another one when they are set to something else, in paths below /proc/sys."""

SYSCTL_CONF: Final = "/etc/sysctl.conf"
EL_WITH_SYSCTL_CONF_LAST: Final = (7,)
"""EL majors whose systemd-sysctl reads /etc/sysctl.conf behind everything else (RHEL 7's own patch)."""
EL_WITH_PATTERNS: Final = 9
"""The first EL major whose systemd-sysctl knows patterns as keys."""


@dataclass(frozen=True)
class Line:
    """A line of a file on a host; it reads "PATH:NUMBER"."""

    path: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.number}"


@dataclass(frozen=True)
class Setting:
    """What a line sets. ``key`` is a path below /proc/sys; without a ``value`` the key is kept from patterns."""

    line: Line
    key: str
    value: str | None


def setting(line: Line) -> Setting | None:
    """What a line sets, as systemd reads it; None for a comment, or what it cannot read."""
    text = line.text.strip()
    if not text or text[0] in "#;":
        return None
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals and not key.startswith("-"):
        return None
    return Setting(line, _path(key.removeprefix("-")), value if equals else None)


def _path(key: str) -> str:
    """The key as a path: where its first separator is a dot, dots and slashes change places."""
    first = re.search(r"[./]", key)
    if first and first[0] == ".":
        key = key.translate(str.maketrans("./", "/."))
    return key.strip("/")


def in_force(paths: Iterable[str], kind: str) -> list[str]:
    """Those files of a configuration folder that count, in the order in which they are read.

    + kind: the folder's name, such as ``sysctl.d``
    """
    folders = [folder.format(kind) for folder in FOLDERS]
    chosen: dict[str, str] = {}
    for folder in folders:
        for path in paths:
            parent, _, name = path.rpartition("/")
            if parent == folder and name.endswith(".conf"):
                chosen.setdefault(name, path)
    return [chosen[name] for name in sorted(chosen, key=str.encode)]


def boot_order(paths: Sequence[str], el_major: int, ours: str) -> list[str]:
    """The files in the order in which systemd-sysctl reads them; ``ours`` is among them though it may not exist yet."""
    ordered = in_force(sorted({*paths, ours}), "sysctl.d")
    if SYSCTL_CONF in paths and el_major in EL_WITH_SYSCTL_CONF_LAST:
        ordered.append(SYSCTL_CONF)
    return ordered


@dataclass(frozen=True)
class Tuned:
    """tuned, where it runs at boot: what its profile sets, and whether it sets the host's own files once more then."""

    lines: Sequence[Line] = ()
    reapplies: bool = True


def undoing(
    paths: Sequence[str],
    lines: Sequence[Line],
    el_major: int,
    ours: str,
    wanted: Mapping[str, str],
    tuned: Tuned | None = None,
    reapplied: Sequence[str] = (),
) -> list[Setting]:
    """What leaves wanted keys with another value when the host has booted.

    + paths: the configuration files, and ``lines`` what they hold
    + ours: the file that will hold the ``wanted`` values, whatever it holds now
    + reapplied: files that a script applies once more when all else is done
    """
    own = [Line(ours, number, f"{key} = {value}") for number, (key, value) in enumerate(sorted(wanted.items()), 1)]
    known = [*own, *(line for line in lines if line.path != ours)]
    written = list(_by_systemd(_settings(known, boot_order(paths, el_major, ours)), el_major, wanted))
    if tuned:
        written += [entry for line in tuned.lines if (entry := setting(line))]
        if tuned.reapplies:
            again = [path for path in paths if path.startswith(("/etc/", "/run/")) and path != SYSCTL_CONF]
            written += _settings(known, [*in_force(sorted({*again, ours}), "sysctl.d"), SYSCTL_CONF])
    written += _settings(known, reapplied)
    keys = {_path(key): value for key, value in wanted.items()}
    owner = {alias: key for key in keys for alias in (key, *ALIASES.get(key, ()))}
    last = {owner[entry.key]: entry for entry in written if entry.key in owner}
    return list(dict.fromkeys(entry for key, entry in last.items() if entry.value != keys[key]))


def _settings(lines: Iterable[Line], order: Sequence[str]) -> list[Setting]:
    """What the lines of those files set, file by file in that order."""
    position = {path: number for number, path in enumerate(order)}
    ordered = sorted((line for line in lines if line.path in position), key=lambda line: position[line.path])
    return [entry for line in ordered if (entry := setting(line))]


def _by_systemd(settings: Iterable[Setting], el_major: int, wanted: Iterable[str]) -> Iterator[Setting]:
    """What systemd-sysctl writes, in its order: a key that is set to another value moves to the end."""
    placed: dict[str, Setting] = {}
    for entry in settings:
        if entry.key not in placed or placed[entry.key].value != entry.value:
            placed.pop(entry.key, None)
            placed[entry.key] = entry
    keys = {alias for key in map(_path, wanted) for alias in (key, *ALIASES.get(key, ()))}
    for entry in placed.values():
        if entry.value is None:
            continue
        if not any(character in entry.key for character in "*?["):
            yield entry
        elif el_major >= EL_WITH_PATTERNS:
            # A pattern leaves those alone that have an entry of their own.
            matched = (key for key in sorted(keys - set(placed)) if _matches(key, entry.key))
            yield from (Setting(entry.line, key, entry.value) for key in matched)


def _matches(key: str, pattern: str) -> bool:
    """Whether a path fits a pattern whose wildcards stand for no slash."""
    parts, wanted = key.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))
