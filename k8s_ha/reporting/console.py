"""Findings, as a person sees them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Final

from pyinfra import logger

from k8s_ha.findings import Finding, table

WIDTH_OF_A_LOG: Final = 200
"""Characters of a line where nobody's terminal is written to."""


def log_findings(findings: Sequence[Finding]) -> None:
    """The findings as a table, through pyinfra's log, so that stdout stays free for ``--json``."""
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else WIDTH_OF_A_LOG
    # pyinfra's log puts four blanks before each line.
    for line in table(findings, width - 4).splitlines() if findings else ():
        logger.info(line)
