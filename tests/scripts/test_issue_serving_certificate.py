"""An API server's certificate made anew, or put back, beside a kubelet and a runtime of the test's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
OUTSIDE = "/etc/kubernetes/k8s-ha/kube-apiserver.yaml"
PKI = "/etc/kubernetes/pki"
KEPT = "/var/lib/k8s-ha/apiserver-certificate"
CONFIG = "/run/k8s-ha/certificate.yaml"

# While its manifest is in the folder a container runs, another one after each time that it was away.
CRICTL = r"""
case $1 in logs) echo "a reason"; exit 0 ;; ps) ;; *) exit 1 ;; esac
if [ ! -e {root}/etc/kubernetes/manifests/kube-apiserver.yaml ]; then
    [ -e {root}/away ] || echo . >>{root}/restarts
    touch {root}/away
    exit 0
fi
rm -f {root}/away
echo "container$(wc -l <{root}/restarts)"
"""
KUBEADM = r"""
[ ! -e {root}/etc/kubernetes/pki/apiserver.crt ] || exit 1
[ ! -e {root}/kubeadm-fails ] || exit 1
echo new >{root}/etc/kubernetes/pki/apiserver.crt
echo new >{root}/etc/kubernetes/pki/apiserver.key
"""
SERVES = "! {{ [ -e {root}/breaks ] && grep -q new {root}/etc/kubernetes/pki/apiserver.crt; }} && [ ! -e {root}/down ]"


class Host:
    """A control plane with a certificate that says ``old``."""

    def __init__(self, root: Path) -> None:
        self.shell = Shell(root)
        self.shell.file(MANIFEST, "kind: Pod\n", 0o600)
        self.shell.file(f"{PKI}/apiserver.crt", "old\n")
        self.shell.file(f"{PKI}/apiserver.key", "old\n", 0o600)
        self.shell.file(CONFIG, "", 0o600)
        self.shell.file("/restarts")
        for name, body in {"crictl": CRICTL, "kubeadm": KUBEADM, "kubectl": SERVES}.items():
            self.shell.add_tool(name, body.format(root=root))
        self.shell.add_tool("systemctl", ":")
        self.shell.add_tool("sleep", "exec /bin/sleep 0.01")

    def run(self) -> subprocess.CompletedProcess[str]:
        values = {"HOST": "master1", "ADDRESS": "10.0.0.1", "RUNTIME": "containerd", "LIMIT": "1", "CONFIG": CONFIG}
        values["CHANGE"] = "one"
        scripts = ("facts/etcd.sh", "static-pod.sh", "issue-serving-certificate.sh")
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
    """Whether the manifest is in its folder, and nothing is left of the change."""
    return host.held(MANIFEST) == "kind: Pod\n" and host.held(f"{KEPT}/apiserver.key") is None is host.held(CONFIG)


def test_the_server_is_restarted_with_its_new_certificate(host: Host) -> None:
    done = host.run()
    assert done.returncode == 0, done.stderr
    assert (host.has_pair("new"), host.restarts, whole(host)) == (True, 1, True)


def test_a_certificate_that_kubeadm_does_not_make_is_put_back_without_a_restart(host: Host) -> None:
    host.shell.file("/kubeadm-fails")
    done = host.run()
    assert (done.returncode, host.has_pair("old"), host.restarts, whole(host)) == (1, True, 0, True)
    assert done.stderr == (
        "master1: kubeadm made no certificate of its API server; its old certificate is back and serves; see the lines "
        "above, then run this again.\n"
    )


def test_one_that_does_not_serve_is_put_back_with_a_restart(host: Host) -> None:
    host.shell.file("/breaks")
    done = host.run()
    assert (done.returncode, host.has_pair("old"), host.restarts, whole(host)) == (1, True, 2, True)
    assert "does not serve with its new certificate; its old certificate is back and serves" in done.stderr
    assert "a reason" in done.stdout


def test_one_that_serves_with_neither_says_so_and_keeps_the_old_one(host: Host) -> None:
    host.shell.file("/down")
    done = host.run()
    assert (done.returncode, host.has_pair("old"), host.held(MANIFEST)) == (1, True, "kind: Pod\n")
    assert "nor does it serve with its old certificate" in done.stderr
    assert host.held(f"{KEPT}/apiserver.key") == "old\n"


def test_what_another_change_has_left_is_not_what_is_put_back(host: Host) -> None:
    for name in ("apiserver.crt", "apiserver.key"):
        host.shell.file(f"{KEPT}/{name}", "older\n")
    host.shell.file(f"{KEPT}/change", "another\n")
    host.shell.file("/breaks")
    assert (host.run().returncode, host.has_pair("old")) == (1, True)


def test_a_run_that_was_cut_off_is_gone_on_with(host: Host) -> None:
    host.shell.file(f"{KEPT}/change", "one\n")
    host.shell.file(f"{KEPT}/apiserver.crt", "old\n")
    host.shell.file(f"{KEPT}/apiserver.key", "old\n")
    (host.shell.root / f"{PKI}/apiserver.crt".lstrip("/")).write_text("half", encoding="utf-8")
    manifest = host.shell.root / MANIFEST.lstrip("/")
    outside = host.shell.file(OUTSIDE, manifest.read_text(encoding="utf-8"))
    manifest.unlink()
    host.shell.file("/breaks")
    done = host.run()
    assert (done.returncode, host.has_pair("old"), whole(host), outside.exists()) == (1, True, True, False)
