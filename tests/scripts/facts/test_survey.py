"""The survey script, run for real, on what decides about a host before the first change."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyinfra.api.exceptions import FactProcessError

from k8s_ha.desired.yum import UNFINISHED
from k8s_ha.facts.survey import Survey
from k8s_ha.observations.node import HostSurvey
from tests.support.node_views import recorded
from tests.support.shell_bench import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("systemctl", "exit 3")
    shell.add_tool("rpm", "exit 1")
    return shell


def surveyed(shell: Shell) -> HostSurvey:
    return Survey().process(shell.lines(Survey().command()))


def test_a_survey_of_a_node() -> None:
    assert Survey().parse(recorded("survey-node")) == HostSurvey(
        uid=0,
        os_id="rocky",
        os_like=("rhel", "centos", "fedora"),
        os_version="8.10",
        architecture="x86_64",
        hostname="master1",
        addresses=("10.0.11.18", "10.244.0.1"),
        network_manager=False,
        node=True,
        cri=None,
        kernel="4.18.0-553.el8_10.x86_64",
        cgroup=1,
        conflicting={},
        extras=False,
    )
    assert not Survey().parse(recorded("survey-balancer")).node


def test_a_survey_without_an_answer_is_none() -> None:
    with pytest.raises(FactProcessError, match="no uid"):
        Survey().parse(["Last login: yesterday"])


OS_RELEASES = {
    "rocky 8": ('ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="8.10"\n', "rocky", 8),
    "CentOS 7": ('ID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="7"\n', "centos", 7),
    "RHEL 9": ('ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"\n', "rhel", 9),
    "Debian": ('ID=debian\nVERSION_ID="12"\n', "debian", None),
}


@pytest.mark.parametrize(("os_release", "os_id", "el_major"), OS_RELEASES.values(), ids=OS_RELEASES)
def test_the_survey_script_reads_a_host(shell: Shell, os_release: str, os_id: str, el_major: int | None) -> None:
    shell.file("/etc/os-release", os_release)
    shell.add_tool("ip", 'echo "1: lo    inet 127.0.0.1/8 scope host lo"; echo "2: eth0    inet 10.0.11.18/16 scope x"')
    shell.add_tool("systemctl", "exit 3")
    survey = Survey().process(shell.lines(Survey().command()))
    assert (survey.uid, survey.os_id, survey.el_major) == (0, os_id, el_major)
    assert (survey.addresses, survey.network_manager, survey.node) == (("10.0.11.18",), False, False)
    shell.add_tool("systemctl", '[ "$*" = "-q is-active NetworkManager.service" ]')
    shell.file("/etc/kubernetes/kubelet.conf")
    survey = Survey().process(shell.lines(Survey().command()))
    assert (survey.network_manager, survey.node) == (True, True)


def test_the_survey_script_takes_a_host_without_any_of_it(shell: Shell) -> None:
    shell.add_tool("systemctl", "exit 127")
    survey = Survey().process(shell.lines(Survey().command()))
    assert (survey.os_id, survey.el_major, survey.node) == ("", None, False)


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


def test_packages_that_are_there_already(shell: Shell) -> None:
    shell.add_tool("rpm", 'case "$*" in *kubelet*) echo "installed kubelet 1.30.14-0" ;; esac')
    assert surveyed(shell).installed == {"kubelet": "1.30.14-0"}
    # They will be installed again, so their mirrors are needed.
    shell.file(UNFINISHED, "kubelet\n")
    assert surveyed(shell).installed == {}


@pytest.mark.parametrize(
    ("flags", "streams"),
    [
        ("--with-stream --with-stream_ssl_module", True),
        ("--with-http_v2_module --with-stream", True),
        ("--with-stream=dynamic --with-stream_ssl_module", False),
        ("--with-http_v2_module", False),
    ],
)
def test_an_nginx_that_needs_no_module_packages(shell: Shell, flags: str, streams: bool) -> None:
    shell.add_tool("nginx", f"printf 'nginx version: nginx/1.26.1\\nconfigure arguments: --prefix=/ {flags}\\n' >&2")
    assert surveyed(shell).nginx_streams is streams


def test_a_database_that_rpm_cannot_read(shell: Shell) -> None:
    assert surveyed(shell).rpm_error == ""
    lines = "error: rpmdb: BDB1507 Thread died\\nerror: cannot open Packages database in /var/lib/rpm\\n"
    shell.add_tool("rpm", f'printf "{lines}" >&2; echo "package podman is not installed"; exit 1')
    assert surveyed(shell).rpm_error == "rpmdb: BDB1507 Thread died"
    assert surveyed(shell).conflicting == {}


@pytest.mark.parametrize(
    ("flags", "configured", "cri"),
    [
        ("--container-runtime=remote --container-runtime-endpoint=/run/containerd/containerd.sock", "", "containerd"),
        ("--network-plugin=cni --pod-infra-container-image=registry.k8s.io/pause:3.2", "", "dockershim"),
        ("--container-runtime-endpoint=unix:///var/run/cri-dockerd.sock", "", "cri-dockerd"),
        ("--pod-infra-container-image=registry.k8s.io/pause:3.10", "", None),
        # kubeadm 1.37.2
        ("--node-ip=10.0.11.18", "unix:///run/containerd/containerd.sock", "containerd"),
        ("--node-ip=10.0.11.18", "unix:///var/run/cri-dockerd.sock", "cri-dockerd"),
        (
            "--container-runtime-endpoint=unix:///var/run/cri-dockerd.sock",
            "/run/containerd/containerd.sock",
            "cri-dockerd",
        ),
    ],
)
def test_what_the_kubelet_was_told_to_speak_to(shell: Shell, flags: str, configured: str, cri: str | None) -> None:
    assert surveyed(shell).cri is None
    shell.file("/var/lib/kubelet/kubeadm-flags.env", f'KUBELET_KUBEADM_ARGS="{flags}"\n')
    shell.file(
        "/var/lib/kubelet/config.yaml", f'clusterDomain: cluster.local\ncontainerRuntimeEndpoint: "{configured}"\n'
    )
    assert surveyed(shell).cri == cri


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


def test_the_shell_of_who_logs_in(shell: Shell) -> None:
    shell.add_tool("getent", '[ "$1" = passwd ] && echo "$2:x:1000:1000::/home/$2:/bin/shell-of-$2"')
    shell.add_tool("id", '[ "$*" = -un ] && echo root || echo 0')
    assert surveyed(shell).login_shell == "/bin/shell-of-root"
    script = f"SUDO_USER=ops\n{Survey().command()}"
    assert Survey().process(shell.lines(script)).login_shell == "/bin/shell-of-ops"
    shell.add_tool("getent", "exit 2")
    assert surveyed(shell).login_shell == ""


def test_a_host_without_any_repository(shell: Shell) -> None:
    assert surveyed(shell).extras is False
