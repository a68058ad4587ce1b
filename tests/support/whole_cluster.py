"""A simulated cluster after a run that took nodes out one by one."""

from __future__ import annotations

from tests.support.fakes.run import Outcome
from tests.support.fakes.upgrades import marked_down


def assert_whole(outcome: Outcome) -> None:
    """It ended well, and left no node and no control plane out."""
    assert outcome.exit_code == 0, outcome.output
    assert outcome.world.cordoned == {}
    assert marked_down(outcome.world) == []
    assert "Traceback" not in outcome.output, outcome.output
