"""nginx as it stands on a host, and why it may be none that this package can work with. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from k8s_ha.observations.nginx_config import Config, dumped

NGINX_CONFIG: Final = "/etc/nginx/nginx.conf"
_FIRST_FILE: Final = b"# configuration file "


@dataclass(frozen=True)
class OwnFile:
    """A file of this package's as it stands: SHA-256 in hex, mode in octal, USER:GROUP."""

    sha256: str
    mode: str
    owner: str


@dataclass(frozen=True)
class NginxState:
    """nginx on a host; the defaults are those of a host without it.

    + build: what ``nginx -V`` prints
    + program: the path of the nginx that a shell finds
    + unit: properties of nginx.service
    + record: what this package noted when nginx last read its configuration
    + answer: what ``nginx -T`` printed; None where it was not asked, as that leaves traces where nginx never ran
    + walked: by path, the files that the includes lead to, where nginx itself did not print them
    + own: those of this package's files that are there, whether nginx reads them or not
    + open_files: how many files the nginx that runs may have open; None where none runs
    + listens: whether nginx listens on the endpoint's port; None where that was not asked
    """

    build: str = ""
    program: str = ""
    unit: Mapping[str, str] = field(default_factory=dict)
    record: str = ""
    answer: bytes | None = None
    walked: Mapping[str, bytes] = field(default_factory=dict)
    own: Mapping[str, OwnFile] = field(default_factory=dict)
    open_files: int | None = None
    listens: bool | None = None

    @property
    def dump(self) -> bytes:
        """Everything that nginx reads; empty where nginx does not take it, or was not asked."""
        answer = self.answer or b""
        start = 0 if answer.startswith(_FIRST_FILE) else answer.find(b"\n" + _FIRST_FILE) + 1
        return answer[start:] if answer[start:].startswith(_FIRST_FILE) else b""

    @property
    def is_valid(self) -> bool | None:
        """Whether nginx takes its configuration as it stands; None where it was not asked."""
        return None if self.answer is None else bool(self.dump)

    @property
    def words(self) -> str:
        """What nginx says against its configuration; empty where it says nothing."""
        said = "" if self.dump else (self.answer or b"").decode("utf-8", "replace")
        found = re.search(r"\[(?:emerg|alert|crit)\] (?:\d+#\d+: )?(.+)", said)
        return found[1].strip() if found else said.partition("\n")[0].strip()

    @property
    def config(self) -> Config:
        return Config(NGINX_CONFIG, dumped(self.dump) or self.walked)

    @property
    def is_active(self) -> bool:
        return self.unit.get("ActiveState") in ("active", "reloading")

    @property
    def stream(self) -> Literal["built in", "module", ""]:
        """Where this nginx has its stream module."""
        found = re.search(r"--with-stream(=dynamic)?(?=\s|$)", self.build)
        return "" if not found else "module" if found[1] else "built in"


@dataclass(frozen=True)
class Problem:
    """Why nginx cannot pass on the endpoint's port; phrases as a Finding has them."""

    found: str
    wanted: str
    remedy: str
    is_port: bool = False


def foreign(state: NginxState) -> Problem | None:
    """Another nginx than the distribution's or nginx.org's, or one that reads other files."""
    first = state.build.partition("\n")[0]
    if first and not first.startswith("nginx version: nginx/"):
        return Problem(
            f"its nginx is another build ({first.partition(': ')[2] or first})",
            "the endpoint is passed on by nginx itself",
            "remove that build, or choose another host as load balancer",
        )
    if first and not state.stream:
        return Problem(
            f"its {state.program or 'nginx'} is built without the stream module",
            "TCP is passed on by it",
            "install the distribution's nginx or nginx.org's",
        )
    if state.unit.get("LoadState") == "masked":
        return Problem(
            "nginx.service is masked", "it is enabled and started", "run `systemctl unmask nginx.service` there"
        )
    command = re.search(r"argv\[\]=(\S+)(.*?) ; ", state.unit.get("ExecStart", ""))
    if not command:
        return None
    program = re.sub(r"^/sbin/", "/usr/sbin/", command[1])
    if state.program and program != state.program:
        return Problem(
            f"nginx.service starts {command[1]}",
            f"it starts the package's {state.program}",
            "remove that unit file or drop-in, or choose another host as load balancer",
        )
    compiled = re.search(r"--conf-path=(\S+)", state.build)
    read = re.search(r" -c\s*(\S+)", command[2]) or compiled
    if read and read[1] != NGINX_CONFIG:
        return Problem(
            f"its nginx begins with {read[1]}",
            f"it begins with {NGINX_CONFIG}",
            "have nginx.service read that file, or choose another host as load balancer",
        )
    return None
