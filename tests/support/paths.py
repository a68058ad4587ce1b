"""Where this repository has what tests read."""

from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[2]
LAB: Final = PROJECT / "tests" / "lab"
FAKES: Final = PROJECT / "tests" / "support" / "fakes"
GOLDEN: Final = PROJECT / "tests" / "support" / "golden"
RECORDED: Final = PROJECT / "tests" / "support" / "recorded"
"""What real hosts and tools said."""
