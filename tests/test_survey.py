"""The survey script, run for real, on what decides about a host before the first change."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8s_ha.facts.survey import Survey
from k8s_ha.node_state import HostSurvey
from tests.shell_bench import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("systemctl", "exit 3")
    shell.add_tool("rpm", "exit 1")
    return shell


def surveyed(shell: Shell) -> HostSurvey:
    return Survey().process(shell.lines(Survey().command()))


def test_the_kernel_and_the_cgroups(shell: Shell) -> None:
    shell.add_tool("uname", "case $1 in -r) echo 3.10.0-1160.el7.x86_64 ;; -m) echo x86_64 ;; *) echo host ;; esac")
    for kind, version in {"tmpfs": 1, "cgroup2fs": 2}.items():
        shell.add_tool("stat", f"echo {kind}")
        found = surveyed(shell)
        assert (found.kernel, found.kernel_version, found.cgroup) == ("3.10.0-1160.el7.x86_64", (3, 10), version)


def test_packages_that_a_runtime_conflicts_with(shell: Shell) -> None:
    assert surveyed(shell).conflicting == {}
    lines = "conflicting podman 4.9.4-1.el8\\npackage buildah is not installed\\nconflicting runc 1.1.12-1.el8\\n"
    shell.add_tool("rpm", f'case "$*" in *podman*) printf "{lines}"; exit 1 ;; esac')
    assert surveyed(shell).conflicting == {"podman": "4.9.4-1.el8", "runc": "1.1.12-1.el8"}


@pytest.mark.parametrize(
    ("text", "extras"),
    [
        ("[base]\nenabled=1\n", False),
        ("[extras]\nname=x\n", True),
        ("[rhel-7-server-extras-rpms]\nenabled = 1\n", True),
        ("[rhel-7-server-extras-rpms]\nenabled = 0\n", False),
        ("[extras]\nenabled=0\n[base]\nenabled=1\n", False),
        ("[base]\nenabled=0\n[extras]\n", True),
    ],
)
def test_a_repository_of_extras(shell: Shell, text: str, extras: bool) -> None:
    shell.file("/etc/yum.repos.d/some.repo", text)
    assert surveyed(shell).extras is extras


def test_a_host_without_any_repository(shell: Shell) -> None:
    assert surveyed(shell).extras is False
