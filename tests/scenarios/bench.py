"""``python -m tests.scenarios.bench [RUNS]``: the deploy against the floor, on equally clean hosts, in turn; medians in
seconds.

The floor (tests/lab/floor) has the same steps as a plain parallel ssh script. Then a second run of the deploy, which
changes nothing, preflight alone on clean hosts and verify alone on the cluster: seconds, and the remote commands that
each takes on the host with most, counted at pyinfra's connector.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from tests.lab.client import DEPLOY, Lab

# What kubeadm does one host after another, by the names of the deploy's operations.
SERIAL = ("Initialize the cluster", "to the control plane")


Measured = tuple[float, dict[str, Any]]
"""Seconds of one run, and what ``tests.support.command_counter`` counted of it."""


def timed(lab: Lab, report: Path, *arguments: str) -> Measured:
    """One run of pyinfra's command line over the lab's inventory."""
    started = time.monotonic()
    lab.operator(sys.executable, "-m", "tests.support.command_counter", str(report), DEPLOY[0], *arguments, check=True)
    return time.monotonic() - started, json.loads(report.read_text(encoding="utf-8"))


def commands(measured: Measured) -> int:
    """Remote commands on the host with most."""
    return max(measured[1]["commands"].values())


def serial_seconds(measured: dict[str, Any]) -> float:
    return sum(seconds for name, seconds in measured["operations"] if any(part in name for part in SERIAL))


def main(runs: int) -> None:
    lab = Lab()
    deploys, floors = [], []
    looks: dict[str, list[Measured]] = {"second_run": [], "preflight": [], "verify": []}
    report = Path(tempfile.mkdtemp(prefix="k8s-ha-bench-")) / "measured.json"
    for number in range(1, runs + 1):
        lab.up()
        floor = json.loads(
            lab.operator("tests/lab/floor/floor.sh", check=True).stdout.splitlines()[-1],
        )
        floors.append(floor)
        lab.up()
        looks["preflight"].append(timed(lab, report, "k8s_ha.preflight", "--dry"))
        seconds, measured = timed(lab, report, DEPLOY[1], "-y")
        deploys.append({"total": seconds, "serial": serial_seconds(measured)})
        looks["second_run"].append(timed(lab, report, DEPLOY[1], "-y"))
        looks["verify"].append(timed(lab, report, "k8s_ha.verify", "-y"))
        reported = ", ".join(
            f"{name} {found[-1][0]:.1f} s and {commands(found[-1])} commands" for name, found in looks.items()
        )
        print(
            f"run {number}: floor {floor['total']:.1f} s (serial {floor['serial']:.1f}), deploy {seconds:.1f} s "
            f"(serial {deploys[-1]['serial']:.1f}), {reported} per host",
            flush=True,
        )
        slowest = sorted(measured["operations"], key=lambda entry: -entry[1])[:12]
        print("  " + "; ".join(f"{name} {took}" for name, took in slowest), flush=True)
    lab.run("down", check=True)
    deploy, floor_total = median(entry["total"] for entry in deploys), median(entry["total"] for entry in floors)
    result = {
        "runs": runs,
        "deploy_seconds": round(deploy, 1),
        "floor_seconds": round(floor_total, 1),
        "deploy_over_floor": round(deploy / floor_total, 3),
        "deploy_serial_seconds": round(median(entry["serial"] for entry in deploys), 1),
        "floor_serial_seconds": round(median(entry["serial"] for entry in floors), 1),
    }
    for name, found in looks.items():
        result[f"{name}_seconds"] = round(median(seconds for seconds, _ in found), 1)
        result[f"{name}_commands_per_host"] = max(map(commands, found))
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
