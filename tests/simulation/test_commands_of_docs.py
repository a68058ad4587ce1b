"""Every command that the docs show is one that there is, and what they have pyinfra do ends well on simulated hosts."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec

import pytest

from tests.simulation.test_external_endpoint import BEHIND
from tests.support.fakes.restores import snapshot_of
from tests.support.fakes.run import DEPLOY, Fleet
from tests.support.fakes.world import World
from tests.support.local_backup import make_backup
from tests.support.paths import PROJECT

PAGES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in (PROJECT / "README.md", PROJECT / "examples" / "README.md", *sorted((PROJECT / "docs").rglob("*.md")))
)
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
ELSEWHERE = ("k8s_ha.verify probe=True -y",)
"""Pods that ask each other are no part of a simulated host: tests/lab does this."""


def shown(words: str) -> list[str]:
    """The commands that begin so, in a block of their own or in a sentence."""
    found = re.findall(rf"(?:^|`){words} ([^`#\n]*)", PAGES, re.MULTILINE)
    return sorted({" ".join(each.split()) for each in found if "…" not in each})


@pytest.mark.parametrize("command", [each for each in shown(r"pyinfra inventory\.py") if each not in ELSEWHERE])
def test_what_pyinfra_is_told_to_do(finished: Fleet, tmp_path_factory: pytest.TempPathFactory, command: str) -> None:
    deploy, *flags = shlex.split(command)
    fleet = finished
    if deploy == "k8s_ha.external_balancer":
        fleet = Fleet(tmp_path_factory.mktemp("behind"), BEHIND)
        fleet.run()
    for flag in flags:
        if flag.startswith("backup="):
            world = World.load(fleet.world_file, fleet.scenario)
            make_backup(fleet.folder / "backups", snapshot_of(world), name=flag.rpartition("/")[2])
    done = fleet.run(*flags, *["-y"] * ("-y" not in flags), deploy=deploy.replace("deploy.py", str(DEPLOY)))
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("command", shown("make"))
def test_what_make_is_told_to_do(command: str) -> None:
    target, *variables = shlex.split(command)
    assert re.search(rf"^{re.escape(target)}:", MAKEFILE, re.MULTILINE)
    for variable in variables:
        assert f"$({variable.partition('=')[0]}" in MAKEFILE


@pytest.mark.parametrize("command", shown("python -m"))
def test_the_modules_that_are_run(command: str) -> None:
    module = command.split()[0]
    assert find_spec(module) or find_spec(f"{module}.__main__")
