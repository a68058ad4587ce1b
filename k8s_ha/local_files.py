"""Files on the operator's machine that are for its owner alone, in folders that git ignores."""

from __future__ import annotations

import os
from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Have ``folder``, for its owner alone where it is new, with a .gitignore for all in it. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` in one step by ``text``, readable by its owner alone. Raises OSError."""
    make_private_folder(path.parent)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)


def claim(folder: Path, stem: str, suffix: str) -> Path:
    """A new empty file: STEM and SUFFIX or, where that is taken, STEM-2 and SUFFIX, and so on. Raises OSError."""
    make_private_folder(folder)
    number = 1
    while True:
        path = folder / (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}")
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            return path
        except FileExistsError:
            number += 1
