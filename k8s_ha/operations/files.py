"""Files and the services that read them."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.system import Content, Files, FileState, Service, ServiceState
from k8s_ha.operations.commands import edited, write
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads

Change = Literal["restart", "reload"]
CHANGES: Final[tuple[Change, ...]] = ("restart", "reload")
"""A restart reads what a reload would, so it comes first."""

_BLOCK_BEGIN = "# BEGIN k8s_ha"
_BLOCK_END = "# END k8s_ha"


def _differs(current: FileState | None, content: str, mode: str) -> bool:
    return current != FileState(hashlib.sha256(content.encode()).hexdigest(), mode, "root:root")


@reads(lambda files, mode="644": [FactRequest(Files, {"paths": sorted(files)})])
@isolated_operation
def written(files: Mapping[str, str], mode: str = "644") -> Generator[StringCommand]:
    """Have each file hold exactly the given text.

    + files: text by path; each text ends with a newline
    + mode: octal, without a leading zero
    """
    current = require_fact(Files, paths=sorted(files))
    changed = [path for path in sorted(files) if _differs(current.get(path), files[path], mode)]
    for path in changed:
        yield write(path, files[path], mode)
    if not changed:
        host.noop("the files are as wanted")


@reads(lambda path, block, keeps=(): [FactRequest(Content, {"path": path})])
@isolated_operation
def block_written(path: str, block: str, keeps: Collection[str] = ()) -> Generator[StringCommand]:
    """Have a file hold ``block`` once, between markers, and all else in it as it was, byte for byte.

    + path: somebody else's file, such as /etc/hosts
    + block: lines without markers
    + keeps: names whose lines stay in it that it has now, as "VALUE NAME"
    """
    content = require_fact(Content, path=path)
    wanted = with_block(content, block + kept_lines(content, keeps))
    if content == wanted:
        host.noop(f"{path} holds the block")
    else:
        yield edited(path, content, wanted)


def kept_lines(content: bytes, names: Collection[str]) -> str:
    """The lines "VALUE NAME" of these names in the block that ``content`` has."""
    block = content.partition(f"{_BLOCK_BEGIN}\n".encode())[2].partition(f"{_BLOCK_END}\n".encode())[0]
    lines = block.decode("ascii", "replace").splitlines()
    return "".join(f"{line}\n" for line in lines if line.partition(" ")[2] in names)


def with_block(content: bytes, block: str) -> bytes:
    """``content`` with ``block`` between markers: in the place of an earlier one, else at the end."""
    wanted = f"{_BLOCK_BEGIN}\n{block.rstrip()}\n{_BLOCK_END}\n".encode()
    before, begin, rest = content.partition(f"{_BLOCK_BEGIN}\n".encode())
    if not begin:
        return content + (b"" if not content or content.endswith(b"\n") else b"\n") + wanted
    _, end, after = rest.partition(f"{_BLOCK_END}\n".encode())
    return before + wanted + (after if end else rest)


@reads(
    lambda unit, files=None, on_change="", test="": [FactRequest(Service, {"unit": unit, "paths": sorted(files or {})})]
)
@isolated_operation
def service_running(
    unit: str,
    files: Mapping[str, str] | None = None,
    on_change: Change = "restart",
    test: str = "true",
) -> Generator[StringCommand]:
    """Have a service configured by ``files``, enabled at boot, and running *with that configuration*.

    + unit: the unit's name, with its ending
    + files: text by path
    + on_change: what makes the running service read them
    + test: command that must succeed before it does
    """
    files = files or {}
    current = require_fact(Service, unit=unit, paths=sorted(files))
    yield from ServicePlan(
        unit, files, {on_change: "\0".join(map("\0".join, sorted(files.items())))}, test
    ).carried_out(current, drifted={on_change} if changed_files(current, files) else set())


def changed_files(current: ServiceState, files: Mapping[str, str], mode: str = "644") -> list[str]:
    """Paths of the files that are not as wanted."""
    return [path for path in sorted(files) if _differs(current.files.get(path), files[path], mode)]


@dataclass(frozen=True)
class ServicePlan:
    """A service as it is wanted.

    The digests of the configuration that the service last started with are kept on the host, so that a run cut off
    between a changed file and the restart is finished by the next one.

    + files: text by path
    + parts: what of the configuration asks for a restart, and for what a reload will do; text by change
    + test: command that must succeed before the service is changed
    """

    unit: str
    files: Mapping[str, str]
    parts: Mapping[Change, str]
    test: str = "true"

    @property
    def _digests(self) -> dict[Change, str]:
        return {change: hashlib.sha256(text.encode()).hexdigest() for change, text in self.parts.items()}

    def change(self, current: ServiceState, drifted: Collection[Change]) -> Change | Literal["start"] | None:
        """What the running service needs; None where it runs with this configuration.

        + drifted: parts that stand otherwise on the host, whatever the service started with
        """
        if not current.active:
            return "start"
        known = dict(entry.split("=") for entry in (current.digest or "").split() if "=" in entry)
        for change in CHANGES:
            if change in self.parts and (change in drifted or known.get(change) != self._digests[change]):
                return change
        return None

    def carried_out(self, current: ServiceState, drifted: Collection[Change]) -> Generator[StringCommand]:
        """The commands; none, and a word about it, where all is as wanted."""
        change = self.change(current, drifted)
        changed = changed_files(current, self.files)
        if change is None and not changed and current.enabled:
            host.noop(f"{self.unit} runs with this configuration")
            return
        record = shlex.quote(f"/var/lib/k8s-ha/{self.unit}.digest")
        if changed:
            yield StringCommand(f"rm -f {record}")
        for path in changed:
            yield write(path, self.files[path])
        # systemctl says only that the unit failed; its journal says why.
        why = f"journalctl -q -u {self.unit} -n 10 --no-pager -o cat >&2; false"
        act = f"{{ systemctl {change} {self.unit} || {{ {why}; }}; }}" if change else "true"
        digests = " ".join(f"{name}={digest}" for name, digest in self._digests.items())
        yield StringCommand(
            f"{self.test} && systemctl -q enable {self.unit} && {act} && mkdir -p -m 755 /var/lib/k8s-ha && "
            f"echo {digests} >{record}.new && mv -f {record}.new {record}"
        )
