"""``python -m tests.scenarios.recordings``: pictures of a terminal in docs/screens, of real runs on six hosts.

A dry run on clean hosts, the end of the build, and the same deploy again. Each command runs at a terminal. What it
shows is shortened where dots stand, and nothing else of it is changed but the project's folder. The build's page is
taken by Debian's Chromium, which ``make test-page`` installs.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.text import Text

from tests.lab.client import DEPLOY, REPORTS, Lab
from tests.support.paths import PROJECT

SCREENS: Final = PROJECT / "docs" / "screens"
WIDTH: Final = 118
PAGE: Final = "1240,750"
SHOWN: Final = "pyinfra inventory.py deploy.py"
DOTS: Final = "    …"

_PASSES: Final = re.compile(r"[-|/\\] \d+% |\[")
"""What stands on a screen for a moment, and lines of one host each."""

_FONTS: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""rich has them fetched from the network."""


def recorded(lab: Lab, flags: Sequence[str]) -> list[str]:
    """The lines that a run of the deploy writes to a terminal."""
    with TemporaryDirectory() as folder:
        typescript = Path(folder) / "typescript"
        command = " ".join([sys.executable, "-m", "pyinfra", *DEPLOY, *flags])
        done = lab.operator("script", "--quiet", "--return", "--command", command, str(typescript))
        text = typescript.read_text(encoding="utf-8").replace("\r\n", "\n").replace(f"{PROJECT}/", "")
    assert done.returncode == 0, text[-4000:]
    # The first and the last line are script's own.
    return text.splitlines()[1:-1]


def shortened(lines: Sequence[str], kept: Iterable[str]) -> list[str]:
    """The lines from those on that ``kept`` names up to the next blank one or heading, with dots between.

    + kept: how such a part's first line begins, without colors
    """
    parts, words, keeps = [], tuple(kept), False
    for line in lines:
        plain = Text.from_ansi(line).plain.strip()
        if plain.startswith(words):
            keeps = True
        elif not plain or plain.startswith("-->"):
            keeps = False
        if keeps and not _PASSES.match(plain):
            parts.append(line)
        elif parts and parts[-1] != DOTS:
            parts.append(DOTS)
    return parts[:-1] if parts and parts[-1] == DOTS else parts


def picture(command: str, lines: Sequence[str]) -> str:
    """SVG of a terminal that shows them; it asks for nothing from the network."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True, color_system="standard")
    console.print(Text.from_ansi(f"\x1b[1m$ {command}\x1b[0m"))
    for line in lines:
        console.print(Text.from_ansi(line), no_wrap=True, crop=True)
    return _FONTS.sub("", console.export_svg(title="", unique_id="screen"))


def record(lab: Lab, name: str, flags: Sequence[str], kept: Iterable[str]) -> None:
    lines = shortened(recorded(lab, flags), kept)
    SCREENS.mkdir(exist_ok=True)
    (SCREENS / f"{name}.svg").write_text(picture(" ".join((SHOWN, *flags)), lines), encoding="utf-8")
    print(f"{name}: {len(lines)} lines", flush=True)


def record_page() -> None:
    """The upper part of the newest report's page, as a browser shows it."""
    page = max(REPORTS.glob("*.html"), key=lambda path: path.stat().st_mtime)
    taken = SCREENS / "page.png"
    browser = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    subprocess.run(
        [*browser, f"--window-size={PAGE}", f"--screenshot={taken}", page.as_uri()],
        check=True,
        stderr=subprocess.DEVNULL,
    )


def main() -> None:
    lab = Lab(options=("--line", "1.37"))
    lab.up()
    record(lab, "dry-run", ["--dry"], ("Preflight", "Plan", "--> Report"))
    record(lab, "build", ["-y"], ("The cluster answers", "--> Report"))
    record_page()
    record(lab, "again", ["-y"], ("--> Report",))
    lab.run("down", check=True)


if __name__ == "__main__":
    main()
