"""Which lines of a tool's output tell why it failed, and which known errors are among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from k8s_ha.reporting.known_errors.kubernetes import GENERAL, KUBERNETES
from k8s_ha.reporting.known_errors.models import Explanation, KnownError
from k8s_ha.reporting.known_errors.packages import PACKAGES
from k8s_ha.reporting.known_errors.system import SYSTEM

MATTERS: Final = "|".join(
    (
        # kubeadm
        r"\[ERROR ",
        r"^error( execution phase .*)?:",
        r"\[kubelet-check\] It seems",
        r"timed out waiting for the condition",
        # the kubelet, as files/kubeadm-watched.sh shows it
        r"^kubelet: ",
        r"unknown flag: ",
        # dnf and yum
        r"^Error: ",
        r"^ +Problem",
        r"^ Problem",
        r"nothing provides",
        r"conflicts with",
        r"Requires: ",
        r"No match for argument",
        r"No package .* available",
        r"filtered out by",
        r"Failing package is",
        r"is not signed",
        r"[Cc]url error",
        r"Could not resolve host",
        r"Cannot find a valid baseurl",
        r"\[Errno ",
        r"No space left on device",
        r"No more mirrors",
        r"does not match intended download",
        r"Thread died in Berkeley DB",
        r"cannot open Packages ",
        r"Status code: [45]",
        r"GPG (check|signature)",
        r"signature could not be verified",
        r"is not registered",
        r"no enabled repo",
        r"^failure: ",
        r"unpacking of archive failed",
        # any program
        r"Operation not permitted",
        r"Read-only file system",
        # nginx, containerd, Docker
        r"\[emerg\]",
        r"level=(error|fatal)",
        r"^containerd: ",
        r"failed to start daemon",
        r"unable to configure the Docker daemon",
        # this package's own scripts
        r"; its whole output is in ",
        r": the signature of ",
        r": not installed: ",
        r"and yum could not install that again",
        r"^nothing has answered at the endpoint ",
    )
)
"""An extended regular expression, for grep as for Python: lines in which a tool says why it failed."""

LINES_AT_MOST: Final = 20
CHARACTERS_AT_MOST: Final = 500
_LAST_LINES: Final = 5


def lines_that_matter(lines: Iterable[str]) -> list[str]:
    """The few lines that tell why a tool failed, each once and shortened; where none is known, the last ones."""
    printed = [line.rstrip() for line in lines if line.strip()]
    chosen = [line for line in printed if re.search(MATTERS, line)] or printed[-_LAST_LINES:]
    return [line[:CHARACTERS_AT_MOST] for line in dict.fromkeys(chosen)][-LINES_AT_MOST:]


def explain(lines: Iterable[str]) -> list[Explanation]:
    """The known errors in a tool's output, in the table's order; those with one remedy are told as one."""
    printed = list(lines)
    found = _found((*KUBERNETES, *PACKAGES, *SYSTEM), printed) or _found(GENERAL, printed)
    remedies = dict.fromkeys((entry.remedy, entry.source) for entry in found)
    return [
        Explanation(", ".join(entry.cause for entry in found if (entry.remedy, entry.source) == known), *known)
        for known in remedies
    ]


def _found(table: Sequence[KnownError], lines: Sequence[str]) -> list[Explanation]:
    found = []
    for known in table:
        if not any(re.search(known.beside, line) for line in lines):
            continue
        for match in filter(None, (re.search(known.pattern, line) for line in lines)):
            words = {name: text or "" for name, text in match.groupdict().items()}
            found.append(Explanation(known.cause.format(**words), known.remedy.format(**words), known.source))
    return list(dict.fromkeys(found))
