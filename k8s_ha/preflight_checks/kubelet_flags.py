"""The kubelet's flags that are no more, and how its command line comes about."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

CONFIG: Final = "/var/lib/kubelet/config.yaml"
"""What kubeadm writes for the kubelet."""

BINARY: Final = "/usr/bin/kubelet"

IN_TREE_CLOUDS_UNTIL: Final = 28
"""Newest line whose kubelet knows clouds itself: DisableCloudProviders is true from 1.29 on (kubernetes#117503)."""

PACKAGE: Final = (
    'Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"',
    "EnvironmentFile=-/etc/sysconfig/kubelet",
    "ExecStart=",
    "ExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS",
)
"""The drop-in of the packages, as far as it matters here."""

PACKAGE_FILE: Final = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"


@dataclass(frozen=True)
class Flag:
    """A flag of the command line: its name without dashes, its value, and the file that it comes from."""

    name: str
    value: str
    file: str


@dataclass(frozen=True)
class CommandLine:
    """What systemd would start.

    + file: that has the last word
    + starts: how many commands there are; systemd takes one
    """

    file: str
    binary: str
    flags: tuple[Flag, ...]
    starts: int = 1


def command_line(lines: Sequence[tuple[str, str]], environment: Sequence[tuple[str, str]]) -> CommandLine:
    """The kubelet's, with the drop-in that its packages bring.

    + lines: file and text of its unit and drop-ins, folders in systemd's order
    + environment: file and text of the files of variables
    """
    starts: list[tuple[str, str]] = []
    variables: dict[str, tuple[str, str]] = {}
    read: list[str] = []
    for file, text in _in_order(lines):
        key, _, value = text.partition("=")
        if key == "ExecStart":
            starts = [*starts, (file, value)] if value.strip() else []
        elif key == "Environment":
            variables |= {name: (setting, file) for name, setting in _assignments(value)}
        elif key == "EnvironmentFile":
            read.append(value.strip().removeprefix("-"))
    for file, text in environment:
        if file in read:
            variables |= {name: (setting, file) for name, setting in _assignments(text)}
    file, command = starts[-1] if starts else ("", "")
    words = list(_expanded(command.lstrip("-@:+!"), file, variables))
    return CommandLine(file, words[0][0] if words else "", tuple(_flags(words[1:])), len(starts))


def flags_in(file: str, text: str) -> Iterator[Flag]:
    """The flags in a file of assignments, such as kubeadm-flags.env, whichever variables hold them.

    + text: as a shell reads it
    """
    for _, value in _assignments(text):
        yield from _flags([(word, file) for word in _split(value)])


def _in_order(lines: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The unit's lines, then those of its drop-ins by their names; of files of one name the first folder's counts."""
    everything = [line for line in lines if line[0] != PACKAGE_FILE] + [(PACKAGE_FILE, text) for text in PACKAGE]
    files: dict[str, str] = {}
    for file, _ in everything:
        files.setdefault(file.rpartition("/")[2], file)
    for name in sorted(files, key=lambda name: (name != "kubelet.service", name)):
        yield from (line for line in everything if line[0] == files[name])


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    for word in _split(text):
        name, equals, value = word.partition("=")
        if equals:
            yield name, value


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that is not closed
        return text.split()


def _expanded(command: str, file: str, variables: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The words of a command, each with the file that it comes from."""
    for word in _split(command):
        found = re.fullmatch(r"\$(\w+)|\$\{(\w+)\}", word)
        if found is None:
            yield word, file
            continue
        value, origin = variables.get(found[1] or found[2], ("", file))
        yield from ((part, origin) for part in _split(value))


def _flags(words: Sequence[tuple[str, str]]) -> Iterator[Flag]:
    for index, (word, file) in enumerate(words):
        if not word.startswith("-"):
            continue
        name, equals, value = word.lstrip("-").partition("=")
        following = words[index + 1][0] if index + 1 < len(words) else ""
        if not equals and not following.startswith("-"):
            value = following
        yield Flag(name.replace("_", "-"), value, file)
