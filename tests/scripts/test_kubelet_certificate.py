"""A kubelet's certificate made on a control plane and put in place on its node, beside tools of the test's own."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nnew\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nSECRET\n-----END RSA PRIVATE KEY-----\n"
FROM = "/run/k8s-ha/kubelet-client.1a2b.pem"
UNFINISHED = "/var/lib/k8s-ha/kubelet-certificate"
PARTS = ("copied.sh", "kubelet-is-up.sh", "install-kubelet-certificate.sh")
FOLDER = "/var/lib/kubelet/pki"
CURRENT = f"{FOLDER}/kubelet-client-current.pem"
CONF = "/etc/kubernetes/kubelet.conf"
NAMED = f"    client-certificate: {CURRENT}\n    client-key: {CURRENT}\n"
# One of another boot each time, where it does not stay up.
SYSTEMCTL = r"""
case $1 in
    restart) echo . >>{root}/restarts; [ ! -e {root}/no-start ] ;;
    show) [ ! -e {root}/ends ] || echo . >>{root}/looks; echo "MainPID=$(wc -l 2>/dev/null <{root}/looks)" ;;
esac
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("systemctl", SYSTEMCTL.format(root=tmp_path))
    shell.add_tool("sleep", ":")
    shell.add_tool("journalctl", 'echo "I0101 a note"; echo "E0101 why"')
    shell.file(CONF, f"server: https://10.0.0.1:6443\n{NAMED}", 0o600)
    return shell


def install(shell: Shell, text: str = CERTIFICATE + KEY, seen: float = 4e9) -> subprocess.CompletedProcess[str]:
    shell.file(FROM, text, 0o600)
    shell.file(FROM.replace("1a2b", "of-a-cut-run"), KEY, 0o600)
    values = shell_variables({"HOST": "worker1", "FROM": FROM, "SEEN": str(round(seen))})
    done = shell.run(values + "".join(map(read_file, PARTS)))
    assert [*at(shell, "/run/k8s-ha").iterdir()] == []
    assert "SECRET" not in done.stdout + done.stderr
    return done


def at(shell: Shell, path: str) -> Path:
    return shell.root / path.lstrip("/")


@pytest.mark.parametrize("before", ["link", "file", "nothing"])
def test_the_kubelet_logs_in_by_it_and_keeps_it_as_its_own(shell: Shell, before: str) -> None:
    if before != "nothing":
        shell.file(f"{FOLDER}/{'old.pem' if before == 'link' else 'kubelet-client-current.pem'}", "old\n")
    if before == "link":
        at(shell, CURRENT).symlink_to(at(shell, f"{FOLDER}/old.pem"))
    done = install(shell)
    assert done.returncode == 0, done.stderr
    current = at(shell, CURRENT)
    assert current.is_symlink()
    assert current.read_text(encoding="utf-8") == CERTIFICATE + KEY
    assert current.stat().st_mode & 0o777 == 0o600
    assert at(shell, CONF).read_text(encoding="utf-8") == f"server: https://10.0.0.1:6443\n{NAMED}"
    assert at(shell, "/restarts").read_text(encoding="utf-8") == ".\n"
    assert not at(shell, UNFINISHED).exists()


def test_a_kubeconfig_that_holds_one_itself_names_the_file_then(shell: Shell) -> None:
    shell.file(CONF, "server: x\n    client-certificate-data: AAAA\n    client-key-data: SECRET\nend: y\n", 0o640)
    assert install(shell).returncode == 0
    moved = NAMED.replace(CURRENT, str(at(shell, CURRENT)))
    assert at(shell, CONF).read_text(encoding="utf-8") == f"server: x\n{moved}end: y\n"
    assert at(shell, CONF).stat().st_mode & 0o777 == 0o640
    assert [path.name for path in at(shell, "/etc/kubernetes").iterdir()] == ["kubelet.conf"]


@pytest.mark.parametrize("text", ["", CERTIFICATE, KEY])
def test_what_is_not_whole_changes_nothing(shell: Shell, text: str) -> None:
    done = install(shell, text)
    assert done.returncode == 1
    assert "is no certificate with its key; see the error above, then run this again." in done.stderr
    assert not at(shell, FOLDER).exists()


@pytest.mark.parametrize(
    ("trouble", "said"),
    [("ends", "its kubelet does not run with its new certificate"), ("no-start", "the kubelet does not start")],
)
def test_one_that_does_not_run_says_why(shell: Shell, trouble: str, said: str) -> None:
    shell.file(f"/{trouble}")
    shell.file("/looks")
    done = install(shell)
    assert done.returncode == 1
    assert done.stderr.endswith(f"worker1: {said}; see the error above, then run this again.\n")
    assert ("E0101 why" in done.stdout) is (trouble == "ends")
    # So that a run behind it tries again, although the certificate lasts.
    assert at(shell, UNFINISHED).exists()
    at(shell, f"/{trouble}").unlink()
    assert install(shell, seen=0).returncode == 0
    assert not at(shell, UNFINISHED).exists()


def test_one_that_was_renewed_since_it_was_looked_at_is_left_alone(shell: Shell) -> None:
    """By another run, which held the lock before, or by the kubelet."""
    shell.file(CURRENT, "renewed\n", 0o600)
    assert install(shell, seen=0).returncode == 0
    assert at(shell, CURRENT).read_text(encoding="utf-8") == "renewed\n"
    assert not at(shell, "/restarts").exists()


KUBEADM = r"""
[ "$1 $2 $3 $4 $5" = "init phase kubeconfig kubelet --config" ] && [ ! -e {root}/fails ] || exit 1
[ "$(stat -c %a $8)" = 700 ] && [ "$(cat $6)" = "name: worker1" ] || exit 1
echo "[kubeconfig] Writing"
echo "    client-certificate-data: {certificate}" >$8/kubelet.conf
echo "    client-key-data: {key}" >>$8/kubelet.conf
"""


@pytest.mark.parametrize("fails", [False, True])
def test_one_is_made_and_leaves_nothing_behind(shell: Shell, fails: bool) -> None:
    encoded = {
        name: base64.b64encode(text.encode()).decode() for name, text in (("certificate", CERTIFICATE), ("key", KEY))
    }
    shell.add_tool("kubeadm", KUBEADM.format(root=shell.root, **encoded))
    if fails:
        shell.file("/fails")
    done = shell.run(read_file("make-kubelet-certificate.sh"), stdin="name: worker1\n")
    assert (done.returncode, done.stdout) == ((1, "") if fails else (0, CERTIFICATE + KEY))
    assert list(at(shell, "/run/k8s-ha").iterdir()) == []
