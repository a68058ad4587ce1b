"""nginx on a load balancer."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from typing import Final

from k8s_ha.desired.nginx import OWN_FILES
from k8s_ha.desired.nginx_capacity import LIMITS_DROP_IN
from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.observations.nginx import NGINX_CONFIG, NginxState, OwnFile
from k8s_ha.resources import read_file
from k8s_ha.untrusted import whole_number

RECORD: Final = "/var/lib/k8s-ha/nginx.service.digest"


class Nginx(ParsedFact[NginxState]):
    """nginx with everything that it reads.

    + port: the endpoint's; None where nobody asks whether nginx listens on it
    + unstarted: whether nginx may be asked about its configuration where it never ran, which leaves traces
    """

    def command(self, port: int | None = None, unstarted: bool = False) -> str:
        asked = script(
            "nginx.sh",
            CONFIG=NGINX_CONFIG,
            OURS=" ".join((*OWN_FILES, LIMITS_DROP_IN)),
            PORT=str(port or ""),
            RECORD=RECORD,
            UNSTARTED="yes" if unstarted else "",
        )
        return marked(read_file("nginx-listens.sh") + asked)

    def parse(self, output: list[str]) -> NginxState:
        values = fields(output)

        def one(key: str) -> str:
            return next(iter(values[key]), "")

        return NginxState(
            build="\n".join(values["build"]),
            program=one("program"),
            unit=dict(line.split("=", 1) for line in values["unit"] if "=" in line),
            record=one("record"),
            answer=b64decode(one("answer")) if "answer" in values else None,
            walked=dict(_walked(values["walked"])),
            own=dict(map(_own, values["own"])),
            open_files=whole_number(one("open_files")),
            listens={"yes": True, "no": False}.get(one("listens")),
        )


def _walked(lines: Sequence[str]) -> list[tuple[str, bytes]]:
    return [(path, b64decode(text)) for path, _, text in (line.partition(" ") for line in lines)]


def _own(line: str) -> tuple[str, OwnFile]:
    sha256, mode, owner, path = line.split(" ", 3)
    return path, OwnFile(sha256, mode, owner)
