"""A drained node taken from Docker to containerd, beside tools of the test's own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from k8s_ha.facts.kubelet_runtime import KubeletRuntime, KubeletRuntimeState
from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
DOCKER = r"""
echo "docker $*" >>{root}/log
case "$1 $2" in "-H unix://"*/docker.sock) shift 2 ;; *) exit 9 ;; esac
case "$*" in
    "ps -a --format"*) cat {root}/named 2>/dev/null || exit 1 ;;
    "ps -aq") cat {root}/pods 2>/dev/null ;;
    rm*) [ ! -e {root}/rm-fails ] || exit 1; rm -f {root}/pods ;;
esac
exit 0
"""
SYSTEMCTL = r"""
echo "systemctl $*" >>{root}/log
case "$*" in
    "cat cri-docker"*) exit 1 ;;
    *"is-active docker.service") [ ! -e {root}/docker-is-off ] ;;
    "start docker.service") [ ! -e {root}/docker-fails ] ;;
    "restart kubelet.service") [ ! -e {root}/kubelet-fails ] ;;
esac
"""
IPTABLES = r"""
case "$*" in
    *" -S") printf '%s\n' "-N CNI-DN-1a2b" "-N CNI-HOSTPORT-DNAT" "-N KUBE-SERVICES" ;;
    *) echo "iptables $*" >>{root}/log ;;
esac
"""
SHIM = 'KUBELET_KUBEADM_ARGS="--cgroup-driver=systemd --network-plugin=cni --node-ip=1.2.3.4 --v=2"\n'


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("docker", DOCKER.format(root=tmp_path))
    shell.add_tool("systemctl", SYSTEMCTL.format(root=tmp_path))
    shell.add_tool("iptables", IPTABLES.format(root=tmp_path))
    shell.file(FLAGS, SHIM, 0o640)
    shell.file("/named", "web-1 k8s_web\nweb-1 k8s_POD_web\n")
    shell.file("/pods", "aaa\nbbb\n")
    return shell


def run(shell: Shell, action: str, remote: str = "yes") -> subprocess.CompletedProcess[str]:
    socket = "unix:///run/containerd/containerd.sock"
    values = {"HOST": "worker1", "ACTION": action, "SOCKET": socket if action == "enter" else "", "REMOTE": remote}
    return shell.run(shell_variables(values) + read_file("docker-others.sh") + read_file("move-runtime.sh"))


def moved(shell: Shell) -> str:
    """The socket as the script finds it below the test's root."""
    return f"unix://{shell.root}/run/containerd/containerd.sock"


def did(shell: Shell) -> list[str]:
    log = shell.root / "log"
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def test_kubernetes_containers_go_and_docker_with_them(shell: Shell) -> None:
    leases = shell.file("/var/lib/cni/networks/cbr0/10.244.1.7", "aaa")
    done = run(shell, "leave")
    assert done.returncode == 0, done.stderr
    done_ = [re.sub(r"-H \S+ ", "", line) for line in did(shell) if not re.search(r" (cat|-q) | ps ", line)]
    assert done_ == [
        "systemctl stop kubelet.service",
        "docker stop -t 30 aaa bbb",
        "docker rm -f aaa bbb",
        "systemctl disable --now docker.socket",
        "systemctl disable --now docker.service",
        "iptables -w -t nat -F CNI-DN-1a2b",
        "iptables -w -t nat -F CNI-HOSTPORT-DNAT",
    ]
    assert not leases.exists()


def test_a_docker_with_containers_of_its_own_is_left_alone(shell: Shell) -> None:
    shell.file("/named", "web-1 k8s_web\n registry\n  proxy\n")
    done = run(shell, "leave")
    assert (
        done.stderr
        == "worker1: Docker has containers of its own: registry proxy ; move them away, then run this again.\n"
    )
    assert not [line for line in did(shell) if "stop" in line or "disable" in line or " rm " in line]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"/docker-is-off": "", "/docker-fails": ""},
            "docker.service could not be started; see `journalctl -u docker` there",
        ),
        ({"/named": None}, "Docker does not tell its containers; see the error above"),
        ({FLAGS: "KUBELET_KUBEADM_ARGS='--v=2'\n"}, 'has no line KUBELET_KUBEADM_ARGS="…"; write it again'),
        ({FLAGS: None}, 'has no line KUBELET_KUBEADM_ARGS="…"; write it again'),
    ],
)
def test_what_cannot_be_told_ends_it_with_nothing_done(shell: Shell, given: dict[str, str | None], said: str) -> None:
    for path, text in given.items():
        if text is None:
            (shell.root / path.lstrip("/")).unlink()
        else:
            shell.file(path, text)
    done = run(shell, "leave")
    assert done.returncode == 1
    assert said in done.stderr
    assert not [line for line in did(shell) if "stop kubelet" in line or "disable" in line or " rm " in line]


def test_one_that_was_stopped_in_between_is_asked_again(shell: Shell) -> None:
    shell.file("/docker-is-off")
    assert run(shell, "leave").returncode == 0
    assert "systemctl start docker.service" in did(shell)


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


def test_whatever_else_stands_in_the_flags_stays(shell: Shell) -> None:
    """kubeadm escapes quotes; somebody may have added a line."""
    shell.file(FLAGS, '# mine\nKUBELET_KUBEADM_ARGS="--network-plugin=cni --node-labels=a=\\"b\\" --v=2" \nMORE=1\n')
    assert run(shell, "enter", "").returncode == 0
    assert (shell.root / FLAGS.lstrip("/")).read_text(encoding="utf-8") == (
        '# mine\nKUBELET_KUBEADM_ARGS=" --node-labels=a=\\"b\\" --v=2 '
        f'--container-runtime-endpoint={moved(shell)}"\nMORE=1\n'
    )


@pytest.mark.parametrize(
    ("flags", "cri", "odd"),
    [
        (SHIM, "dockershim", False),
        ('KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///var/run/cri-dockerd.sock"', "cri-dockerd", False),
        (
            'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock"',
            "containerd",
            False,
        ),
        ("KUBELET_KUBEADM_ARGS='--network-plugin=cni'", "dockershim", True),
        ("", "", True),
    ],
)
def test_what_a_kubelet_is_told_to_speak_to(shell: Shell, flags: str, cri: str, odd: bool) -> None:
    shell.file(FLAGS, flags)
    lines = shell.lines(KubeletRuntime().command())
    assert KubeletRuntime().process(lines) == KubeletRuntimeState(cri, is_active=True)
    assert ("kubelet_flags odd" in lines) is odd
