"""A version's packages and images, fetched by the real script; yum and the runtime note what they are asked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

FOLDER = "/var/lib/k8s-ha/fetched-1.34.11"
MAIN = "[main]\ngpgcheck=1\nproxy=http://proxy.example:3128\nreposdir=/etc/others.d\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.file("/etc/yum.conf", MAIN)
    shell.file(f"{FOLDER}/repos/k8s-ha.repo", "[k8s-ha-kubernetes]\n")
    shell.add_tool("yum", f'echo "yum $*" >>{tmp_path}/asked; [ ! -e {tmp_path}/yum-fails ]')
    return shell


def fetch(shell: Shell, specs: str, images: str = "r.example/kube-proxy:v1") -> subprocess.CompletedProcess[str]:
    values = {
        "HOST": "worker1",
        "FOLDER": FOLDER,
        "OPTIONS": "--disableexcludes=k8s-ha-kubernetes",
        "SPECS": specs,
        "IMAGES": images,
        "PULL": f'echo "pull $1" >>{shell.root}/asked; [ ! -e {shell.root}/pull-fails ]',
    }
    return shell.run("set -f\n" + shell_variables(values) + read_file("fetch-version.sh"))


def asked(shell: Shell) -> list[str]:
    return (shell.root / "asked").read_text(encoding="utf-8").replace(str(shell.root), "").splitlines()


def test_packages_are_fetched_by_a_configuration_of_its_own(shell: Shell) -> None:
    assert fetch(shell, "kubelet-1.34.11 cri-tools").returncode == 0
    assert asked(shell) == [
        f"yum -q -c {FOLDER}/yum.conf clean expire-cache",
        f"yum -y -c {FOLDER}/yum.conf --disableexcludes=k8s-ha-kubernetes install --downloadonly "
        "kubelet-1.34.11 cri-tools",
        "pull r.example/kube-proxy:v1",
    ]


def test_that_has_the_hosts_own_options_and_other_repositories(shell: Shell) -> None:
    fetch(shell, "kubelet-1.34.11")
    text = (shell.root / FOLDER[1:] / "yum.conf").read_text(encoding="utf-8").replace(str(shell.root), "")
    assert text == f"[main]\nreposdir={FOLDER}/repos\ngpgcheck=1\nproxy=http://proxy.example:3128\n"
    assert (shell.root / "etc/yum.conf").read_text(encoding="utf-8") == MAIN


def test_dnfs_own_options_go_before_yums(shell: Shell) -> None:
    shell.file("/etc/dnf/dnf.conf", "[main]\nbest=True\n")
    fetch(shell, "kubelet-1.34.11")
    assert "best=True" in (shell.root / FOLDER[1:] / "yum.conf").read_text(encoding="utf-8")


def test_where_all_packages_are_there_only_images_are_fetched(shell: Shell) -> None:
    done = fetch(shell, "")
    assert (done.returncode, done.stderr) == (0, "")
    assert asked(shell) == ["pull r.example/kube-proxy:v1"]


@pytest.mark.parametrize(("trouble", "words"), [("yum-fails", "packages"), ("pull-fails", "images")])
def test_what_cannot_be_had_is_named(shell: Shell, trouble: str, words: str) -> None:
    shell.file(f"/{trouble}")
    done = fetch(shell, "kubelet-1.34.11")
    assert done.returncode == 1
    assert done.stderr.startswith(f"worker1: {words} of the next version cannot be had: ")
