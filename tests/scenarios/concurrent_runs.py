"""``python -m tests.scenarios.concurrent_runs``: two operators who run the deploy at once: one has the cluster, the
other is refused.

Started at the same moment on clean hosts, the second with folders of its own; at the same moment
on a cluster that lacks a worker; and one a minute after the other. After each the cluster must be whole, and one more
run must change nothing.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.lab.checks import (
    CONTROL_PLANES,
    NODES,
    check_a_second_run_changes_nothing,
    check_every_pod_of_the_road,
    check_refused_beside_another_run,
    etcd_members,
    ready_nodes,
)
from tests.lab.client import SECONDS_FOR_A_WATCH, Lab, until
from tests.scenarios.fault_injection.network import replace, wait_until_gone

SECONDS_BETWEEN = 60


def both(lab: Lab, seconds: float, second: Mapping[str, Any]) -> list[subprocess.CompletedProcess[str]]:
    """Two runs from this folder, the second with these settings and begun so many seconds after the first."""
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(lab.pyinfra, "-y")]
        time.sleep(seconds)
        runs.append(pool.submit(lab.pyinfra, "-y", **second))
        return [run.result() for run in runs]


def check_one_of(runs: list[subprocess.CompletedProcess[str]]) -> int:
    """Which of the runs came to a good end; the other one was refused."""
    assert sorted(run.returncode for run in runs) == [0, 1], "\n\n".join(run.stdout + run.stderr for run in runs)
    (refused,) = [run for run in runs if run.returncode]
    check_refused_beside_another_run(refused)
    return [run.returncode for run in runs].index(0)


def check_one_cluster(lab: Lab) -> None:
    """One init and nothing of another one anywhere; then a run ends well, and one more changes nothing."""
    assert lab.pyinfra("-y").returncode == 0
    authorities = {lab.host(node, "sha256sum </etc/kubernetes/pki/ca.crt") for node in NODES}
    assert len(authorities) == 1
    inits = [node for node in NODES if lab.host(node, "ls /var/log/k8s-ha/kubeadm-init.log", check=False)]
    assert len(inits) == 1
    assert sorted(etcd_members(lab)) == list(CONTROL_PLANES)
    assert lab.kubectl("get", "secrets", "-A", "-l", "app.kubernetes.io/managed-by=k8s-ha", "-o", "name") == ""
    until(lambda: ready_nodes(lab) == sorted(NODES), SECONDS_FOR_A_WATCH, "all nodes are Ready")
    check_every_pod_of_the_road(lab)
    check_a_second_run_changes_nothing(lab)


def main() -> None:
    lab = Lab()
    started = time.monotonic()

    def say(what: str) -> None:
        print(f"{what}; {time.monotonic() - started:.0f} s", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        elsewhere = {"kubeconfig_dir": f"{folder}/kubeconfig", "report_dir": f"{folder}/reports"}
        lab.up()
        winner = check_one_of(both(lab, 0, elsewhere))
        check_one_cluster(lab)
        say(f"at the same moment on clean hosts: operator {winner + 1} built the cluster, the other was refused")

        replace(lab, "worker2")
        wait_until_gone(lab, "worker2")
        winner = check_one_of(both(lab, 0, {}))
        check_one_cluster(lab)
        say(f"at the same moment with a join pending: operator {winner + 1} joined it, the other was refused")

        lab.up()
        assert check_one_of(both(lab, SECONDS_BETWEEN, elsewhere)) == 0
        check_one_cluster(lab)
        say(f"{SECONDS_BETWEEN} s after the first on clean hosts: the second was refused")
    lab.run("down", check=True)


if __name__ == "__main__":
    main()
