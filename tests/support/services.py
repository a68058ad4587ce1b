"""Files as they stand on a host and services as they are changed, for tests of the operations on them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from k8s_ha.facts.system import FileState
from k8s_ha.resources import read_file, shell_variables
from tests.support.operation_bench import Command


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def as_written(text: str, mode: str = "644", owner: str = "root:root") -> FileState:
    return FileState(sha256(text), mode, owner)


def forget(unit: str) -> Command:
    """What comes before the first changed file of a service."""
    return Command(f"rm -f /var/lib/k8s-ha/{unit}.digest")


def act(unit: str, action: str, digest: str, test: str = "true") -> Command:
    """What comes after the last one.

    + action: of systemctl; empty for none
    + digest: what is recorded of the configuration
    """
    record = f"/var/lib/k8s-ha/{unit}.digest"
    said = f"journalctl -q -u {unit} -n 10 --no-pager -o cat"
    run = f"{{ systemctl {action} {unit} || {{ {said} >&2; false; }}; }}" if action else "true"
    return Command(
        f"{test} && systemctl -q enable {unit} && {run} && mkdir -p -m 755 /var/lib/k8s-ha && "
        f"echo {digest} >{record}.new && mv -f {record}.new {record}"
    )


def keep(unit: str, files: Mapping[str, str]) -> Command:
    """What comes before the first changed file of a container runtime: text by path."""
    lines = "\n".join(f"{sha256(text)} {path}" for path, text in files.items())
    return Command(
        shell_variables({"FILES": lines, "UNIT": unit})
        + read_file("keep-unit-state.sh")
        + read_file("keep-service-files.sh")
    )


def change(unit: str, action: str, digest: str, answers: str) -> Command:
    """What comes after the last one."""
    values = {"CHANGE": action, "UNIT": unit, "ANSWERS": answers, "RECORD": digest}
    return Command(shell_variables(values) + read_file("change-service.sh"))
