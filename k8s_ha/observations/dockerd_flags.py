"""dockerd's flags, told in the keys of daemon.json: what stands as one of them must not stand in that file too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from k8s_ha.observations.service_command import UnitLook, Word

PROGRAM: Final = "/usr/bin/dockerd"
CONFIG: Final = "/etc/docker/daemon.json"
PACKAGED: Final = (
    Word(PROGRAM, ""),
    Word("-H", ""),
    Word("fd://", ""),
    Word("--containerd=/run/containerd/containerd.sock", ""),
)
"""The command line of docker-ce's unit, from 18.09 on; it counts where no unit is there yet."""

_KEYS: Final[Mapping[str, str]] = {
    "add-runtime": "runtimes",
    "authorization-plugin": "authorization-plugins",
    "cdi-spec-dir": "cdi-spec-dirs",
    "cluster-store-opt": "cluster-store-opts",
    "default-address-pool": "default-address-pools",
    "default-network-opt": "default-network-opts",
    "default-ulimit": "default-ulimits",
    "dns-opt": "dns-opts",
    "exec-opt": "exec-opts",
    "host": "hosts",
    "host-gateway-ip": "host-gateway-ips",
    "insecure-registry": "insecure-registries",
    "label": "labels",
    "log-opt": "log-opts",
    "node-generic-resource": "node-generic-resources",
    "registry-mirror": "registry-mirrors",
    "storage-opt": "storage-opts",
}
"""Key by flag where the two differ (moby's cmd/dockerd/config.go and config_unix.go, what it calls named options)."""

_SHORT: Final[Mapping[str, str]] = {
    "b": "bridge",
    "D": "debug",
    "g": "graph",
    "G": "group",
    "H": "host",
    "l": "log-level",
    "p": "pidfile",
    "r": "restart",
    "s": "storage-driver",
}
_SWITCHES: Final = frozenset(
    {
        "cri-containerd",
        "debug",
        "disable-legacy-registry",
        "experimental",
        "help",
        "icc",
        "init",
        "ip-forward",
        "ip-forward-no-drop",
        "ip-masq",
        "ip6tables",
        "iptables",
        "ipv6",
        "live-restore",
        "no-new-privileges",
        "raw-logs",
        "restart",
        "rootless",
        "selinux-enabled",
        "tls",
        "tlsverify",
        "userland-proxy",
        "validate",
        "version",
    }
)
"""Flags that take no word after them."""

MERGED: Final = frozenset({"runtimes"})
"""Keys that dockerd takes from both (moby's skipDuplicates)."""


@dataclass(frozen=True)
class Flag:
    """A key of daemon.json that stands on dockerd's command line.

    + name: as it is written there, such as ``--exec-opt``
    + values: in their order; of a switch without a value ``true``
    + path: of the file that it stands in; empty for what docker-ce's own unit has
    """

    name: str
    values: tuple[str, ...]
    path: str

    def __str__(self) -> str:
        return " ".join(f"{self.name} {value}" for value in self.values)


@dataclass(frozen=True)
class Flags:
    """dockerd as its unit starts it.

    + by_key: what stands as a flag, by its key in daemon.json
    + program: what is started
    + config: its daemon.json
    + words: the command line without the program and without ``--config-file``
    """

    by_key: Mapping[str, Flag] = field(default_factory=dict)
    program: str = PROGRAM
    config: str = CONFIG
    words: tuple[str, ...] = ()


def of_unit(unit: UnitLook) -> Flags:
    """The flags of docker.service as the next start has them."""
    return parsed(unit.command_line() or PACKAGED)


def of_process(unit: UnitLook) -> Flags:
    """The flags that the running dockerd was started with."""
    return parsed([Word(text, "") for text in unit.running])


def parsed(command: Sequence[Word]) -> Flags:
    """A command line, the program first, as dockerd's parser (pflag) reads it."""
    found: dict[str, Flag] = {}
    kept: list[str] = []
    config, rest = CONFIG, list(command[1:])
    while rest:
        word = rest.pop(0)
        if word.text == "--":
            break
        taken = [word]
        for name, value in _names(word.text):
            if value is None and name not in _SWITCHES and rest and not _is_flag(rest[0].text, name):
                taken.append(rest.pop(0))
                value = taken[-1].text
            if name == "config-file":
                config, taken = value or config, []
            elif name:
                _add(found, name, word.text, value, taken[-1].path)
        kept += [entry.text for entry in taken]
    return Flags(found, command[0].text if command else PROGRAM, config, tuple(kept))


def _is_flag(text: str, name: str) -> bool:
    """Whether the word behind ``name`` is no value of it, where nobody knows that flag."""
    return text.startswith("-") and name not in _KEYS


def _names(text: str) -> Iterable[tuple[str, str | None]]:
    """The flags of one word, each with the value that the word holds; ("", None) for what is no flag."""
    if text.startswith("--"):
        name, equals, value = text[2:].partition("=")
        return [(name, value if equals else None)]
    if not text.startswith("-") or text == "-":
        return [("", None)]
    names: list[tuple[str, str | None]] = []
    letters = text[1:]
    while letters:
        name, letters = _SHORT.get(letters[0], letters[0]), letters[1:]
        if letters.startswith("="):
            return [*names, (name, letters[1:])]
        if name not in _SWITCHES:
            return [*names, (name, letters or None)]
        names.append((name, None))
    return names


def _add(found: dict[str, Flag], name: str, word: str, value: str | None, path: str) -> None:
    key = _KEYS.get(name, name)
    said = f"--{name}" if word.startswith("--") else f"-{word[1]}"
    before = found[key].values if key in found else ()
    found[key] = Flag(said, (*before, "true" if value is None else value), path)
