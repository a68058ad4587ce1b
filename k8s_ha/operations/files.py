"""Files and the services that read them."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Generator, Mapping
from typing import Literal

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.system import Files, FileState, Service, Text
from k8s_ha.operations.commands import refuse, write
from k8s_ha.operations.guarded import guarded, look
from k8s_ha.run import is_executing

_BLOCK_BEGIN = "# BEGIN k8s_ha"
_BLOCK_END = "# END k8s_ha"


def _differs(current: FileState | None, content: str, mode: str) -> bool:
    return current != FileState(hashlib.sha256(content.encode()).hexdigest(), mode, "root:root")


@guarded
def files_written(files: Mapping[str, str], mode: str = "644") -> Generator[StringCommand]:
    """Have each file hold exactly the given text.

    + files: text by path; each text ends with a newline
    + mode: octal, without a leading zero
    """
    current = look(Files, paths=sorted(files))
    changed = [path for path in sorted(files) if _differs(current.get(path), files[path], mode)]
    for path in changed:
        yield write(path, files[path], mode)
    if not changed:
        host.noop("the files are as wanted")


@guarded
def file_block(path: str, block: str) -> Generator[StringCommand]:
    """Have a file hold ``block`` once, between markers, and all else in it as it was.

    + path: the file; it is replaced in one step
    + block: lines without markers
    """
    text = look(Text, path=path)
    wanted = with_block(text, block)
    if text == wanted:
        host.noop(f"{path} holds the block")
    else:
        yield write(path, wanted)


def with_block(text: str, block: str) -> str:
    """``text`` with ``block`` between markers: in the place of an earlier one, else at the end."""
    wanted = f"{_BLOCK_BEGIN}\n{block.rstrip()}\n{_BLOCK_END}\n"
    before, begin, rest = text.partition(_BLOCK_BEGIN + "\n")
    if not begin:
        return text + ("" if not text or text.endswith("\n") else "\n") + wanted
    _, end, after = rest.partition(_BLOCK_END + "\n")
    return before + wanted + (after if end else rest)


@guarded
def include_line(path: str, line: str, after: str) -> Generator[StringCommand]:
    """Have ``line`` stand in ``path`` directly behind the line that reads ``after``.

    + path: the file; it must hold ``after``
    + line: the whole line
    + after: the whole line before it, blanks around it aside
    """
    text = look(Text, path=path)
    if not text and not is_executing():
        text = after  # the package that brings the file is installed before this runs
    wanted = with_line(text, line, after)
    if wanted is None:
        yield refuse(f"{host.name}: {path} has no line '{after}'; '{line}' must follow it; restore the package's file.")
    elif wanted == text:
        host.noop(f"{path} has the line")
    else:
        yield write(path, wanted)


def with_line(text: str, line: str, after: str) -> str | None:
    """``text`` with ``line`` behind ``after``; unchanged where it stands behind it already; None without ``after``."""
    lines = text.splitlines()
    stripped = [entry.strip() for entry in lines]
    if after not in stripped:
        return None
    position = stripped.index(after)
    if line in stripped[position:]:
        return text
    kept = [entry for entry in lines if entry.strip() != line]
    position = [entry.strip() for entry in kept].index(after)
    return "\n".join([*kept[: position + 1], line, *kept[position + 1 :], ""])


@guarded
def service_running(
    unit: str,
    files: Mapping[str, str] | None = None,
    on_change: Literal["restart", "reload"] = "restart",
    test: str = "true",
) -> Generator[StringCommand]:
    """Have a service configured by ``files``, enabled at boot, and running *with that configuration*.

    The digest of the configuration that the service last started with is kept on the host, so that a run cut off
    between a changed file and the restart is finished by the next one.

    + unit: the unit's name, with its ending
    + files: text by path
    + on_change: what makes the running service read them
    + test: command that must succeed before it does
    """
    files = files or {}
    digest = hashlib.sha256("\0".join(f"{path}\0{files[path]}" for path in sorted(files)).encode()).hexdigest()
    current = look(Service, unit=unit, paths=sorted(files))
    changed = [path for path in sorted(files) if _differs(current.files.get(path), files[path], "644")]
    applied = current.digest == digest and not changed
    if applied and current.active and current.enabled:
        host.noop(f"{unit} runs with this configuration")
        return
    record = shlex.quote(f"/var/lib/k8s-ha/{unit}.digest")
    if changed:
        yield StringCommand(f"rm -f {record}")
    for path in changed:
        yield write(path, files[path])
    action = on_change if current.active else "start"
    act = "true" if applied and current.active else f"systemctl {action} {unit}"
    yield StringCommand(
        f"{test} && systemctl -q enable {unit} && {act} && mkdir -p -m 755 /var/lib/k8s-ha && "
        f"echo {digest} >{record}.new && mv -f {record}.new {record}"
    )
