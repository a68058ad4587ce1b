"""How long the steps of a change took in this run, and in the last one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from k8s_ha.cluster_state.change_steps import ChangeStep
from k8s_ha.cluster_state.step_times import Duration, left, means, measured
from k8s_ha.untrusted import read_json

_REPORTS_AT_MOST = 20
"""How many reports are looked through for the last change."""


@dataclass
class StepTimes:
    """+ earlier: mean seconds by kind of step, of the last change that a report tells of.

    + taken: seconds by the step's place, of those that have ended
    """

    earlier: Mapping[str, float] = field(default_factory=dict)
    taken: dict[int, float] = field(default_factory=dict)
    _begun: dict[int, float] = field(default_factory=dict)

    def begin(self, place: int) -> bool:
        """Note that the step at this place begins; False where another host has noted that."""
        if place in self._begun:
            return False
        self._begun[place] = time.monotonic()
        return True

    def end(self, place: int) -> None:
        """Note that it has ended, on the last of its hosts."""
        if place in self._begun:
            self.taken[place] = time.monotonic() - self._begun[place]

    def known(self, steps: Sequence[ChangeStep]) -> dict[str, float]:
        """Mean seconds by kind."""
        return {**self.earlier, **measured(steps, self.taken)}

    def left(self, steps: Sequence[ChangeStep], place: int) -> Duration:
        """How long the step at this place and all behind it take."""
        return left(steps, place, self.known(steps))


def of_last_change(folder: Path) -> dict[str, float]:
    """Mean seconds by kind of step, of the newest report in this folder whose run changed a cluster; else none."""
    for path in sorted(folder.glob("k8s-ha-*.json"), reverse=True)[:_REPORTS_AT_MOST]:
        try:
            steps = read_json(path.read_text(encoding="utf-8"))["steps"]
            found = means(
                (str(step["kind"]), step["seconds"]) for step in steps if isinstance(step["seconds"], int | float)
            )
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            continue
        if found:
            return found
    return {}
