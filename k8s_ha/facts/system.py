"""Facts about a host's files, services and packages."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from k8s_ha.desired.yum import UNFINISHED
from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.resources import read_file


@dataclass(frozen=True)
class FileState:
    """A file as it stands: ``sha256`` in hex, ``mode`` in octal without leading zeros, ``owner`` as USER:GROUP."""

    sha256: str
    mode: str
    owner: str


@dataclass(frozen=True)
class ServiceState:
    """A systemd unit, its configuration files, and the digest of those that it last started with."""

    loaded: bool
    active: bool
    enabled: bool
    digest: str | None
    files: Mapping[str, FileState]


def _files(values: Mapping[str, Sequence[str]]) -> dict[str, FileState]:
    states = {}
    for line in values.get("file", ()):
        sha256, mode, owner, path = line.split(" ", 3)
        states[path] = FileState(sha256, mode, owner)
    return states


class Service(ParsedFact[ServiceState]):
    """A systemd unit with the files it is configured by.

    + unit: the unit's name, with its ending
    + paths: its configuration files
    """

    def command(self, unit: str, paths: Sequence[str]) -> str:
        return marked(script("service.sh", UNIT=unit) + _files_script(paths))

    def parse(self, output: list[str]) -> ServiceState:
        return service_state(output)


def service_state(output: Sequence[str]) -> ServiceState:
    """What service.sh and files.sh tell of a unit."""
    values = fields(output)
    properties = dict(line.split("=", 1) for line in output if "=" in line and " " not in line.split("=", 1)[0])
    return ServiceState(
        loaded=properties.get("LoadState") == "loaded",
        active=properties.get("ActiveState") == "active",
        enabled=properties.get("UnitFileState") == "enabled",
        digest=next(iter(values["digest"]), None),
        files=_files(values),
    )


class Files(ParsedFact[dict[str, FileState]]):
    """Digest, mode and owner of those of ``paths`` that exist."""

    def command(self, paths: Sequence[str]) -> str:
        return marked(_files_script(paths))

    def parse(self, output: list[str]) -> dict[str, FileState]:
        return _files(fields(output))


def _files_script(paths: Sequence[str]) -> str:
    return script("files.sh").replace("$PATHS", " ".join(map(shlex.quote, paths)))


class Content(ParsedFact[bytes]):
    """What the file at ``path`` holds, byte for byte; empty where there is none."""

    def command(self, path: str) -> str:
        quoted = shlex.quote(path)
        return marked(f"[ ! -e {quoted} ] || base64 {quoted}")

    def parse(self, output: list[str]) -> bytes:
        return base64.b64decode("".join(output), validate=True)


@dataclass(frozen=True)
class PackagesState:
    """Version-release by name of what is installed, and what an installation that has not ended was asked for.

    + rpm_error: why rpm cannot read its database; empty where it can
    """

    installed: Mapping[str, str]
    unfinished: tuple[str, ...] = ()
    rpm_error: str = ""


class Packages(ParsedFact[PackagesState]):
    """Those of ``names`` that are installed, in the version installed last; and what was cut off, whatever its name."""

    def command(self, names: Sequence[str]) -> str:
        quoted, unfinished = " ".join(map(shlex.quote, names)), shlex.quote(UNFINISHED)
        return marked(
            f"{read_file('facts/packages.sh')}packages package {quoted}\n"
            f"[ ! -s {unfinished} ] || sed 's/^/unfinished /' {unfinished}"
        )

    def parse(self, output: list[str]) -> PackagesState:
        values = fields(output)
        return PackagesState(
            installed=dict(line.split(" ", 1) for line in values["package"]),
            unfinished=tuple(values["unfinished"]),
            rpm_error=next(iter(values["rpm_error"]), ""),
        )


class TcpReachable(ParsedFact[bool]):
    """Whether a TCP connection to ``host``:``port`` succeeds within three seconds."""

    def command(self, address: str, port: int) -> str:
        return marked(
            f"timeout 3 bash -c ': </dev/tcp/{shlex.quote(address)}/{port:d}' 2>/dev/null && echo open || echo closed"
        )

    def parse(self, output: list[str]) -> bool:
        return output == ["open"]


class KubeletHealth(ParsedFact[bool]):
    """Whether this host's kubelet says that it is well."""

    def command(self) -> str:
        return marked("curl -sS --max-time 5 http://127.0.0.1:10248/healthz 2>/dev/null; true")

    def parse(self, output: list[str]) -> bool:
        return output == ["ok"]


class KubeletProcess(ParsedFact[bool]):
    """Whether a kubelet runs that is the installed program; the process of a replaced one names a deleted file."""

    def command(self) -> str:
        return marked(
            "pid=$(systemctl show -p MainPID kubelet.service | sed 's/^MainPID=//')\n"
            '[ "${pid:-0}" = 0 ] || readlink "/proc/$pid/exe"; true'
        )

    def parse(self, output: list[str]) -> bool:
        return bool(output) and not output[0].endswith(" (deleted)")


class HttpsAnswer(ParsedFact[str]):
    """What answers HTTPS at ``address`` (HOST:PORT): a status, ``unclear`` after a time-out, or empty for nothing."""

    def command(self, address: str) -> str:
        url = shlex.quote(f"https://{address}/version")
        return marked(
            f"status=$(curl -ksS -o /dev/null -w '%{{http_code}}' --max-time 10 {url} 2>/dev/null); "
            'case "$?" in 0) echo "HTTP status $status";; 28) echo "unclear: no answer within 10 s";; '
            '127) echo "unclear: curl is missing";; '
            "*) echo silent;; esac"
        )

    def parse(self, output: list[str]) -> str:
        return "" if output == ["silent"] else " ".join(output)
