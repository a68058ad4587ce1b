"""``python -m tests.bench [RUNS]``: the deploy against the floor, on equally virgin hosts, in turn; medians in seconds.

The floor (tests/lab/floor) is the same road as a plain parallel ssh script. Then a second run of the deploy, which
changes nothing: its seconds, and the remote commands it takes per host, counted at pyinfra's connector.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from tests.lab_client import DEPLOY, Lab

# What kubeadm does one host after another, by the names of the deploy's operations.
SERIAL = ("Initialise the cluster", "to the control plane")


def timed_deploy(lab: Lab, report: Path) -> tuple[float, dict[str, Any]]:
    """Seconds of one run of the deploy, and what ``tests.measured`` counted."""
    started = time.monotonic()
    lab.operator(sys.executable, "-m", "tests.measured", str(report), *DEPLOY, "-y", check=True)
    return time.monotonic() - started, json.loads(report.read_text(encoding="utf-8"))


def serial_seconds(measured: dict[str, Any]) -> float:
    return sum(seconds for name, seconds in measured["operations"] if any(part in name for part in SERIAL))


def main(runs: int) -> None:
    lab = Lab()
    deploys, floors, second_runs = [], [], []
    report = Path(tempfile.mkdtemp(prefix="k8s-ha-bench-")) / "measured.json"
    for number in range(1, runs + 1):
        lab.up()
        floor = json.loads(
            lab.operator("tests/lab/floor/floor.sh", check=True).stdout.splitlines()[-1],
        )
        floors.append(floor)
        lab.up()
        seconds, measured = timed_deploy(lab, report)
        deploys.append({"total": seconds, "serial": serial_seconds(measured)})
        again, counted = timed_deploy(lab, report)
        second_runs.append((again, max(counted["commands"].values())))
        print(
            f"run {number}: floor {floor['total']:.1f} s (serial {floor['serial']:.1f}), deploy {seconds:.1f} s "
            f"(serial {deploys[-1]['serial']:.1f}), again {again:.1f} s and {second_runs[-1][1]} commands per host",
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
        "second_run_seconds": round(median(entry[0] for entry in second_runs), 1),
        "second_run_commands_per_host": max(entry[1] for entry in second_runs),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
