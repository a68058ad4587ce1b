"""A host's grep chooses the lines of a log that matter, with the pattern that Python has for them."""

import re
import subprocess

from k8s_ha.reporting.known_errors import MATTERS
from tests.unit.reporting.test_known_errors import NAMES, QUOTED, recorded


def test_grep_finds_the_lines_that_python_finds() -> None:
    lines = [line for name in NAMES for line in recorded(name)] + [
        line for quoted in QUOTED for line in quoted["words"].splitlines()
    ]
    found = subprocess.run(["grep", "-E", MATTERS], input="\n".join(lines), capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == [line for line in lines if re.search(MATTERS, line)]
