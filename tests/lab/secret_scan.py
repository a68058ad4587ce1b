"""A look for secrets in everything that a run prints, leaves on disks, and shows in process lists."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.lab.client import Lab, meanwhile

_PEM = "PRIVATE KEY-----"


def _within_base64(text: str) -> list[str]:
    """What the text is in base64, wherever it begins in what was encoded; without what hangs on its neighbours."""
    encoded = [(offset, b64encode(b"\0" * offset + text.encode()).decode()) for offset in range(3)]
    return [word[-(-offset * 4 // 3) : len(text + "x" * offset) * 4 // 3 - 1] for offset, word in encoded]


PRIVATE_KEYS = (_PEM, *_within_base64(_PEM))
"""What private keys hold as PEM, and as base64 of PEM, as kubeconfigs and Secrets have it."""

PLACES = "/etc /home /root /run /tmp /var/log /var/spool /var/tmp /var/lib/k8s-ha"
"""Of a host: what a run or a shell may leave something in."""

RIGHTFUL = (
    "/etc/kubernetes/",  # the control plane's own, 0600
    "/etc/ssh/ssh_host_",
    "/root/.kube/config",
    "/etc/docker/key.json",
    "/run/containerd/io.containerd.runtime.v2.task/",  # pods' mounts of the control plane's own
    "/run/docker/",
)
"""Beginnings of paths that hold private keys because that is what they are for."""

SECONDS_BETWEEN_SAMPLES = 0.1


@contextmanager
def process_lists() -> Iterator[set[bytes]]:
    """Every command line that ran meanwhile, on the operator's machine and on all hosts, which share its kernel."""
    seen: set[bytes] = set()

    def sample() -> None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.add(path.read_bytes())
            except (FileNotFoundError, ProcessLookupError):
                continue

    with meanwhile(sample, SECONDS_BETWEEN_SAMPLES):
        yield seen


def in_texts(secrets: Sequence[str], texts: Iterable[bytes]) -> list[str]:
    """The secrets, by their first characters, that stand in one of the texts."""
    joined = b"\0".join(texts)
    return [f"{secret[:4]}…" for secret in secrets if secret.encode() in joined]


def on_host(lab: Lab, host: str, secrets: Sequence[str]) -> list[str]:
    """Paths on a host, or its journal, that hold one of the secrets where they should not."""
    found = [
        *_holding(lab, host, secrets),
        *(path for path in _holding(lab, host, PRIVATE_KEYS) if not _rightful(path)),
    ]
    return sorted(set(found))


def _rightful(path: str) -> bool:
    return path.startswith(RIGHTFUL)


def _holding(lab: Lab, host: str, secrets: Sequence[str]) -> list[str]:
    # The patterns travel in a file: what is looked for must not stand in an argument list itself.
    patterns = "/dev/shm/looked-for"
    lab.run("exec", host, "--", "sh", "-c", f"umask 077; cat >{patterns}", check=True, stdin="\n".join(secrets) + "\n")
    script = (
        f"grep -rlaF -f {patterns} {PLACES} 2>/dev/null; "
        f"journalctl -q --no-pager -o cat | grep -qaF -f {patterns} && echo the journal; rm -f {patterns}"
    )
    return [path for path in lab.host(host, script, check=False).splitlines() if path]
