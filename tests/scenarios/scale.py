"""``python -m tests.scenarios.scale [HOSTS…]``: what a second run costs the operator, by the number of hosts.

The hosts are simulated in the operator's own process (tests/support/fakes): no network, and their answers are part of
the CPU.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.support.fakes.run import Fleet
from tests.support.fakes.scenario import ADDRESSES, SETTINGS, Scenario
from tests.support.paths import PROJECT

SIZES = (25, 100, 300, 600, 1000)
POD_CIDR = "10.128.0.0/9"
"""Room for as many nodes."""


class Cost(NamedTuple):
    """Of one run: CPU seconds, peak memory in megabytes, remote commands on the host with most."""

    cpu: float
    memory: int
    commands: int


def fleet(folder: Path, size: int) -> Fleet:
    """``size`` hosts: three control planes, one balancer, and workers."""
    workers = [f"worker{number}" for number in range(1, size - 3)]
    addresses = {name: address for name, address in ADDRESSES.items() if not name.startswith("worker")}
    addresses |= {name: f"10.1.{number // 250}.{number % 250 + 1}" for number, name in enumerate(workers)}
    control_planes = ["master1", "master2", "master3"]
    groups = {"control_plane": control_planes, "workers": workers, "load_balancers": ["master-lb"]}
    return Fleet(
        folder, Scenario(groups, addresses, settings={**SETTINGS, "pod_cidr": POD_CIDR}, order=tuple(addresses))
    )


def cost(hosts: Fleet) -> Cost:
    """Run the whole deploy once."""
    log = hosts.folder / "log.jsonl"
    log.unlink(missing_ok=True)
    with (hosts.folder / "output").open("w") as output:
        process = hosts.begin("-y", deploy=PROJECT / "deploy.py", output=output)
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit((hosts.folder / "output").read_text(encoding="utf-8")[-2000:])
    counted: Counter[str] = Counter()
    for step in map(json.loads, log.read_text(encoding="utf-8").splitlines()):
        # The answers of one command stand there one by one, too, and a line of it for each.
        batched = len(step["command"].splitlines()) if step["step"] == "together" else 0
        counted[step["host"]] += (step["step"] != "connect") - batched
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss // 1024, max(counted.values()))


def main(sizes: list[int]) -> None:
    print("| hosts | CPU seconds | seconds a host | peak memory | commands on the host with most |")
    print("|---|---|---|---|---|")
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="k8s-ha-scale-") as folder:
            hosts = fleet(Path(folder), size)
            cost(hosts)
            second = cost(hosts)
        row = f"{second.cpu:.1f} | {second.cpu / size:.3f} | {second.memory} MB | {second.commands}"
        print(f"| {size} | {row} |", flush=True)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or list(SIZES))
