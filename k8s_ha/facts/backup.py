"""What a host holds of backups by schedule, asked by itself."""

from __future__ import annotations

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.observations.backup import BackupState, backup_state


class Backups(ParsedFact[BackupState]):
    """What the survey has read, read again."""

    def command(self) -> str:
        return marked(script("require-root.sh") + script("backup.sh") + "exit 0")

    def parse(self, output: list[str]) -> BackupState:
        return backup_state(fields(output))
