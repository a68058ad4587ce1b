"""What a restore asks of a control plane."""

from __future__ import annotations

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.observations.restoring import MARK, RestoreHost, RestoreMark, restore_mark
from k8s_ha.untrusted import whole_number


class RestoreFacts(ParsedFact[RestoreHost]):
    """Room, tools and keys, before the first change.

    + runtime: containerd or docker
    """

    def command(self, address: str, runtime: str) -> str:
        return marked(script("require-root.sh") + script("restore.sh", RUNTIME=runtime))

    def parse(self, output: list[str]) -> RestoreHost:
        values = fields(output)

        def one(key: str) -> str:
            return next(iter(values.get(key, ())), "").strip()

        return RestoreHost(
            whole_number(one("free")), whole_number(one("free_kept")), bool(one("tool")), one("service_account")
        )


class Restoring(ParsedFact[tuple[RestoreMark, ...]]):
    """The mark of the restore that has begun on a host; none where none has."""

    def command(self, address: str = "") -> str:
        return marked(
            f"{script('require-root.sh')}[ ! -e {MARK} ] || echo \"mark $(head -c 500 {MARK} | tr '\\n' ' ')\""
        )

    def parse(self, output: list[str]) -> tuple[RestoreMark, ...]:
        return tuple(map(restore_mark, fields(output).get("mark", ())))
