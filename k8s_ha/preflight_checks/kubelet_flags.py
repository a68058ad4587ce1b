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

_REMOVED_BEFORE: Final[Mapping[int, str]] = {
    # Not in 1.20.2's cmd/kubelet/app/options.
    20: "allow-privileged api-servers bootstrap-checkpoint-path cadvisor-port containerized network-plugin-dir "
    "require-kubeconfig rkt-path rkt-stage1-image",
    # kubernetes#101057; pkg/kubelet/config/flags.go of 1.20 says it of redirect-container-streaming.
    22: "chaos-chance redirect-container-streaming",
    # kubernetes#106907, and with dockershim itself kubenet's non-masquerade-cidr; KEP-281 for dynamic-config-dir.
    24: "cni-bin-dir cni-cache-dir cni-conf-dir docker-endpoint dynamic-config-dir "
    "experimental-dockershim-root-directory image-pull-progress-deadline network-plugin network-plugin-mtu "
    "non-masquerade-cidr",
    # KEP-2845: klog's own flags.
    26: "add-dir-header alsologtostderr log-backtrace-at log-dir log-file log-file-max-size logtostderr one-output "
    "skip-headers skip-log-headers stderrthreshold",
    # kubernetes#114017
    27: "container-runtime",
    # kubernetes#122363, and CHANGELOG-1.31 for keep-terminated-pod-volumes.
    31: "iptables-drop-bit iptables-masquerade-bit keep-terminated-pod-volumes",
    # CHANGELOG-1.34
    34: "cloud-config register-schedulable",
    # kubernetes#133779
    35: "pod-infra-container-image",
    # kubernetes#139870, of which these are known.
    37: "boot-id-file containerd containerd-namespace enable-load-reader",
}
REMOVED: Final[Mapping[str, int]] = {flag: minor for minor, flags in _REMOVED_BEFORE.items() for flag in flags.split()}
"""First minor without the flag."""

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
