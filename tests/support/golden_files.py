"""Rendered text against a file's. UPDATE_GOLDEN=1 writes the files instead; read the diff before committing."""

import os

from tests.support.paths import GOLDEN


def assert_golden(name: str, text: str) -> None:
    """Compare the text with tests/support/golden/NAME."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is missing; UPDATE_GOLDEN=1 writes it"
    assert text == path.read_text(encoding="utf-8"), f"differs from {path}; UPDATE_GOLDEN=1 writes it"
