"""The package's shell, run for real: its absolute paths below a folder, its missing tools replaced."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

MOVED = ("/etc/", "/var/", "/run/", "/root/", "/usr/bin/", "/usr/lib/systemd", "/usr/libexec/", "/opt/")
"""Folders of a host that a script finds below another root."""


class Shell:
    """A host's root folder and tools.

    + root: what stands for ``/``
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        # sh is bash on Enterprise Linux; id and chown, because tests need no root.
        for name, body in {"sh": 'exec bash --posix "$@"', "id": "echo 0", "chown": ":"}.items():
            self.add_tool(name, body)

    def add_tool(self, name: str, body: str) -> None:
        """Have a tool that runs a shell script."""
        tool = self.root / "tools" / name
        tool.parent.mkdir(exist_ok=True)
        tool.write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
        tool.chmod(0o755)

    def file(self, path: str, text: str = "", mode: int = 0o644) -> Path:
        """Have a file below the root."""
        moved = self.root / path.lstrip("/")
        moved.parent.mkdir(parents=True, exist_ok=True)
        moved.write_text(text, encoding="utf-8")
        moved.chmod(mode)
        return moved

    def moved(self, script: str) -> str:
        """The script with its paths below the root."""
        for folder in MOVED:
            script = script.replace(folder, f"{self.root}{folder}")
        return script

    def environment(self) -> dict[str, str]:
        """Environment variables that find the tools."""
        return os.environ | {"PATH": f"{self.root / 'tools'}:{os.environ['PATH']}:/usr/sbin:/sbin"}

    def run(self, script: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """bash as ``sh``, as on Enterprise Linux; the output has the paths that the script has."""
        done = subprocess.run(
            ["bash", "--posix", "-c", self.moved(script)],
            env=self.environment(),
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=60,
        )
        done.stdout = done.stdout.replace(str(self.root), "")
        done.stderr = done.stderr.replace(str(self.root), "")
        return done

    def lines(self, script: str) -> list[str]:
        """The lines of a script that succeeds, as pyinfra hands them to a fact."""
        done = self.run(script)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


def bare_host(root: Path) -> Shell:
    """A host on which systemd, SELinux and the kernel's modules tell nothing."""
    shell = Shell(root)
    for name in ("systemctl", "getenforce", "modprobe"):
        shell.add_tool(name, "exit 3")
    shell.add_tool("systemd-detect-virt", "exit 0")
    return shell
