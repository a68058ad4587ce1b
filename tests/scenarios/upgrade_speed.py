"""``python -m tests.scenarios.upgrade_speed [VERSION VERSION]``: an upgrade beside kubeadm's recipe by plain ssh.

Both take the same hosts with clean disks, one after the other, from the first version to the other. The floor
(floor_upgrade.sh) neither saves etcd, nor drains, nor marks a balancer; so the drains of the deploy are told, and taken
off. What is left may be 1.15 times the floor at most; more fails the scenario.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.lab.build.tables.lines import find
from tests.lab.client import DEPLOY, Lab
from tests.scenarios.rollout import heading, markdown

DESCRIPTION = "Measure an upgrade beside the same by plain ssh."
COLUMNS = ("from", "to", "upgrade, seconds", "its drains", "floor, seconds", "times the floor")
FLOOR: Final = "tests/scenarios/floor_upgrade.sh"
DRAIN: Final = "Cordon and drain the node"
AT_MOST: Final = 1.15


def drains(operations: Iterable[tuple[str, float]]) -> float:
    """Seconds of an upgrade's drains.

    + operations: names and seconds
    """
    return sum(seconds for name, seconds in operations if DRAIN in name)


def stands(lab: Lab, version: str) -> None:
    """A new cluster of that version."""
    lab.up()
    lab.results(kubernetes_version=version)


def upgraded(lab: Lab, version: str) -> tuple[float, list[tuple[str, float]]]:
    """Seconds of the deploy, and of its operations by name."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "measured.json"
        command = (sys.executable, "-m", "tests.support.command_counter", str(report), *DEPLOY, "-y")
        started = time.monotonic()
        lab.operator(*command, check=True, settings={"kubernetes_version": version})
        seconds = time.monotonic() - started
        told: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return seconds, [(name, taken) for name, taken in told["operations"]]


def floor(lab: Lab, version: str) -> dict[str, float]:
    """Seconds of each phase of the floor, and of all."""
    found: dict[str, float] = json.loads(lab.operator(FLOOR, version, check=True).stdout.splitlines()[-1])
    return found


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.upgrade_speed", description=DESCRIPTION)
    parser.add_argument("versions", nargs="*", default=["1.33", "1.34"], metavar="VERSION", help="default: 1.33 1.34")
    options = parser.parse_args(arguments)
    begin, end = (find(name).version for name in options.versions)
    lab = Lab(options=("--line", begin, "--line", end))
    stands(lab, begin)
    seconds, operations = upgraded(lab, end)
    for name, taken in sorted(operations, key=lambda entry: -entry[1])[:15]:
        print(f"  {taken:6.1f} s  {name}", flush=True)
    stands(lab, begin)
    beneath = floor(lab, end)
    print(f"  floor: {beneath}", flush=True)
    drained = drains(operations)
    times = (seconds - drained) / beneath["total"]
    cells = (begin, end, round(seconds), round(drained), round(beneath["total"]), f"{times:.2f}")
    print(*heading(COLUMNS), markdown(cells), sep="\n", flush=True)
    assert times <= AT_MOST, f"the upgrade takes {times:.2f} times the floor; {AT_MOST} is the bound"
    lab.run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
