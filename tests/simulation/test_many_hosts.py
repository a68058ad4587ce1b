"""A hundred hosts: they are built, stay as they are, and leave a screen that a person can read."""

from __future__ import annotations

from pathlib import Path

from tests.scenarios.scale import fleet
from tests.support.paths import PROJECT


def test_a_hundred_hosts_stay_as_they_were_built(tmp_path: Path) -> None:
    hosts = fleet(tmp_path, 100)
    built = hosts.run(deploy=PROJECT / "deploy.py")
    assert built.exit_code == 0, built.output[-2000:]
    again = hosts.run(deploy=PROJECT / "deploy.py")
    assert (again.exit_code, again.changes) == (0, [])
    assert len(again.output.splitlines()) < 1000
