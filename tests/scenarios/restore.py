"""``python -m tests.scenarios.restore [--line LINE] [--lost] [--cut]``: a cluster restored from a backup of its own.

A cluster with 10,000 ConfigMaps and a workload is backed up. Then a Deployment is scaled, a pod deleted, another
one created. After the restore the state is the backup's, on the nodes, too: what came after it runs no more, what was
deleted runs again, Services lead to what there is, and new writes are seen by all. With --lost all hosts get blank
disks before. With --cut the operator is killed after each operation, one later each time, until a run comes to its end.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from k8s_ha.catalog.control_plane import kubectl
from tests.lab import state
from tests.lab.checks import CONTROL_PLANES, ENDPOINT, HOSTS, NODES, etcd_members, ready_nodes
from tests.lab.client import SECONDS_FOR_A_WATCH, Lab, until
from tests.scenarios.availability import NAMESPACE, service
from tests.scenarios.backup import KEYS, LOCAL, deployed, fill
from tests.scenarios.backup import NAMESPACE as OF_KEYS
from tests.scenarios.crash import MOST_STAIRS, SIGKILLED
from tests.scenarios.interrupted_change import REPLICAS, replicas
from tests.scenarios.rollout import heading, markdown, second_run

DESCRIPTION = "Restore a cluster from a backup, where it stands or where all its hosts are lost."
COLUMNS = ("kubernetes", "hosts", "kills", "seconds of the restore", "API away, seconds", "keys")
BEFORE, AFTER = "was-there", "came-after"
SCALED: Final = 4
REQUESTS: Final = 24


def pod(name: str, node: str) -> str:
    """A manifest of a pod that does nothing, on a node of its own choice."""
    container = {"name": "idle", "image": "docker.io/library/busybox:1.36", "command": ["busybox", "sleep", "86400"]}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {
                "nodeName": node,
                "tolerations": [{"operator": "Exists"}],
                "terminationGracePeriodSeconds": 1,
                "automountServiceAccountToken": False,
                "containers": [container],
            },
        }
    )


def apply(lab: Lab, manifest: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "manifest.json"
        path.write_text(manifest, encoding="utf-8")
        lab.kubectl("apply", "-f", str(path))


def phase_of(lab: Lab, name: str) -> str:
    """Of a pod; empty where there is none."""
    fields = ("get", "pod", name, "--ignore-not-found", "-o", "jsonpath={.status.phase}")
    return lab.kubectl("-n", NAMESPACE, *fields, check=False).strip()


def runs_on(lab: Lab, name: str, node: str) -> bool:
    """Whether a node's runtime runs a container of a pod of this name."""
    label = f"io.kubernetes.pod.name={name}"
    return bool(lab.host(node, f"crictl ps -q --state running --label {label}").strip())


def backed_up(lab: Lab) -> str:
    """The name of a new backup on the operator's machine."""
    deployed(lab, "k8s_ha.backup")
    return max((path.name for path in LOCAL.glob("backup-*")), key=lambda name: name.rpartition("-")[2])


def changed(lab: Lab) -> None:
    """What happens after the backup."""
    lab.kubectl("-n", NAMESPACE, "scale", "deployment/web", f"--replicas={SCALED}")
    lab.kubectl("-n", NAMESPACE, "delete", "pod", BEFORE)
    apply(lab, pod(AFTER, "worker1"))
    until(lambda: replicas(lab) == SCALED, SECONDS_FOR_A_WATCH, "the Deployment is scaled")
    until(lambda: runs_on(lab, AFTER, "worker1"), SECONDS_FOR_A_WATCH, f"{AFTER} runs")
    until(lambda: not runs_on(lab, BEFORE, "master2"), SECONDS_FOR_A_WATCH, f"{BEFORE} has ended")


def lost(lab: Lab) -> None:
    """All hosts on blank disks."""
    for name in HOSTS:
        lab.run("power", name, "kill", check=True)
        lab.run("new-disk", name, check=True)
        lab.run("power", name, "on", check=True)


def command(name: str) -> tuple[str, ...]:
    return (f"backup=backups/{name}", f"endpoint={ENDPOINT}", "-y")


def restored(lab: Lab, name: str) -> None:
    """One run that ends well."""
    run = lab.operator(*_words(lab, ("pyinfra",), name), timeout=7200)
    assert run.returncode == 0, f"the restore ended with {run.returncode}:\n{run.stderr[-8000:]}"


def _words(lab: Lab, module: Sequence[str], name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *module, lab.inventory, "k8s_ha.restore", *command(name))


def killed(lab: Lab, name: str) -> int:
    """How many kills it took until a run came to its end."""
    for stair in count(1):
        assert stair <= MOST_STAIRS, "the staircase has no end"
        run = lab.operator(*_words(lab, ("tests.scenarios.fault_injection.kill", str(stair)), name), timeout=3600)
        if run.returncode not in SIGKILLED:
            assert run.returncode == 0, f"the run that was to die after {stair} failed:\n{run.stderr[-8000:]}"
            return stair - 1
        print(f"  killed after operation {stair}", flush=True)
    raise AssertionError


def refused_meanwhile(lab: Lab, name: str) -> None:
    """Between two runs of a restore the deploy changes nothing, and says why."""
    run = lab.operator(*_words(lab, ("tests.scenarios.fault_injection.kill", "Stop etcd:0"), name), timeout=3600)
    assert run.returncode in SIGKILLED, run.stderr[-4000:]
    told = lab.pyinfra("-y")
    assert told.returncode == 1, told.stderr[-4000:]
    # The table breaks its lines.
    assert "run k8s_ha.restore" in " ".join(told.stderr.split()), told.stderr[-4000:]


def away(lab: Lab) -> float:
    """Seconds between the moments at which the API servers were stopped and served again, by the stages' logs."""
    read = "stat -c %Y /var/log/k8s-ha/restore-tried.log /var/log/k8s-ha/restore-serving.log"
    moments = [[int(word) for word in lab.host(name, read).split()] for name in CONTROL_PLANES]
    return max(end for _, end in moments) - max(begin for begin, _ in moments)


def is_as_before(lab: Lab, service_at: tuple[str, str], is_lost: bool) -> int:
    """AssertionError where anything is not the backup's; the number of keys."""
    assert ready_nodes(lab) == sorted(NODES)
    assert sorted(etcd_members(lab)) == sorted(CONTROL_PLANES)
    until(lambda: replicas(lab) == REPLICAS, SECONDS_FOR_A_WATCH, "the Deployment has its old size")
    wanted = lab.kubectl("-n", NAMESPACE, "get", "deployment", "web", "-o", "jsonpath={.spec.replicas}")
    assert wanted == str(REPLICAS), wanted
    assert phase_of(lab, AFTER) == ""
    until(lambda: not runs_on(lab, AFTER, "worker1"), SECONDS_FOR_A_WATCH, f"{AFTER} runs no more")
    until(lambda: phase_of(lab, BEFORE) == "Running", SECONDS_FOR_A_WATCH, f"{BEFORE} is back")
    until(lambda: runs_on(lab, BEFORE, "master2"), SECONDS_FOR_A_WATCH, f"{BEFORE} runs again")
    held = json.loads(lab.kubectl("-n", OF_KEYS, "get", "configmaps", "-o", "json"))["items"]
    keys = [item for item in held if item["metadata"]["name"].startswith("key-")]
    assert len(keys) == KEYS, len(keys)
    services_lead_on(lab, *service_at)
    writes_are_seen(lab)
    for name in CONTROL_PLANES:
        assert lab.host(name, "ls -d /var/lib/k8s-ha/restore", check=False) == ""
        aside = lab.host(name, "ls -d /var/lib/etcd.before-restore-*/member", check=False).split()
        assert is_lost or aside, f"{name} keeps nothing of what etcd held"
        assert lab.host(name, "stat -c %a /var/lib/etcd").strip() == "700"
    return len(keys)


def services_lead_on(lab: Lab, address: str, port: str) -> None:
    """Requests to the Service, from every node by its cluster IP and at its NodePort, come to a pod that is there."""
    for name in NODES:
        for target in (address, f"{address_of(name)}:{port}"):
            ask = f"curl -fsS -o /dev/null --max-time 5 http://{target}/hostname"
            lab.host(name, f"for n in $(seq {REQUESTS}); do {ask} || exit 1; done")


def address_of(name: str) -> str:
    return str(state.current().topology.host(name).address)


def writes_are_seen(lab: Lab) -> None:
    """What is written now is told by every API server, and acted upon."""
    lab.kubectl("-n", NAMESPACE, "create", "configmap", "written-after")
    for name in CONTROL_PLANES:
        ask = kubectl(address_of(name), f"-n {NAMESPACE} get configmap written-after")
        lab.host(name, ask)
    lab.kubectl("-n", NAMESPACE, "scale", "deployment/web", f"--replicas={REPLICAS + 1}")
    until(lambda: replicas(lab) == REPLICAS + 1, SECONDS_FOR_A_WATCH, "controllers act on what is written")
    lab.kubectl("-n", NAMESPACE, "scale", "deployment/web", f"--replicas={REPLICAS}")
    until(lambda: replicas(lab) == REPLICAS, SECONDS_FOR_A_WATCH, "and take it back")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.restore", description=DESCRIPTION)
    parser.add_argument("--line", default="1.36", help="Kubernetes line; default %(default)s")
    parser.add_argument("--lost", action="store_true", help="put blank disks into all hosts before")
    parser.add_argument("--cut", action="store_true", help="kill the operator after each operation")
    options = parser.parse_args(arguments)
    lab = Lab(options=("--line", options.line))
    lab.up()
    lab.results()
    version = json.loads(lab.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    fill(lab)
    with service(lab) as service_at:
        apply(lab, pod(BEFORE, "master2"))
        until(lambda: phase_of(lab, BEFORE) == "Running", SECONDS_FOR_A_WATCH, f"{BEFORE} runs")
        name = backed_up(lab)
        changed(lab)
        if options.lost:
            lost(lab)
        started, kills = time.monotonic(), 0
        if options.cut:
            kills = killed(lab, name)
        elif not options.lost:
            refused_meanwhile(lab, name)
        if not options.cut:
            restored(lab, name)
        seconds = time.monotonic() - started
        silent = round(away(lab))
        keys = is_as_before(lab, service_at, options.lost)
        second_run(lab, "a restored cluster")
        deployed(lab, "k8s_ha.verify")
    cells: tuple[Any, ...] = (version, "lost" if options.lost else "standing", kills, round(seconds), silent, keys)
    print(*heading(COLUMNS), markdown(cells), sep="\n", flush=True)
    lab.run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
