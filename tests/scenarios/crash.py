"""``python -m tests.scenarios.crash [SEED]``: a build whose operator is killed again and again, and which is simply run
again.

First the staircase: on clean hosts each run is killed one operation later than the one before, until one comes to its
end. Then, on clean hosts again, kills within the steps that take long, at moments that the seed decides. After each
of the two the cluster must be whole, and one more run must change nothing.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.lab.checks import check_a_second_run_changes_nothing, check_every_pod_of_the_road, ready_nodes
from tests.lab.client import Lab

SIGKILLED = (-9, 137)
LONG_STEPS = {
    # Name of the operation, and within how many seconds of it the kill comes.
    "Install containerd": 4.0,
    "Install kubelet": 6.0,
    "Pull the images": 6.0,
    "Initialize the cluster": 20.0,
    "Join master2": 30.0,
    "Join master3": 30.0,
    "Join the workers": 12.0,
    "Apply flannel": 1.0,
}
KILLS_PER_STEP = 2
MOST_STAIRS = 200
MOST_KILLS = 300


def killed_at(lab: Lab, moment: str, deploy: Sequence[str] = ("deploy.py",), **settings: Any) -> bool:
    """Whether a run was killed at that moment; False where it came to its end. One that fails by itself is an error.

    + deploy: what is run, with its arguments
    """
    program = "tests.scenarios.fault_injection.kill"
    command = [sys.executable, "-m", program, moment, lab.inventory, *deploy, "-y"]
    run = lab.operator(*command, timeout=1800, settings=settings)
    if run.returncode in SIGKILLED:
        return True
    assert run.returncode == 0, f"the run that was to die at {moment} failed:\n{run.stdout}{run.stderr}"
    return False


def killed_after_each(lab: Lab, deploy: Sequence[str] = ("deploy.py",), **settings: Any) -> int:
    """How many kills it took until a run came to its end, each after an operation that none was killed after before.

    + deploy: as for ``killed_at``
    """
    with TemporaryDirectory() as folder:
        passed = Path(folder) / "passed"
        passed.touch()
        for kills in count():
            assert kills < MOST_KILLS, "the staircase has no end"
            if not killed_at(lab, f"each:{passed}", deploy, **settings):
                return kills
            print(f"  killed after {passed.read_text(encoding='utf-8').splitlines()[-1]}", flush=True)
    raise AssertionError


def moments_within(seed: int) -> list[str]:
    """Moments within the long steps, in the order of the deploy."""
    chance = random.Random(seed)
    return [
        f"{step}:{chance.uniform(0, seconds):.2f}"
        for step, seconds in LONG_STEPS.items()
        for _ in range(KILLS_PER_STEP)
    ]


def staircase(lab: Lab) -> int:
    """How many kills it took until a run came to its end."""
    for stair in count(1):
        assert stair <= MOST_STAIRS, "the staircase has no end"
        if not killed_at(lab, str(stair)):
            return stair - 1
        print(f"  killed after operation {stair}", flush=True)
    raise AssertionError


def check_whole(lab: Lab) -> None:
    assert len(ready_nodes(lab)) == 5, ready_nodes(lab)
    check_every_pod_of_the_road(lab)
    check_a_second_run_changes_nothing(lab)


def main(seed: int) -> None:
    lab = Lab()
    started = time.monotonic()
    lab.up()
    kills = staircase(lab)
    check_whole(lab)
    print(
        f"staircase: {kills} kills, one a stair, and the cluster is whole; {time.monotonic() - started:.0f} s",
        flush=True,
    )
    lab.up()
    moments = moments_within(seed)
    passed = [moment for moment in moments if killed_at(lab, moment)]
    for moment in passed:
        print(f"  killed within {moment}", flush=True)
    assert not killed_at(lab, str(MOST_STAIRS * 10))
    check_whole(lab)
    lab.run("down", check=True)
    print(
        f"seed {seed}: {len(moments)} moments tried, {len(passed)} came while their step ran, the cluster is whole; "
        f"{time.monotonic() - started:.0f} s in all"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
