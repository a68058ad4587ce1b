"""kube-proxy's pods restarted, and add-ons applied, beside a kubectl of the test's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

CONFIG = "/run/k8s-ha/addons.yaml"
KUBECTL = r"""
echo "$*" >>{root}/log
case $* in
    *"rollout status"*) [ -e {root}/rolled ] ;;
    *"get pods"*) cat {root}/pods ;;
    *"--previous"*) echo "F1127 server.go: a reason" ;;
esac
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("kubectl", KUBECTL.format(root=tmp_path))
    shell.add_tool("kubeadm", f'echo "kubeadm $*" >>{tmp_path}/log; [ ! -e {tmp_path}/kubeadm-fails ]')
    shell.add_tool("sleep", "exec /bin/sleep 0.01")
    shell.file("/pods", "kube-proxy-a \nkube-proxy-b \n")
    shell.file(CONFIG, "", 0o600)
    return shell


def run(shell: Shell, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    values = {"HOST": "master1", "KUBECTL": "kubectl --server x", "SECONDS_ALLOWED": "1"} | more
    return shell.run(shell_variables(values) + read_file(script))


def log(shell: Shell) -> list[str]:
    return [
        line.removeprefix("--server x -n kube-system ")
        for line in (shell.root / "log").read_text(encoding="utf-8").splitlines()
    ]


def test_pods_of_kube_proxy_are_restarted_and_waited_for(shell: Shell) -> None:
    shell.file("/rolled")
    assert run(shell, "roll-kube-proxy.sh").returncode == 0
    assert log(shell) == ["rollout restart daemonset/kube-proxy", "rollout status daemonset/kube-proxy --timeout=20s"]


@pytest.mark.parametrize(
    ("waiting", "named"), [("", False), ("CrashLoopBackOff", True), ("ImagePullBackOff", True), ("ErrImagePull", True)]
)
def test_pods_that_do_not_come_up_are_named_with_their_words(shell: Shell, waiting: str, named: bool) -> None:
    shell.file("/pods", f"kube-proxy-a \nkube-proxy-b {waiting}\n")
    done = run(shell, "roll-kube-proxy.sh")
    assert done.returncode == 1
    assert ("kube-proxy (kube-proxy-b) did not come up" in done.stderr) is named
    assert ("a reason" in done.stdout) is named
    assert (len([line for line in log(shell) if "rollout status" in line]) == 1) is named  # ends the wait at once


def test_add_ons_are_applied_and_waited_for(shell: Shell) -> None:
    shell.file("/rolled")
    done = run(shell, "configure-addons.sh", CONFIG=CONFIG, ADDONS="coredns kube-proxy")
    assert done.returncode == 0, done.stderr
    assert [line.replace(str(shell.root), "") for line in log(shell)] == [
        f"kubeadm init phase addon coredns --config {CONFIG}",
        f"kubeadm init phase addon kube-proxy --config {CONFIG}",
        "rollout status deployment/coredns --timeout=20s",
        "rollout status daemonset/kube-proxy --timeout=20s",
    ]
    assert not (shell.root / CONFIG.lstrip("/")).exists()


def test_an_add_on_that_does_not_come_up_is_said(shell: Shell) -> None:
    done = run(shell, "configure-addons.sh", CONFIG=CONFIG, ADDONS="coredns")
    assert done.returncode == 1
    assert "master1: coredns is not on every node after 1 seconds" in done.stderr


def test_where_kubeadm_fails_nothing_is_waited_for(shell: Shell) -> None:
    shell.file("/kubeadm-fails")
    done = run(shell, "configure-addons.sh", CONFIG=CONFIG, ADDONS="coredns kube-proxy")
    assert (done.returncode, len(log(shell))) == (1, 1)
    assert "kubeadm did not apply coredns" in done.stderr
