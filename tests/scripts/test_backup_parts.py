"""What a backup by the schedule has beside one before an upgrade: files that a manifest names, a seal, an age."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from tests.support.control_plane import FOLDER, at, backups, control_plane, put, take, whole
from tests.support.shell_bench import Shell

STEM = "backup-master1"
NAME = f"{STEM}-20261127T081500Z"
KEY = "/var/lib/k8s-ha/backup-recipient.asc"
MANIFEST = """apiVersion: v1
kind: Pod
spec:
  containers:
  - command:
    - kube-apiserver
    - --advertise-address=10.0.11.18
    - --audit-log-path=/logs/audit.log
    - --audit-policy-file=/policies/audit/policy.yaml
    - --client-ca-file=/etc/kubernetes/pki/ca.crt
    - --encryption-provider-config=/secrets/encryption.yaml
    - --etcd-servers=https://127.0.0.1:2379
    - --oidc-ca-file=/etc/ssl/certs/oidc.crt
    - --tracing-config-file=/etc/kubernetes/tracing.yaml
    livenessProbe:
      httpGet:
        path: /livez
    name: kube-apiserver
    volumeMounts:
    - mountPath: /logs
      name: logs
    - mountPath: /policies
      name: policies
      readOnly: true
    - mountPath: /secrets/encryption.yaml
      name: encryption
    - mountPath: /etc/ssl/certs
      name: ca-certs
      readOnly: true
  volumes:
  - hostPath:
      path: ROOT/var/log/kubernetes
      type: DirectoryOrCreate
    name: logs
  - hostPath:
      path: ROOT/var/own/policies
      type: Directory
    name: policies
  - hostPath:
      path: ROOT/var/own/keys.yaml
      type: File
    name: encryption
  - hostPath:
      path: ROOT/etc/ssl/certs
      type: DirectoryOrCreate
    name: ca-certs
"""
NAMED = ["/etc/ssl/certs/oidc.crt", "/var/own/keys.yaml", "/var/own/policies/audit/policy.yaml"]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    found = control_plane(tmp_path)
    for path in (*NAMED, "/var/log/kubernetes/audit.log", "/var/own/policies/other", "/etc/nginx/nginx.conf"):
        found.file(path, "x")
    found.file("/etc/kubernetes/manifests/kube-apiserver.yaml", MANIFEST.replace("ROOT", str(found.root)))
    found.add_tool("pgrep", "exit 1")
    return found


def backed_up(shell: Shell, name: str = NAME, keep: int = 3, **more: str) -> subprocess.CompletedProcess[str]:
    return take(shell, name, keep, KEEPS="newest", **more)


def names_in(shell: Shell, archive: bytes) -> set[str]:
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        return {f"/{name}".removeprefix(str(shell.root)) for name in files.getnames()}


def test_it_holds_what_the_api_servers_manifest_names_and_nginx(shell: Shell) -> None:
    done = backed_up(shell)
    assert (done.returncode, done.stderr) == (0, "")
    held = names_in(shell, at(shell, f"{FOLDER}/{NAME}.tar.gz").read_bytes())
    assert {*NAMED, "/etc/nginx/nginx.conf", "/etc/kubernetes/pki/sa.key"} <= held
    assert held.isdisjoint({"/var/log/kubernetes/audit.log", "/var/own/policies/other", "/etc/ssl/certs"})
    last = at(shell, "/var/lib/k8s-ha/last-backup").read_text(encoding="utf-8")
    assert last.split()[0] == f"{at(shell, FOLDER)}/{NAME}"


def test_the_last_ones_stay_when_a_newer_one_counts_and_nothing_else_goes(shell: Shell) -> None:
    old = [f"{STEM}-202611{day}T000000Z" for day in (20, 21, 22, 23)]
    others = [*whole("backup-master10-20261101T000000Z", "before-1.34.4-20261101T000000Z"), "backup-master1.json"]
    put(shell, *whole(*old), f"{STEM}-20261101T000000Z.db.age", *others)
    put(shell, f"{old[0]}.db.age", f"{old[0]}.tar.gz.age")
    at(shell, FOLDER).chmod(0o700)
    assert backed_up(shell, keep=2).returncode == 0
    assert backups(shell) == sorted([*whole(NAME, old[-1]), *others])


def test_none_goes_while_no_newer_one_counts(shell: Shell) -> None:
    old = [f"{STEM}-202611{day}T000000Z" for day in (20, 21, 22, 23)]
    put(shell, *whole(*old))
    at(shell, FOLDER).chmod(0o700)
    shell.file("/fails", "snapshot restore*")
    shell.file("/var/lib/k8s-ha/last-backup", f"{FOLDER}/{old[-1]}\n")
    assert backed_up(shell, keep=1).returncode == 1
    assert backups(shell) == whole(*old)
    assert at(shell, "/var/lib/k8s-ha/last-backup").read_text(encoding="utf-8") == f"{FOLDER}/{old[-1]}\n"


def test_one_that_counts_takes_the_word_of_a_failure_away(shell: Shell) -> None:
    shell.file("/var/lib/k8s-ha/backup-failed", "2026-11-26T00:00:00Z no luck\n")
    assert backed_up(shell).returncode == 0
    assert not at(shell, "/var/lib/k8s-ha/backup-failed").exists()


def test_its_disk_is_used_when_it_is_idle(shell: Shell) -> None:
    """By each thread of what restores, which is found a moment after it was called."""
    shell.add_tool("ionice", f'echo "$*" >>{shell.root}/ionice')
    shell.add_tool("pgrep", f'[ -e {shell.root}/pgrep ] && echo {os.getpid()}; echo "$*" >{shell.root}/pgrep')
    shell.file("/restore", "sleep 1")
    other = threading.Event()
    thread = threading.Thread(target=other.wait)
    thread.start()
    threads = {path.name for path in Path("/proc/self/task").iterdir()}
    assert backed_up(shell).returncode == 0
    other.set()
    called = at(shell, "/ionice").read_text(encoding="utf-8").splitlines()
    assert len(threads) > 1
    assert {f"-c 3 -p {number}" for number in threads} <= set(called[1:])
    asked = at(shell, "/pgrep").read_text(encoding="utf-8").replace(str(shell.root), "")
    assert asked == "-f etcdutl snapshot restore /var/lib/etcd/.k8s-ha-trial/\n"


def foreign(shell: Shell) -> None:
    if os.getuid() != 0:
        pytest.skip("only root gives a folder away")
    at(shell, FOLDER).mkdir(mode=0o700)
    os.chown(at(shell, FOLDER), 1, 1)


def open_to_all(shell: Shell) -> None:
    at(shell, FOLDER).mkdir()
    at(shell, FOLDER).chmod(0o777)


def link(shell: Shell) -> None:
    (shell.root / "open").mkdir()
    (shell.root / "open").chmod(0o777)
    at(shell, FOLDER).symlink_to(shell.root / "open")


@pytest.mark.parametrize("laid", [foreign, open_to_all, link])
def test_a_folder_that_others_may_write_to_gets_no_secret(shell: Shell, laid: Callable[[Shell], None]) -> None:
    at(shell, FOLDER).parent.mkdir(parents=True)
    laid(shell)
    done = backed_up(shell)
    assert done.returncode == 1
    assert f"others may write to {FOLDER}, which will hold secrets; run `chown root {FOLDER} &&" in done.stderr
    assert [*at(shell, FOLDER).glob("backup-*")] == []


def test_its_folder_may_be_a_link(shell: Shell) -> None:
    (shell.root / "data").mkdir(mode=0o700)
    at(shell, FOLDER).parent.mkdir(parents=True)
    at(shell, FOLDER).symlink_to(shell.root / "data")
    done = backed_up(shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert backups(shell) == whole(NAME)


@pytest.mark.parametrize("linked", [FOLDER, "/var/lib/k8s-ha"])
def test_a_link_into_etcds_own_folder_gets_none(shell: Shell, linked: str) -> None:
    at(shell, linked).parent.mkdir(parents=True, exist_ok=True)
    at(shell, linked).symlink_to(at(shell, "/var/lib/etcd/backups"))
    at(shell, "/var/lib/etcd/backups").mkdir()
    done = backed_up(shell)
    assert f"{FOLDER} is in etcd's own folder; set backup.directory to another one" in done.stderr
    assert [*at(shell, "/var/lib/etcd/backups").iterdir()] == []


def test_etcds_folder_may_be_a_link_too(shell: Shell) -> None:
    at(shell, "/var/lib/etcd").rename(shell.root / "etcd")
    at(shell, "/var/lib/etcd").symlink_to(shell.root / "etcd")
    done = backed_up(shell, FOLDER=f"{shell.root}/etcd/backups")
    assert "/etcd/backups is in etcd's own folder" in done.stderr
    assert not (shell.root / "etcd/backups").exists()


def test_etcds_own_folder_gets_none(shell: Shell) -> None:
    done = backed_up(shell, FOLDER="/var/lib/etcd/backups")
    assert "/var/lib/etcd/backups is in etcd's own folder; set backup.directory to another one" in done.stderr
    assert not at(shell, "/var/lib/etcd/backups").exists()


def test_age_seals_it_for_its_recipient(shell: Shell) -> None:
    shell.add_tool("age", f'echo "$*" >>{shell.root}/age; echo sealed; exec base64')
    assert backed_up(shell, RECIPIENT="age1abc").returncode == 0
    assert at(shell, "/age").read_text(encoding="utf-8") == "--encrypt --recipient age1abc\n" * 2
    assert backups(shell) == [f"{NAME}.{end}" for end in ("db.age", "json", "tar.gz.age")]
    told = json.loads(at(shell, f"{FOLDER}/{NAME}.json").read_text(encoding="utf-8"))
    assert told["encryption"] == "age"
    assert [part["file"] for part in told["parts"]] == [f"{NAME}.db.age", f"{NAME}.tar.gz.age"]
    assert {path.stat().st_mode & 0o777 for path in at(shell, FOLDER).iterdir()} == {0o600}


@pytest.fixture
def gpg(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The real gpg's beginning of a command, with a home of its own."""
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    yield ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", ""]
    # Else its agent goes on for as long as its home is there.
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)


def test_gpg_seals_it_so_that_the_private_key_opens_it(shell: Shell, gpg: list[str]) -> None:
    """By the real gpg, whose private key the host never sees."""
    subprocess.run([*gpg, "--quick-generate-key", "backup@example", "rsa2048", "cert,sign,encr", "never"], check=True)
    public = subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True, text=True).stdout
    shell.file(KEY, public)
    done = backed_up(shell, RECIPIENT=KEY)
    assert done.returncode == 0, done.stderr
    opened = [
        subprocess.run(
            [*gpg, "--decrypt", str(at(shell, f"{FOLDER}/{NAME}.{end}.gpg"))], check=True, capture_output=True
        )
        for end in ("db", "tar.gz")
    ]
    assert opened[0].stdout == b"revision 6\n"
    assert "/etc/kubernetes/pki/sa.key" in names_in(shell, opened[1].stdout)
    assert not at(shell, "/var/lib/etcd/.k8s-ha-trial").exists()


def test_without_the_tool_that_seals_there_is_no_backup(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = shell.root / "without-age"
    tools.mkdir()
    for folder in ("/bin", "/usr/bin"):
        for tool in Path(folder).iterdir():
            if tool.name != "age" and not (tools / tool.name).exists():
                (tools / tool.name).symlink_to(tool)
    monkeypatch.setenv("PATH", str(tools))
    done = backed_up(shell, RECIPIENT="age1abc")
    assert done.returncode == 1
    assert "age is not installed there, and the backup is to be encrypted; install it" in done.stderr
    assert backups(shell) == []


@pytest.mark.parametrize(
    ("recipient", "tools", "sentence"),
    [
        ("age1abc", {"age": "echo bad >&2; exit 1"}, "`age` failed; see the lines above"),
        (KEY, {"gpg": "exit 2"}, "`gpg --dearmor` failed; see the lines above"),
        (KEY, {"gpg": "exit 0"}, f"{KEY} holds no public key of gpg; name one in backup.recipient"),
    ],
)
def test_what_cannot_be_sealed_is_no_backup(shell: Shell, recipient: str, tools: dict[str, str], sentence: str) -> None:
    shell.file(KEY, "none")
    for name, body in tools.items():
        shell.add_tool(name, body)
    done = backed_up(shell, RECIPIENT=recipient)
    assert done.returncode == 1
    assert f"{sentence}, then run this again." in done.stderr
    assert backups(shell) == []
