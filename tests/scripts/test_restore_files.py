"""A clean host made a control plane of a lost cluster, and a kubelet restarted, by the real scripts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from k8s_ha.resources import read_file, shell_variables
from tests.support.restore_bench import COMPONENTS, KEPT, MANIFESTS, MARK
from tests.support.shell_bench import Shell

LOST = MARK.replace("standing", "lost")
CONFIG = "/run/k8s-ha/restore.yaml"
CLIENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"

KUBEADM = r"""
case "$*" in *--help) {help}; exit 0 ;; esac
echo "kubeadm $*" >>{root}/log
[ -e {root}{config} ] || exit 7
case "$*" in $(cat {root}/fails 2>/dev/null)) exit 1 ;; esac
mkdir -p {root}{manifests}
case "$*" in
    *"etcd local"*) echo etcd >{root}{manifests}/etcd.yaml ;;
    *"control-plane all"*)
        for each in apiserver controller-manager scheduler; do echo $each >{root}{manifests}/kube-$each.yaml; done ;;
    *kubelet-start*) ls {root}{manifests} >{root}/at-start ;;
    *kubelet-finalize*) echo kubelet-client-current.pem >{root}/etc/kubernetes/kubelet.conf ;;
esac
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path)
    values = {"root": tmp_path, "config": CONFIG, "manifests": MANIFESTS, "help": "echo super-admin"}
    made.add_tool("kubeadm", KUBEADM.format(**values))
    made.add_tool("systemctl", f'echo "systemctl $*" >>{tmp_path}/log; case $1 in show) echo MainPID=7 ;; esac')
    for name in ("sync", "sleep"):
        made.add_tool(name, ":")
    made.file(CONFIG, "kind: InitConfiguration\n", 0o600)
    made.file(f"{KEPT}/mark", f"{LOST} begun\n")
    return made


def rebuild(shell: Shell, first: str = "") -> subprocess.CompletedProcess[str]:
    values = {"HOST": "master1", "MARK": LOST, "FIRST": first, "CONFIG": CONFIG}
    scripts = ("copied.sh", "restore-mark.sh", "restore-files.sh")
    return shell.run(shell_variables(values) + "".join(map(read_file, scripts)))


def log(shell: Shell) -> list[str]:
    text = (shell.root / "log").read_text(encoding="utf-8").replace(str(shell.root), "")
    return [line.removeprefix("kubeadm init phase ").removesuffix(f" --config {CONFIG}") for line in text.splitlines()]


PHASES = [
    "systemctl stop kubelet",
    "certs all",
    *(f"kubeconfig {name}" for name in ("admin", "kubelet", "controller-manager", "scheduler")),
    "etcd local",
    "control-plane all",
    "kubelet-start",
]


def test_static_pods_are_out_of_use_before_the_kubelet_starts(shell: Shell) -> None:
    assert rebuild(shell).returncode == 0
    assert log(shell) == PHASES
    assert (shell.root / "at-start").read_text(encoding="utf-8") == ""
    held = shell.root / KEPT.lstrip("/") / "manifests"
    assert sorted(path.stem for path in held.iterdir()) == sorted(COMPONENTS)
    assert not (shell.root / CONFIG.lstrip("/")).exists()


def test_the_first_has_a_super_admin_where_kubeadm_knows_one(shell: Shell) -> None:
    assert rebuild(shell, "yes").returncode == 0
    assert "kubeconfig super-admin" in log(shell)


def test_an_older_kubeadm_is_asked_for_none(shell: Shell) -> None:
    values = {"root": shell.root, "config": CONFIG, "manifests": MANIFESTS, "help": "echo admin"}
    shell.add_tool("kubeadm", KUBEADM.format(**values))
    assert rebuild(shell, "yes").returncode == 0
    assert log(shell) == PHASES


@pytest.mark.parametrize("phase", PHASES[1:])
def test_a_phase_that_fails_is_named_and_the_next_run_begins_with_the_kubelet_stopped(shell: Shell, phase: str) -> None:
    shell.file("/fails", f"*{phase.replace(' ', '?')}*")
    done = rebuild(shell)
    assert done.returncode == 1
    assert f"master1: `kubeadm init phase {phase}` failed" in done.stderr
    assert not (shell.root / CONFIG.lstrip("/")).exists()
    shell.file("/fails", "")
    shell.file(CONFIG, "again", 0o600)
    (shell.root / "log").unlink()
    assert rebuild(shell).returncode == 0
    assert log(shell) == PHASES


def test_what_has_come_further_is_left_alone(shell: Shell) -> None:
    shell.file(f"{KEPT}/mark", f"{LOST} member\n")
    assert rebuild(shell).returncode == 0
    assert not (shell.root / "log").exists()


def restart(shell: Shell, finalize: str) -> subprocess.CompletedProcess[str]:
    values = {"HOST": "master1", "FINALIZE": finalize}
    return shell.run(shell_variables(values) + read_file("kubelet-is-up.sh") + read_file("restore-kubelet.sh"))


def test_a_kubelet_is_restarted(shell: Shell) -> None:
    assert restart(shell, "").returncode == 0
    assert log(shell)[0] == "systemctl restart kubelet"


@pytest.mark.parametrize(
    ("config", "ran"), [("client-certificate-data: x", True), ("kubelet-client-current.pem", False)]
)
def test_a_kubelet_that_was_made_anew_renews_its_certificate(shell: Shell, config: str, ran: bool) -> None:
    shell.file("/etc/kubernetes/kubelet.conf", config)
    shell.file(CLIENT, "certificate")
    assert restart(shell, CONFIG).returncode == 0
    assert ("kubelet-finalize all" in log(shell)) is ran
    assert not (shell.root / CONFIG.lstrip("/")).exists()
