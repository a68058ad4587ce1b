"""Images are pulled before a host joins: what it does not need is left, and no failure on the way is lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

IMAGES = ("registry/kube-apiserver:v1", "registry/kube-proxy:v1", "registry/pause:3.9")
NEEDED = "/(kube-proxy|pause):"
LISTED = f"cat >/dev/null; printf '%s\\n' {' '.join(IMAGES)}"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("kubeadm", LISTED)
    shell.add_tool("pull", f'echo "$1" >>{shell.file("/pulled")}')
    return shell


def pull(shell: Shell, needed: str = "", more: str = "") -> subprocess.CompletedProcess[str]:
    values = {"HOST": "worker1", "CONFIG": "kind: x\n", "NEEDED": needed, "MORE": more, "PULL": 'pull "$1"'}
    return shell.run(shell_variables(values) + read_file("pull-images.sh"))


def pulled(shell: Shell) -> set[str]:
    return set((shell.root / "pulled").read_text(encoding="utf-8").split())


@pytest.mark.parametrize(("needed", "images"), [("", IMAGES), (NEEDED, IMAGES[1:])])
def test_what_the_host_starts_is_pulled(shell: Shell, needed: str, images: tuple[str, ...]) -> None:
    assert pull(shell, needed, "flannel:1 cni:2").returncode == 0
    assert pulled(shell) == {*images, "flannel:1", "cni:2"}


@pytest.mark.parametrize("needed", ["", NEEDED])
@pytest.mark.parametrize(
    ("kubeadm", "reason"),
    [
        ("echo 'unknown field' >&2; exit 1", "`kubeadm config images list` failed"),
        (f"{LISTED}; exit 3", "`kubeadm config images list` failed"),
        ("cat >/dev/null", "`kubeadm config images list` names none that this host starts"),
    ],
)
def test_a_list_that_failed_is_not_an_empty_one(shell: Shell, kubeadm: str, reason: str, needed: str) -> None:
    shell.add_tool("kubeadm", kubeadm)
    done = pull(shell, needed, "flannel:1")
    assert done.returncode == 1
    assert done.stderr.endswith(f"worker1: no image was pulled: {reason}; see the lines above, then run this again.\n")
    assert pulled(shell) == set()


@pytest.mark.parametrize("grep", ["exit 1", "exit 2"])
def test_a_worker_that_needs_none_of_the_images_is_told(shell: Shell, grep: str) -> None:
    shell.add_tool("grep", f"cat >/dev/null; {grep}")
    done = pull(shell, NEEDED, "flannel:1")
    assert (done.returncode, pulled(shell)) == (1, set())


def test_a_pull_that_fails_fails_the_step(shell: Shell) -> None:
    shell.add_tool("pull", f'[ "$1" != {IMAGES[0]} ] && echo "$1" >>{shell.root / "pulled"}')
    assert pull(shell).returncode != 0
    assert pulled(shell) == set(IMAGES[1:])
