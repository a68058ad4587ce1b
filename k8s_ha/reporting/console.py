"""Findings, as a person sees them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from pyinfra import logger

from k8s_ha.cluster_state.change_steps import ChangeStep
from k8s_ha.cluster_state.step_times import expected
from k8s_ha.findings import Finding, table, text_table

STEP_COLUMNS: Final = ("step", "host", "what", "interrupts", "takes")

WIDTH_OF_A_LOG: Final = 200
"""Characters of a line where nobody's terminal is written to."""


def log_steps(steps: Sequence[ChangeStep], known: Mapping[str, float]) -> None:
    """The steps of a change as a table, each with how long it takes.

    + known: mean seconds by kind of step
    """
    rows = [
        (str(number), ", ".join(step.hosts), step.sentence, step.interrupts or "nothing", str(expected(step, known)))
        for number, step in enumerate(steps, start=1)
    ]
    for line in text_table(STEP_COLUMNS, rows, _width() - 4).splitlines() if rows else ():
        logger.info(line)


def _width() -> int:
    return shutil.get_terminal_size().columns if sys.stderr.isatty() else WIDTH_OF_A_LOG


def log_findings(findings: Sequence[Finding]) -> None:
    """The findings as a table, through pyinfra's log, so that stdout stays free for ``--json``."""
    # pyinfra's log puts four blanks before each line.
    for line in table(findings, _width() - 4).splitlines() if findings else ():
        logger.info(line)
