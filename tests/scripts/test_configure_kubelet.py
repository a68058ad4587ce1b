"""A kubelet's configuration written anew, or put back, beside a systemd of the test's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

CONFIG = "/var/lib/kubelet/config.yaml"
KEPT = "/var/lib/k8s-ha/kubelet-config"

SYSTEMCTL = r"""
echo "$*" >>{root}/log
case $1 in
    restart) echo . >>{root}/restarts ;;
    show)
        process=7
        grep -q bad {root}/var/lib/kubelet/config.yaml && process=$RANDOM$RANDOM
        echo MainPID=$process
        ;;
esac
"""
KUBEADM = 'echo "$*" >>{root}/log; cat {root}/wanted >{root}/var/lib/kubelet/config.yaml; [ ! -e {root}/kubeadm-fails ]'


class Host:
    """A node whose kubelet runs by ``maxPods: 110``, and ends with what says ``bad``."""

    def __init__(self, root: Path) -> None:
        self.shell = Shell(root)
        self.config = self.shell.file(CONFIG, "maxPods: 110\n", 0o644)
        self.wanted("maxPods: 200\n")
        self.shell.add_tool("systemctl", SYSTEMCTL.format(root=root))
        self.shell.add_tool("kubeadm", KUBEADM.format(root=root))
        self.shell.add_tool("journalctl", "echo 'I1127 started'; echo 'E1127 strict decoding error'")
        self.shell.add_tool("sleep", ":")

    def wanted(self, text: str) -> None:
        self.shell.file("/wanted", text)

    def run(self, action: str = "configure", change: str = "one") -> subprocess.CompletedProcess[str]:
        values = {"HOST": "worker1", "ACTION": action, "CHANGE": change}
        parts = ("copied.sh", "kubelet-is-up.sh", "configure-kubelet.sh")
        return self.shell.run(shell_variables(values) + "".join(map(read_file, parts)))

    @property
    def held(self) -> str:
        return self.config.read_text(encoding="utf-8")

    def has_kept(self) -> bool:
        return (self.shell.root / KEPT.lstrip("/")).exists()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_it_runs_by_its_new_file_and_the_old_one_is_kept_until_the_node_is_ready(host: Host) -> None:
    assert host.run().returncode == 0
    assert (host.held, host.has_kept()) == ("maxPods: 200\n", True)
    log = (host.shell.root / "log").read_text(encoding="utf-8").splitlines()
    assert log[:2] == ["upgrade node phase kubelet-config", "restart kubelet.service"]
    assert host.run("keep").returncode == 0
    assert (host.held, host.has_kept()) == ("maxPods: 200\n", False)


def test_a_node_that_does_not_become_ready_gets_its_old_file_back(host: Host) -> None:
    host.run()
    assert host.run("restore").returncode == 0
    assert (host.held, host.has_kept()) == ("maxPods: 110\n", False)


def test_one_that_does_not_come_up_gets_its_old_file_back(host: Host) -> None:
    host.wanted("bad\n")
    done = host.run()
    assert (done.returncode, host.held, host.has_kept()) == (1, "maxPods: 110\n", False)
    assert done.stdout == "E1127 strict decoding error\n"
    assert done.stderr == (
        "worker1: its kubelet did not come up with its new configuration; its old configuration is back and it runs; "
        "see the lines above, correct the setting, then run this again.\n"
    )


def test_where_kubeadm_fails_the_old_file_is_put_back(host: Host) -> None:
    host.shell.file("/kubeadm-fails")
    assert (host.run().returncode, host.held) == (1, "maxPods: 110\n")


@pytest.mark.parametrize(("change", "back"), [("one", "maxPods: 100\n"), ("another", "maxPods: 110\n")])
def test_what_is_put_back_is_what_stood_before_this_change(host: Host, change: str, back: str) -> None:
    host.shell.file(f"{KEPT}/config.yaml", "maxPods: 100\n")
    host.shell.file(f"{KEPT}/change", "one\n")
    host.wanted("bad\n")
    assert (host.run(change=change).returncode, host.held) == (1, back)
