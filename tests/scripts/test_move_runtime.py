"""A drained node taken from Docker to containerd, beside tools of the test's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from k8s_ha.facts.kubelet_runtime import KubeletRuntime
from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
DOCKER = r"""
echo "docker $*" >>{root}/log
case "$*" in
    "ps -aq --filter label=io.kubernetes.pod.name") cat {root}/pods 2>/dev/null ;;
    "ps -q") cat {root}/others 2>/dev/null ;;
    rm*) [ ! -e {root}/rm-fails ] || exit 1; rm -f {root}/pods ;;
esac
exit 0
"""
SYSTEMCTL = r"""
echo "systemctl $*" >>{root}/log
case "$*" in
    "cat cri-docker"*) exit 1 ;;
    *"is-active docker.service") [ ! -e {root}/docker-is-off ] ;;
    "restart kubelet.service") [ ! -e {root}/kubelet-fails ] ;;
esac
"""
SHIM = 'KUBELET_KUBEADM_ARGS="--cgroup-driver=systemd --network-plugin=cni --node-ip=1.2.3.4 --v=2"\n'


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("docker", DOCKER.format(root=tmp_path))
    shell.add_tool("systemctl", SYSTEMCTL.format(root=tmp_path))
    shell.file(FLAGS, SHIM, 0o640)
    shell.file("/pods", "aaa\nbbb\n")
    return shell


def run(shell: Shell, action: str, remote: str = "yes") -> subprocess.CompletedProcess[str]:
    socket = "unix:///run/containerd/containerd.sock"
    values = {"HOST": "worker1", "ACTION": action, "SOCKET": socket if action == "enter" else "", "REMOTE": remote}
    return shell.run(shell_variables(values) + read_file("move-runtime.sh"))


def moved(shell: Shell) -> str:
    """The socket as the script finds it below the test's root."""
    return f"unix://{shell.root}/run/containerd/containerd.sock"


def did(shell: Shell) -> list[str]:
    log = shell.root / "log"
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def test_kubernetes_containers_go_and_docker_with_them(shell: Shell) -> None:
    done = run(shell, "leave")
    assert done.returncode == 0, done.stderr
    assert did(shell)[0] == "systemctl stop kubelet.service"
    assert [line for line in did(shell) if line.startswith(("docker stop", "docker rm"))] == [
        "docker stop -t 30 aaa",
        "docker stop -t 30 bbb",
        "docker rm -f aaa bbb",
    ]
    assert did(shell)[-3:] == [
        "systemctl disable --now docker.socket",
        "systemctl cat docker.service",
        "systemctl disable --now docker.service",
    ]


def test_a_docker_with_containers_of_its_own_runs_on(shell: Shell) -> None:
    shell.file("/others", "ccc\n")
    done = run(shell, "leave")
    assert done.returncode == 0
    assert "docker runs on: 1 containers of its own are there" in done.stdout
    assert not [line for line in did(shell) if "disable" in line]


def test_one_that_is_off_already_is_left_alone(shell: Shell) -> None:
    shell.file("/docker-is-off")
    assert run(shell, "leave").returncode == 0
    assert not [line for line in did(shell) if line.startswith("docker")]


def test_containers_that_stay_end_the_step(shell: Shell) -> None:
    shell.file("/rm-fails")
    done = run(shell, "leave")
    assert done.returncode == 1
    assert done.stderr == (
        "worker1: Kubernetes' containers could not be removed; see the error above, then run this again.\n"
    )


@pytest.mark.parametrize(("remote", "more"), [("yes", " --container-runtime=remote"), ("", "")])
def test_the_kubelet_speaks_to_containerd_and_keeps_its_other_flags(shell: Shell, remote: str, more: str) -> None:
    config = shell.file("/var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\n")
    done = run(shell, "enter", remote)
    assert done.returncode == 0, done.stderr
    flags = shell.root / FLAGS.lstrip("/")
    assert flags.read_text(encoding="utf-8") == (
        f'KUBELET_KUBEADM_ARGS="--cgroup-driver=systemd --node-ip=1.2.3.4 --v=2{more} '
        f'--container-runtime-endpoint={moved(shell)}"\n'
    )
    assert flags.stat().st_mode & 0o777 == 0o640
    assert config.read_text(encoding="utf-8") == "kind: KubeletConfiguration\n"
    assert did(shell) == ["systemctl restart kubelet.service"]
    # A run that was cut off there does the same again.
    before = flags.read_text(encoding="utf-8")
    assert run(shell, "enter", remote).returncode == 0
    assert flags.read_text(encoding="utf-8") == before


def test_where_the_configuration_names_the_socket_it_names_the_new_one(shell: Shell) -> None:
    for name in ("config.yaml", "instance-config.yaml"):
        shell.file(f"/var/lib/kubelet/{name}", "a: b\ncontainerRuntimeEndpoint: unix:///var/run/cri-dockerd.sock\n")
    run(shell, "enter", "")
    for name in ("config.yaml", "instance-config.yaml"):
        text = (shell.root / f"var/lib/kubelet/{name}").read_text(encoding="utf-8")
        assert text == f"a: b\ncontainerRuntimeEndpoint: {moved(shell)}\n"


@pytest.mark.parametrize(
    ("flags", "cri"),
    [
        (SHIM, "dockershim"),
        ('KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///var/run/cri-dockerd.sock"', "cri-dockerd"),
        ('KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock"', "containerd"),
        ("", ""),
    ],
)
def test_what_a_kubelet_is_told_to_speak_to(shell: Shell, flags: str, cri: str) -> None:
    shell.file(FLAGS, flags)
    assert KubeletRuntime().process(shell.lines(KubeletRuntime().command())) == cri
