"""What pyinfra's own command line writes to a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.paths import PROJECT


@pytest.mark.parametrize(("asked", "colored"), [("", True), ("1", False)])
def test_who_wants_no_color_gets_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, colored: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", asked)
    said = refused_at_a_terminal(tmp_path)
    assert "the cluster's settings cannot be used" in said
    assert ("\x1b" in said) is colored


def refused_at_a_terminal(folder: Path) -> str:
    """What pyinfra's own command line writes to a terminal where a setting is wrong."""
    (folder / "inventory.py").write_text("control_plane = ['@local']\n", encoding="utf-8")
    (folder / "group_data").mkdir()
    settings = "from k8s_ha import check_settings\ncheck_settings({'pod_cdir': ''})\n"
    (folder / "group_data" / "all.py").write_text(settings, encoding="utf-8")
    (folder / "deploy.py").write_text("import k8s_ha\n", encoding="utf-8")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pyinfra", "inventory.py", "deploy.py", "--dry"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        said = b""
        with suppress(OSError):  # EIO: nobody has the terminal open any more
            while part := os.read(ours, 4096):
                said += part
    os.close(ours)
    return said.decode()
