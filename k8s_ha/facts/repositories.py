"""The .repo files of a host."""

from __future__ import annotations

import base64

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields


class CentosRepositories(ParsedFact[dict[str, bytes]]):
    """What each of CentOS' own .repo files holds, by path."""

    def command(self) -> str:
        return marked(
            "for file in /etc/yum.repos.d/CentOS-*.repo; do "
            '[ ! -e "$file" ] || echo "file $file $(base64 -w 0 "$file")"; done'
        )

    def parse(self, output: list[str]) -> dict[str, bytes]:
        pairs = (line.split(" ", 1) for line in fields(output)["file"])
        return {path: base64.b64decode(text) for path, text in pairs}
