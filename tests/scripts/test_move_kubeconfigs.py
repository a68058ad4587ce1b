"""A host's kubeconfigs with another endpoint, or the former ones, beside a systemd and a runtime of the test's own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

OLD, NEW, OTHER = "https://10.0.1.157:6443", "https://api.k8s.example:6443", "https://10.9.9.9:6443"
KUBELET, ADMIN, SCHEDULER = (f"/etc/kubernetes/{name}.conf" for name in ("kubelet", "admin", "scheduler"))
ROOTS = "/root/.kube/config"
KEPT = "/var/lib/k8s-ha/kubeconfigs"

SYSTEMCTL = r"""
echo "$*" >>{root}/log
case $1 in
    show)
        process=7
        [ ! -e {root}/kubelet-ends ] || ! grep -q api.k8s {root}/etc/kubernetes/kubelet.conf || process=$RANDOM$RANDOM
        echo MainPID=$process
        ;;
esac
"""
# A container that is stopped is started anew.
CRICTL = r"""
case $1 in
    ps)
        [ ! -e {root}/runtime-fails ] || { rm {root}/runtime-fails && exit 1; }
        echo "container$(wc -l <{root}/restarts)"
        ;;
    stop) echo . >>{root}/restarts ;;
esac
"""
KUBECTL = r"""
echo "kubectl $*" >>{root}/log
if [ -e {root}/unreached ] && grep -q api.k8s {root}/etc/kubernetes/kubelet.conf; then
    echo "x509: not valid for api" >&2
    exit 1
fi
"""


def kubeconfig(server: str, authority: str = "QUJD", more: str = "") -> str:
    cluster = f"- cluster:\n    certificate-authority-data: {authority}\n    server: {server}\n  name: kubernetes\n"
    return f"apiVersion: v1\nclusters:\n{cluster}{more}contexts: []\nkind: Config\nusers:\n- name: a\n  user: {{}}\n"


class Host:
    """A control plane whose kubelet, admin and root name the former endpoint, and its scheduler, too."""

    def __init__(self, root: Path) -> None:
        self.shell = Shell(root)
        for path in (KUBELET, ADMIN, SCHEDULER, ROOTS):
            self.shell.file(path, kubeconfig(OLD), 0o600)
        self.shell.file("/etc/kubernetes/manifests/kube-scheduler.yaml", "    - --bind-address=127.0.0.1\n")
        self.shell.file("/restarts")
        tools = {"systemctl": SYSTEMCTL, "crictl": CRICTL, "kubectl": KUBECTL, "curl": "[ ! -e {root}/down ]"}
        for name, body in {**tools, "sync": ":", "sleep": ":"}.items():
            self.shell.add_tool(name, body.replace("{root}", str(root)))

    def run(
        self, action: str = "move", files: tuple[str, ...] = (ADMIN, KUBELET, ROOTS), **values: str
    ) -> subprocess.CompletedProcess[str]:
        given = {"HOST": "master1", "ACTION": action, "FILES": " ".join(files), "FORMER": f"{OTHER} {OLD}"}
        given |= {"SERVER": NEW, "AUTHORITIES": "REVG QUJD", "CHANGE": "one", "COMPONENTS": "", "IS_NODE": "yes"}
        given |= {"ADDRESS": "10.0.11.18", "RUNTIME": "containerd", "LIMIT": "1", **values}
        parts = ("facts/etcd.sh", "copied.sh", "static-pod.sh", "kubelet-is-up.sh", "kubeconfig-clusters.sh")
        return self.shell.run(shell_variables(given) + "".join(map(read_file, (*parts, "move-kubeconfigs.sh"))))

    def path(self, path: str) -> Path:
        return self.shell.root / path.lstrip("/")

    def held(self, path: str) -> str:
        return self.path(path).read_text(encoding="utf-8")

    @property
    def log(self) -> list[str]:
        return self.held("/log").splitlines() if self.path("/log").exists() else []

    @property
    def restarts(self) -> int:
        return len(self.held("/restarts").splitlines())

    def names(self, server: str, *paths: str) -> bool:
        return all(self.held(path) == kubeconfig(server) for path in paths)

    def is_kept(self) -> bool:
        return self.path(KEPT).exists()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


RESTART = "restart kubelet.service"


def test_they_name_the_endpoint_and_the_former_ones_are_kept_until_the_node_is_ready(host: Host) -> None:
    done = host.run()
    assert done.returncode == 0, done.stderr
    assert host.names(NEW, ADMIN, KUBELET, ROOTS)
    assert host.names(OLD, SCHEDULER)
    assert (host.log.count(RESTART), host.restarts, host.is_kept()) == (1, 0, True)
    assert host.path(KEPT).stat().st_mode & 0o777 == 0o700
    assert host.run("keep").returncode == 0
    assert not host.is_kept()


def test_the_way_is_proved_before_the_kubelet_restarts(host: Host) -> None:
    assert host.run().returncode == 0
    asked = next(number for number, line in enumerate(host.log) if line.startswith("kubectl --kubeconfig"))
    assert asked < host.log.index(RESTART)


def test_a_static_pod_that_reads_one_is_restarted(host: Host) -> None:
    assert host.run(files=(SCHEDULER,)).returncode == 0
    assert (host.names(NEW, SCHEDULER), host.restarts, RESTART in host.log) == (True, 1, False)


def test_a_runtime_that_does_not_answer_has_not_said_that_nobody_reads_them(host: Host) -> None:
    host.shell.file("/runtime-fails")
    done = host.run(files=(SCHEDULER,))
    assert (done.returncode, host.names(OLD, SCHEDULER), host.restarts) == (1, True, 1)
    assert "its former kubeconfigs are back, and whoever reads them runs" in done.stderr


def test_where_nobody_reads_them_nothing_is_restarted(host: Host) -> None:
    assert host.run(files=(ROOTS,), IS_NODE="").returncode == 0
    assert (host.names(NEW, ROOTS), host.restarts, RESTART in host.log) == (True, 0, False)


@pytest.mark.parametrize(
    ("trouble", "words", "restarts"),
    [
        ("unreached", "it does not reach the API at https://api.k8s.example:6443", 1),
        ("kubelet-ends", "not all who read its kubeconfigs came up with the new endpoint", 2),
    ],
)
def test_where_it_does_not_serve_the_former_ones_are_back(host: Host, trouble: str, words: str, restarts: int) -> None:
    host.shell.file(f"/{trouble}")
    done = host.run()
    assert (done.returncode, host.names(OLD, ADMIN, KUBELET, ROOTS)) == (1, True)
    assert f"master1: {words}; its former kubeconfigs are back, and whoever reads them runs" in done.stderr
    assert (host.log.count(RESTART), host.is_kept()) == (restarts, False)


def test_a_node_that_does_not_become_ready_gets_them_back(host: Host) -> None:
    host.run()
    assert host.run("restore", ()).returncode == 0
    assert (host.names(OLD, ADMIN, KUBELET, ROOTS), host.is_kept(), host.log.count(RESTART)) == (True, False, 2)


def test_where_none_is_kept_none_is_put_back(host: Host) -> None:
    assert host.run("restore", ()).returncode == 1
    assert host.names(OLD, ADMIN, KUBELET, ROOTS)


@pytest.mark.parametrize("written", [(), (ADMIN,), (ADMIN, KUBELET, ROOTS)])
def test_a_run_that_was_cut_off_restarts_who_reads_what_is_kept(host: Host, written: tuple[str, ...]) -> None:
    for path in (ADMIN, KUBELET, ROOTS):
        host.shell.file(f"{KEPT}/{path.rpartition('/')[2]}", kubeconfig(OLD), 0o600)
    lines = "".join(f"{path.rpartition('/')[2]} {host.path(path)}\n" for path in (ADMIN, KUBELET, ROOTS))
    host.shell.file(f"{KEPT}/list", lines)
    host.shell.file(f"{KEPT}/change", "one\n")
    for path in written:
        host.shell.file(path, kubeconfig(NEW), 0o600)
    done = host.run(files=tuple(path for path in (ADMIN, KUBELET, ROOTS) if path not in written))
    assert done.returncode == 0, done.stderr
    assert (host.names(NEW, ADMIN, KUBELET, ROOTS), host.log.count(RESTART)) == (True, 1)


def test_what_another_change_has_kept_is_not_what_is_put_back(host: Host) -> None:
    host.shell.file(f"{KEPT}/kubelet.conf", kubeconfig(OTHER))
    host.shell.file(f"{KEPT}/list", f"kubelet.conf {host.path(KUBELET)}\n")
    host.shell.file(f"{KEPT}/change", "another\n")
    host.shell.file("/unreached")
    assert host.run().returncode == 1
    assert host.names(OLD, ADMIN, KUBELET, ROOTS)


def test_copies_of_a_change_that_never_began_are_not_put_back(host: Host) -> None:
    host.shell.file(f"{KEPT}/kubelet.conf", kubeconfig(OTHER))
    host.shell.file(f"{KEPT}/list", f"kubelet.conf {host.path(KUBELET)}\n")
    host.shell.file("/unreached")
    assert host.run().returncode == 1
    assert host.names(OLD, ADMIN, KUBELET, ROOTS)


def test_only_this_clusters_server_is_changed_in_a_file_of_several(host: Host) -> None:
    other = f"- cluster:\n    server: {OLD}\n    certificate-authority-data: T1RIRVI=\n  name: b\n"
    far = f"- name: c\n  cluster:\n    certificate-authority-data: QUJD\n    server: {NEW}5\n"
    host.shell.file(ROOTS, kubeconfig(OLD, "REVG", other + far), 0o600)
    assert host.run(files=(ROOTS,)).returncode == 0
    assert host.held(ROOTS) == kubeconfig(NEW, "REVG", other + far)


def test_mode_and_links_of_the_owners_file_stay(host: Host) -> None:
    real, twin = host.path("/root/mine"), host.path("/root/twin")
    host.path(ROOTS).rename(real)
    os.link(real, twin)
    host.path(ROOTS).symlink_to(real)
    real.chmod(0o640)
    assert host.run(files=(ROOTS,)).returncode == 0
    assert host.path(ROOTS).is_symlink()
    assert real.stat().st_ino == twin.stat().st_ino
    assert real.stat().st_mode & 0o777 == 0o640
    assert twin.read_text(encoding="utf-8") == kubeconfig(NEW)


def test_a_file_that_kubectl_shares_with_root_is_changed_once(host: Host) -> None:
    host.path(ROOTS).unlink()
    host.path(ROOTS).symlink_to(host.path(ADMIN))
    assert host.run(files=(ADMIN, ROOTS)).returncode == 0
    assert host.names(NEW, ADMIN)
    assert host.run("restore", ()).returncode == 0
    assert host.names(OLD, ADMIN)


def test_no_key_is_left_beside(host: Host) -> None:
    host.run()
    kept = {path.name for path in host.path(KEPT).iterdir()}
    assert kept == {"admin.conf", "kubelet.conf", "config", "list", "change"}
    host.run("keep")
    left = [path.name for path in host.shell.root.rglob("*") if path.is_file()]
    assert [name for name in left if name.endswith("new")] == []
