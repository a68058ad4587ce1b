"""A folder that pyinfra is run in: this project's own group_data checks settings that need not fit the lab's hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from k8s_ha.local_files import write_private
from tests.lab.client import KUBECONFIG, PYINFRA, Lab
from tests.support.paths import PROJECT


@dataclass(frozen=True)
class Project:
    """A folder with nothing in it, and the lab whose inventory is used there."""

    lab: Lab
    folder: Path

    def run(
        self,
        *flags: str,
        deploy: str = str(PROJECT / "deploy.py"),
        of_hosts: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> CompletedProcess[str]:
        """pyinfra's CLI; the kubeconfig that it fetches is the one that the lab's ``kubectl`` takes."""
        where = ("env", "-C", str(self.folder), f"PYTHONPATH={PROJECT}")
        words = (*where, *PYINFRA, str(PROJECT / self.lab.inventory), deploy, *flags)
        done = self.lab.operator(*words, timeout=1800, settings=settings, of_hosts=of_hosts)
        fetched = self.folder / "kubeconfig" / KUBECONFIG.name
        if fetched.exists():
            write_private(KUBECONFIG, fetched.read_text(encoding="utf-8"))
        return done
