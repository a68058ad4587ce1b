"""The floor of upgrades: kubeadm's own recipe, run with stand-ins of ssh and of what it calls on hosts."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.scenarios.upgrade_speed import drains
from tests.support.paths import PROJECT

HOSTS = """master1\t10.0.11.18\tcontrol_plane\t-
master2\t10.0.12.55\tcontrol_plane\t-
worker1\t10.0.12.16\tworkers\topen-sesame
master-lb\t10.0.1.157\tload_balancers\t-
"""
STAND_INS = {
    # ssh -F CONFIG HOST COMMAND: the script on stdin, behind a line with the password where sudo asks for one.
    "ssh": "shift 2; HOST=$1; export HOST; case $2 in *-S*) read -r _ ;; esac; exec bash -s",
    "tee": 'echo "$HOST: tee $*" >>"$SAID"; cat >/dev/null',
    "kubectl": 'echo "operator: kubectl $*" >>"$SAID"; case $* in "get node "*) printf "v1.34.11 True" ;; esac',
    "cat": 'case $* in /etc/kubernetes/*) ;; *) exec /bin/cat "$@" ;; esac',
    **dict.fromkeys(("dnf", "kubeadm", "crictl", "curl", "systemctl"), 'echo "$HOST: ${0##*/} $*" >>"$SAID"'),
}


def play(folder: Path, *hosts: str, **stand_ins: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The script for 1.34.11, and what was called, one after the other."""
    (folder / "bin").mkdir()
    for name, script in {**STAND_INS, **stand_ins}.items():
        (folder / "bin" / name).write_text(f"#!/bin/bash\n{script}\n")
        (folder / "bin" / name).chmod(0o755)
    (folder / "hosts.tsv").write_text(HOSTS)
    (folder / "said").touch()
    environment = {
        **os.environ,
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "LAB_HOSTS": str(folder / "hosts.tsv"),
        "LAB_SSH_CONFIG": "/dev/null",
        "SAID": str(folder / "said"),
        "TMPDIR": str(folder),
    }
    command = ["bash", str(PROJECT / "tests/scenarios/floor_upgrade.sh"), "1.34.11", *hosts]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    return done, (folder / "said").read_text().splitlines()


INSTALL = "dnf -y --disableexcludes=all install"
NODE = '{.status.nodeInfo.kubeletVersion} {.status.conditions[?(@.type=="Ready")].status}'


def served(name: str, address: str) -> list[str]:
    return [f"{name}: curl -fsS --noproxy * --cacert /etc/kubernetes/pki/ca.crt https://{address}:6443/readyz"] * 2


def kubelet(name: str) -> list[str]:
    return [
        f"{name}: {INSTALL} kubelet-1.34.11 kubectl-1.34.11",
        f"{name}: systemctl daemon-reload",
        f"{name}: systemctl restart kubelet",
        f"operator: kubectl get node {name} -o jsonpath={NODE}",
        f"operator: kubectl wait -A pods --field-selector spec.nodeName={name} --for=condition=Ready --timeout=300s",
    ]


def in_order(said: list[str]) -> list[str]:
    """What was called once all had fetched."""
    last = max(number for number, line in enumerate(said) if "crictl" in line)
    return said[last + 1 :]


def test_all_control_planes_come_before_the_first_kubelet(tmp_path: Path) -> None:
    done, said = play(tmp_path)
    assert done.returncode == 0, done.stderr
    road = [
        *(f"master1: {INSTALL} kubeadm-1.34.11", "master1: kubeadm upgrade apply v1.34.11 --yes"),
        *served("master1", "10.0.11.18"),
        *(f"master2: {INSTALL} kubeadm-1.34.11", "master2: kubeadm upgrade node"),
        *served("master2", "10.0.12.55"),
        *kubelet("master1"),
        *kubelet("master2"),
        *(f"worker1: {INSTALL} kubeadm-1.34.11", "worker1: kubeadm upgrade node"),
        *kubelet("worker1"),
    ]
    assert in_order(said)[: len(road)] == road
    assert [line.split()[4:] for line in in_order(said)[len(road) : -1]] == [
        ["rollout", "status", "--timeout=180s", *what]
        for what in (["daemonset", "kube-proxy"], ["deployment", "coredns"], ["daemonset", "kube-flannel-ds"])
    ]


def test_every_node_fetches_what_it_runs(tmp_path: Path) -> None:
    _, said = play(tmp_path)
    pulled = {line.partition(": ")[0] + " " + line.split()[-1].rpartition("/")[2] for line in said if "crictl" in line}
    components = ("kube-proxy", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
    assert pulled == {
        *(f"{name} {component}:v1.34.11" for name in ("master1", "master2") for component in components),
        "worker1 kube-proxy:v1.34.11",
    }
    assert {line.partition(":")[0] for line in said if "--downloadonly" in line} == {"master1", "master2", "worker1"}


def test_the_last_line_is_seconds_a_phase(tmp_path: Path) -> None:
    done, _ = play(tmp_path)
    timings = json.loads(done.stdout.splitlines()[-1])
    assert list(timings) == ["fetch", "apply", "control_planes", "kubelets", "ready", "serial", "total"]


def test_only_the_named_hosts(tmp_path: Path) -> None:
    done, said = play(tmp_path, "master1")
    assert done.returncode == 0, done.stderr
    assert {line.partition(":")[0] for line in said} == {"master1", "operator"}


@pytest.mark.parametrize(("program", "phase"), [("crictl", "fetch"), ("kubeadm", "apply")])
def test_what_fails_ends_it(tmp_path: Path, program: str, phase: str) -> None:
    done, said = play(tmp_path, **{program: "exit 1"})
    assert done.returncode != 0
    assert f"floor: phase {phase} failed" in done.stderr
    assert not any("systemctl" in line for line in said)


def test_the_drains_of_an_upgrade_are_taken_off() -> None:
    operations = [("Change the cluster | Cordon and drain the node", 12.5), ("Change the cluster | Run kubelet", 3.0)]
    assert drains([*operations, operations[0]]) == 25
