"""An API server's certificate made anew, or put back, beside a kubelet and a runtime of the test's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
PKI = "/etc/kubernetes/pki"
KEPT = "/var/lib/k8s-ha/apiserver-certificate"
CONFIG = "/run/k8s-ha/certificate.yaml"
NEW = "/var/lib/k8s-ha/new-certificate"

# A container that is stopped is started anew, with the pair that lies there now.
CRICTL = r"""
case $1 in
    logs) echo "a reason" ;;
    ps)
        echo . >>{root}/asked
        [ "$(wc -l <{root}/asked)" != "$(cat {root}/runtime-fails-at 2>/dev/null)" ] || exit 1
        echo "container$(wc -l <{root}/restarts)"
        ;;
    stop) echo . >>{root}/restarts ;;
    *) exit 1 ;;
esac
"""
KUBEADM = r"""
cd {root}/var/lib/k8s-ha/new-certificate && [ ! -e apiserver.crt ] || exit 1
[ "$(cat ca.crt ca.key)" = "$(echo ca; echo ca)" ] || exit 1
[ ! -e {root}/kubeadm-fails ] || exit 1
echo new >apiserver.crt
echo new >apiserver.key
"""
SERVES = "! {{ [ -e {root}/breaks ] && grep -q new {root}/etc/kubernetes/pki/apiserver.crt; }} && [ ! -e {root}/down ]"


class Host:
    """A control plane with a certificate that says ``old``."""

    def __init__(self, root: Path) -> None:
        self.shell = Shell(root)
        self.shell.file(MANIFEST, "kind: Pod\n", 0o600)
        self.shell.file(f"{PKI}/apiserver.crt", "old\n")
        self.shell.file(f"{PKI}/apiserver.key", "old\n", 0o600)
        for name in ("ca.crt", "ca.key"):
            self.shell.file(f"{PKI}/{name}", "ca\n")
        self.shell.file(CONFIG, "", 0o600)
        self.shell.file("/restarts")
        for name, body in {"crictl": CRICTL, "kubeadm": KUBEADM, "kubectl": SERVES}.items():
            self.shell.add_tool(name, body.format(root=root))
        self.shell.add_tool("systemctl", ":")
        self.shell.add_tool("sleep", "exec /bin/sleep 0.01")

    def run(self) -> subprocess.CompletedProcess[str]:
        values = {"HOST": "master1", "ADDRESS": "10.0.0.1", "RUNTIME": "containerd", "LIMIT": "1", "CONFIG": CONFIG}
        values |= {"CHANGE": "one", "FOLDER": NEW}
        scripts = ("facts/etcd.sh", "copied.sh", "static-pod.sh", "issue-serving-certificate.sh")
        return self.shell.run(shell_variables(values) + "".join(map(read_file, scripts)))

    def held(self, path: str) -> str | None:
        file = self.shell.root / path.lstrip("/")
        return file.read_text(encoding="utf-8") if file.is_file() else None

    def has_pair(self, text: str) -> bool:
        return self.held(f"{PKI}/apiserver.crt") == self.held(f"{PKI}/apiserver.key") == f"{text}\n"

    @property
    def restarts(self) -> int:
        return len((self.held("/restarts") or "").splitlines())


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def whole(host: Host) -> bool:
    """Whether nothing is left of the change."""
    return not any((host.shell.root / path.lstrip("/")).exists() for path in (KEPT, CONFIG, NEW))


def test_the_server_is_restarted_with_its_new_certificate(host: Host) -> None:
    done = host.run()
    assert done.returncode == 0, done.stderr
    assert (host.has_pair("new"), host.restarts, whole(host)) == (True, 1, True)
    assert (host.shell.root / f"{PKI}/apiserver.key".lstrip("/")).stat().st_mode & 0o777 == 0o644  # as kubeadm made it


def test_a_certificate_that_kubeadm_does_not_make_leaves_all_as_it_is(host: Host) -> None:
    host.shell.file("/kubeadm-fails")
    done = host.run()
    assert (done.returncode, host.has_pair("old"), host.restarts, host.held(f"{KEPT}/apiserver.key")) == (
        1,
        True,
        0,
        None,
    )
    assert done.stderr == (
        "master1: kubeadm made no certificate of its API server, and the old one stays; see the lines above, then run "
        "this again.\n"
    )


def test_a_runtime_that_stops_to_answer_has_not_said_that_no_server_runs(host: Host) -> None:
    """It is asked three times before the first change, and then for what is to be restarted."""
    host.shell.file("/runtime-fails-at", "4")
    done = host.run()
    assert (done.returncode, host.has_pair("old"), host.restarts) == (1, True, 1)
    assert "its old certificate is back and serves" in done.stderr


def test_one_that_does_not_serve_is_put_back_with_a_restart(host: Host) -> None:
    host.shell.file("/breaks")
    done = host.run()
    assert (done.returncode, host.has_pair("old"), host.restarts, whole(host)) == (1, True, 2, True)
    assert "does not serve with its new certificate; its old certificate is back and serves" in done.stderr
    assert "a reason" in done.stdout


def test_one_that_serves_with_neither_says_so_and_keeps_the_old_one(host: Host) -> None:
    host.shell.file("/down")
    done = host.run()
    assert (done.returncode, host.has_pair("old")) == (1, True)
    assert "nor does it serve with its old certificate" in done.stderr
    assert host.held(f"{KEPT}/apiserver.key") == "old\n"


def test_what_another_change_has_left_is_not_what_is_put_back(host: Host) -> None:
    for name in ("apiserver.crt", "apiserver.key"):
        host.shell.file(f"{KEPT}/{name}", "older\n")
    host.shell.file(f"{KEPT}/change", "another\n")
    host.shell.file("/breaks")
    assert (host.run().returncode, host.has_pair("old")) == (1, True)


@pytest.mark.parametrize("breaks", [False, True])
def test_a_run_that_was_cut_off_between_its_two_files_is_gone_on_with(host: Host, breaks: bool) -> None:
    host.shell.file(f"{KEPT}/change", "one\n")
    for name in ("apiserver.crt", "apiserver.key"):
        host.shell.file(f"{KEPT}/{name}", "old\n")
    host.shell.file(f"{NEW}/apiserver.crt", "new\n")
    (host.shell.root / f"{PKI}/apiserver.key".lstrip("/")).write_text("new\n", encoding="utf-8")
    if breaks:
        host.shell.file("/breaks")
    done = host.run()
    assert (done.returncode, whole(host)) == (int(breaks), True), done.stderr
    assert host.has_pair("old" if breaks else "new")
