"""kubeadm as hosts run it: its configuration used up, its init marked until it has ended well, its failures told, and
what it has begun taken back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from k8s_ha.operations.commands import long_command
from k8s_ha.reporting.known_errors import explain
from k8s_ha.resources import read_file, shell_variables
from tests.support.operation_bench import command
from tests.support.paths import RECORDED
from tests.support.shell_bench import Shell

MARKER = "/etc/pki/unfinished"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    for folder in ("etc", "run", "var/log"):
        (tmp_path / folder).mkdir(parents=True)
    return Shell(tmp_path)


def run_long(shell: Shell, script: str, seconds: int = 20) -> subprocess.CompletedProcess[str]:
    return shell.run(command(long_command("work", script, seconds=seconds)).text)


def watched(command: str, after: str = "", marker: str = "", endpoint: str = "") -> str:
    values = {"COMMAND": command, "CONFIG": "/run/config.yaml", "AFTER": after, "MARKER": marker}
    return shell_variables(values | {"ENDPOINT": endpoint, "SILENCE": "5"}) + read_file("kubeadm-watched.sh")


@pytest.mark.parametrize(("exit_code", "after"), [(0, True), (7, False)])
def test_kubeadm_uses_its_configuration_up(shell: Shell, exit_code: int, after: bool) -> None:
    shell.add_tool("journalctl", "exit 0")
    shell.add_tool("kubeadm", f'[ "$*" = "join --config {shell.root}/run/config.yaml" ] && exit {exit_code}')
    config = shell.file("/run/config.yaml", "secret")
    assert shell.run(watched("kubeadm join", "touch /etc/after")).returncode == exit_code
    assert not config.exists()
    assert (shell.root / "etc/after").exists() is after


def test_kubeadm_that_is_stopped_leaves_no_secret(shell: Shell) -> None:
    shell.add_tool("journalctl", "exit 0")
    shell.add_tool("kubeadm", "sleep 20")
    config = shell.file("/run/config.yaml", "secret")
    assert "was stopped after 1 seconds" in run_long(shell, watched("kubeadm join"), 1).stderr
    assert not config.exists()


@pytest.mark.parametrize(("curl", "stopped"), [("exit 7", True), ("exit 0", False)])
def test_a_join_whose_cluster_is_gone_is_stopped(shell: Shell, curl: str, stopped: bool) -> None:
    shell.add_tool("journalctl", "exit 0")
    shell.add_tool("curl", curl)
    shell.add_tool("kubeadm", "exec sleep 12")
    config = shell.file("/run/config.yaml", "secret")
    done = run_long(shell, watched("kubeadm join", endpoint="10.0.1.157:6443"))
    sentence = "nothing has answered at the endpoint 10.0.1.157:6443 for 5 seconds: kubeadm was stopped"
    assert (done.returncode, sentence in done.stderr) == (int(stopped), stopped)
    assert not config.exists()


@pytest.mark.parametrize(
    ("kubeadm", "marked"),
    [
        (f"[ -e {MARKER} ] && touch /etc/pki/ca.crt", False),  # init came to its end
        ("touch /etc/pki/ca.crt; exit 1", True),  # it did not
        ("exit 1", False),  # its preflight said no
    ],
)
def test_an_init_is_marked_until_it_has_ended_well(shell: Shell, kubeadm: str, marked: bool) -> None:
    shell.add_tool("journalctl", "exit 0")
    shell.add_tool("kubeadm", shell.moved(kubeadm))
    shell.file("/run/config.yaml")
    done = shell.run(watched("kubeadm init", f"[ ! -e {MARKER} ]", MARKER))
    assert (done.returncode, done.stderr) == (int("exit" in kubeadm), "")
    assert (shell.root / MARKER.lstrip("/")).exists() is marked


def test_an_init_that_is_stopped_stays_marked(shell: Shell) -> None:
    shell.add_tool("journalctl", "exit 0")
    shell.add_tool("kubeadm", shell.moved("touch /etc/pki/ca.crt; sleep 20"))
    shell.file("/run/config.yaml")
    run_long(shell, watched("kubeadm init", marker=MARKER), 1)
    assert (shell.root / MARKER.lstrip("/")).exists()


def test_beside_a_failed_kubeadm_stands_what_the_kubelet_says(shell: Shell) -> None:
    kubelet = read_recorded("kubelet-no-runtime")
    shell.add_tool("kubeadm", "echo 'timed out waiting for the condition'; exit 1")
    shell.add_tool("journalctl", f"cat <<'END'\n{kubelet}\ngoroutine 1 [running]:\nEND")
    shell.file("/run/config.yaml")
    shown = run_long(shell, watched("kubeadm init")).stderr.splitlines()
    assert shown[0] == "timed out waiting for the condition"
    assert [line.partition("]")[0] for line in shown[1:-1]] == [
        "kubelet: remote_runtime.go:86",
        "kubelet: kuberuntime_manager.go:202",
        "kubelet: server.go:269",
    ]
    assert [known.cause for known in explain(shown)] == [
        "the kubelet finds no container runtime at /run/nowhere/containerd.sock"
    ]


def read_recorded(name: str) -> str:
    return (RECORDED / "errors" / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("races_lost", [1, 2])
def test_a_kubelet_that_refused_a_pod_is_restarted_until_it_does_not(shell: Shell, races_lost: int) -> None:
    """Each kubelet is a process of its own, and what the ones before it said stays in the journal."""
    shell.file("/run/config.yaml")
    restarts = shell.file("/etc/restarts")
    count = f"$(wc -l <{restarts})"
    shell.add_tool("systemctl", f'case $1 in show) echo "MainPID={count}" ;; *) echo "$*" >>{restarts} ;; esac')
    refusal = "Failed to admit pod etcd-master2: insufficient ephemeral-storage"
    pids = " | ".join(f"*_PID={number}\\ *" for number in range(races_lost))
    shell.add_tool("journalctl", f"case $* in {pids}) echo '{refusal}' ;; esac")
    shell.add_tool("kubeadm", f"until [ {count} = {races_lost} ]; do sleep 0.1; done; sleep 1.5")
    assert shell.run(watched("kubeadm join")).returncode == 0
    assert restarts.read_text(encoding="utf-8") == "restart kubelet\n" * races_lost
