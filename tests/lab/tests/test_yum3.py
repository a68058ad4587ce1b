"""CentOS 7's yum in the lab: the words and exit codes of yum 3.4.3, no trace of dnf's own verbs; and a power cut."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from subprocess import CompletedProcess
from threading import Thread

import pytest

from k8s_ha.desired.yum import UNFINISHED
from tests.lab.build.hosts import TREES
from tests.lab.client import Lab

ARGUMENTS = runpy.run_path(str(TREES / "el-7/usr/share/yum-cli/arguments.py"))
MISTAKES = [
    ("module list", 1, "No such command: module. Please use /usr/bin/yum --help"),
    ("repoquery docker-ce", 1, "No such command: repoquery. Please use /usr/bin/yum --help"),
    ("builddep x", 1, "No such command: builddep. Please use /usr/bin/yum --help"),
    ("config-manager --add-repo x", 1, "Command line error: no such option: --add-repo"),
    ("-y install x --allowerasing", 1, "Command line error: no such option: --allowerasing"),
    ("--nobest install x", 1, "Command line error: no such option: --nobest"),
    ("--setopt=module_hotfixes install x", 1, "Command line error: setopt argument has no value: module_hotfixes"),
    ("-y", 1, "Command line error: You need to give some command"),
    ("-y install", 1, "Error: Need to pass a list of pkgs to install"),
    ("history", 70, "The lab's yum lacks the command history of yum 3; add it to the lab, or do without."),
    ("--downloadonly install x", 70, "The lab's yum lacks the option --downloadonly of yum 3; add it to the lab, or"),
]


@pytest.mark.parametrize(("line", "code", "words"), MISTAKES)
def test_a_mistake_has_yum_3s_words_and_exit_code(
    line: str, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        ARGUMENTS["parse"](line.split())
    assert ended.value.code == code
    assert words in capsys.readouterr().err


def test_options_stand_before_and_behind_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    line = "-y --disableexcludes=a,b erase --disablerepo=* one --enablerepo=c,d two --setopt=c.timeout=5 -x three"
    options, command, words = ARGUMENTS["parse"](line.split())
    assert (command, words) == ("remove", ["one", "two"])
    assert options.repositories == [(False, "*"), (True, "c"), (True, "d")]
    assert (options.disableexcludes, options.exclude, options.settings) == (
        ["a", "b"],
        ["three"],
        [("c.timeout", "5")],
    )
    assert capsys.readouterr().out == "Loaded plugins: fastestmirror\n"


def test_no_command_is_both_done_and_lacking() -> None:
    assert not set(ARGUMENTS["COMMANDS"]) & set(ARGUMENTS["LACKING_COMMANDS"])


VAULT = """
for name in os updates extras; do
    printf '[%s]\\nname=%s\\nbaseurl=http://vault.centos.org/7.9.2009/%s/$basearch/\\n' $name $name $name
    printf 'gpgcheck=1\\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7\\n'
done >/etc/yum.repos.d/CentOS-Base.repo
cat >/etc/yum.repos.d/docker.repo <<'END'
[docker]
name=Docker
baseurl=https://download.docker.com/linux/centos/7/$basearch/stable
gpgcheck=1
gpgkey=https://download.docker.com/linux/centos/gpg
exclude=docker-ce
END
"""
DEAD_PROXY = "sed -i '/^\\[main\\]/a proxy=http://127.0.0.1:9' /etc/yum.conf"
# In this order on one clean host: what is run, its exit code, and lines of its output.
STORY: list[tuple[str, int, list[str]]] = [
    ("! command -v dnf && ! command -v dnf-3 && ! command -v python && ! command -v python3", 0, []),
    ("yum -y install socat", 1, ["Cannot find a valid baseurl for repo: base/7/x86_64"]),
    (VAULT, 0, []),
    ("yum -y install docker-ce", 1, ["No package docker-ce available.", "Error: Nothing to do"]),
    (
        "yum -y --disablerepo=extras --disableexcludes=docker install docker-ce",
        1,
        [
            "Error: Package: 3:docker-ce-20.10.24-3.el7.x86_64 (docker)",
            "           Requires: container-selinux >= 2:2.74",
            " You could try using --skip-broken to work around the problem",
        ],
    ),
    ("rpm -q docker-ce containerd.io", 2, ["package docker-ce is not installed"]),
    # The trap: success, although one of them is missing.
    ("yum -y install socat no-such-package", 0, ["No package no-such-package available.", "Complete!"]),
    ("rpm -q socat", 0, ["socat-1.7.3.2-2.el7.x86_64"]),
    ("yum -y install socat", 0, ["Package socat-1.7.3.2-2.el7.x86_64 already installed and latest version"]),
    ("yum -y reinstall socat", 0, ["Complete!"]),
    ("yum -y reinstall no-such-package", 1, ["No Match for argument: no-such-package", "Error: Nothing to do"]),
    ("yum -y install containerd.io-1.2.6", 0, ["Complete!"]),
    ("yum check-update", 100, []),
    ("yum -y update", 0, ["Complete!"]),
    ("yum check-update", 0, []),
    (
        "yum -y install containerd.io-1.2.6",
        0,
        [
            "Package matching containerd.io-1.2.6-3.3.el7.x86_64 already installed. Checking for update.",
            "Nothing to do",
        ],
    ),
    ("yum -y install https://download.docker.com/none.rpm", 1, ["Error: Nothing to do"]),
    ("yum -y remove socat no-such-package", 0, ["No Match for argument: no-such-package", "Complete!"]),
    ("rpm -q socat", 1, ["package socat is not installed"]),
    ("yum clean everything", 1, ["Error: invalid clean argument: 'everything'"]),
    # What was read once holds for hours, unless it is expired.
    (DEAD_PROXY, 0, []),
    ("yum list socat", 0, ["Available Packages"]),
    ("yum -q clean expire-cache && yum list socat", 1, []),
    ("sed -i /^proxy=/d /etc/yum.conf && yum list socat", 0, ["Available Packages"]),
    ("yum clean all; ls /var/cache/yum/x86_64", 2, []),
    ("sed -i s/stable/none/ /etc/yum.repos.d/docker.repo", 0, []),
    ("yum -y install socat", 1, ["failure: repodata/repomd.xml from docker: [Errno 256] No more mirrors to try."]),
    ("yum -y --setopt=docker.skip_if_unavailable=1 install socat", 0, ["Complete!"]),
]


@pytest.fixture(scope="module")
def lab(document_lab: Lab) -> Iterator[Lab]:
    yield document_lab


@pytest.mark.lab
@pytest.mark.long
def test_the_story_of_a_virgin_centos_7(lab: Lab) -> None:
    for command, code, lines in STORY:
        done = lab.run("exec", "worker1", "--", "sh", "-c", f"({command}) 2>&1")
        assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}"
        printed = done.stdout.splitlines()
        assert [line for line in lines if line not in printed] == [], f"{command}:\n{done.stdout}"


CUT_OFF = "worker2"
PACKAGES = "kubelet kubeadm kubectl kubernetes-cni cri-tools socat"


def kubernetes_packages(lab: Lab) -> CompletedProcess[str]:
    """A run of that phase on one host."""
    return lab.pyinfra("-y", "--json", "--limit", CUT_OFF, deploy="k8s_ha.kubernetes_packages")


def changed(run: CompletedProcess[str]) -> int:
    """How many operations changed something, and none failed."""
    totals = json.loads(run.stdout)["results"]["totals"]
    assert totals["error"] == 0, run.stderr
    return int(totals["success"])


@pytest.mark.lab
@pytest.mark.long
def test_a_power_cut_while_packages_are_installed_is_made_up_for(lab: Lab) -> None:
    repositories = lab.pyinfra("-y", "--limit", CUT_OFF, deploy="k8s_ha.repositories")
    assert repositories.returncode == 0, repositories.stderr
    cut_off = Thread(target=kubernetes_packages, args=[lab])
    cut_off.start()
    lab.host(CUT_OFF, "timeout 120 sh -c 'until rpm -q kubelet; do :; done'")
    lab.run("power", CUT_OFF, "kill", check=True)
    lab.run("power", CUT_OFF, "on", check=True)
    cut_off.join()
    # rpm calls kubelet installed. The machine's page cache survives in the lab; what a host may lose with its own:
    lab.host(CUT_OFF, "rpm -q kubelet && : >/usr/bin/kubelet && rm /opt/cni/bin/bridge")
    assert "kubelet" in lab.host(CUT_OFF, f"cat {UNFINISHED}").split()
    assert changed(kubernetes_packages(lab)) == 2  # and the kubelet is enabled
    assert lab.host(CUT_OFF, f"rpm -V {PACKAGES}; ls {UNFINISHED}", check=False) == ""
    assert changed(kubernetes_packages(lab)) == 0
