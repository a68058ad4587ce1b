"""Whatever fails before a backup is proved is one sentence, and leaves what was there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.control_plane import DF, FOLDER, NAME, PKI, TRIAL, at, backups, control_plane, put, take, whole
from tests.support.etcd_image import install
from tests.support.shell_bench import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return control_plane(tmp_path)


Breakage = Callable[[Shell], object]


def failing(pattern: str) -> Breakage:
    return lambda shell: shell.file("/fails", pattern)


def restored(shell_text: str) -> Breakage:
    return lambda shell: shell.file("/restore", shell_text)


def without(path: str) -> Breakage:
    return lambda shell: at(shell, path).unlink()


DAMAGED = "printf 'Error: expected sha256 [0], got [1]\\n' >&2; exit 1"
TRY_AGAIN = ", then run this again."
ABOVE = f"failed; see the lines above{TRY_AGAIN}"
FAILURES: dict[str, tuple[Breakage, str]] = {
    "no etcd of kubeadm's": (
        without("/etc/kubernetes/manifests/etcd.yaml"),
        "/etc/kubernetes/manifests/etcd.yaml is missing; take it on a control plane that has one" + TRY_AGAIN,
    ),
    "no container": (
        lambda shell: shell.file("/containers"),
        f"0 containers of etcd run there, one must; see `crictl ps -a`{TRY_AGAIN}",
    ),
    "two containers": (
        lambda shell: shell.file("/containers", "0123abcd\n4567\n"),
        f"2 containers of etcd run there, one must; see `crictl ps -a`{TRY_AGAIN}",
    ),
    "no runtime": (
        lambda shell: shell.add_tool("crictl", "echo 'connection refused' >&2; exit 1"),
        f"`crictl ps` {ABOVE}",
    ),
    "etcd is silent": (failing("endpoint status*"), f"`etcdctl endpoint status` {ABOVE}"),
    "no size": (
        lambda shell: shell.file("/image/etcdctl", "#!/bin/sh\necho '[]'\n", 0o755),
        f"etcd does not tell its size; see `crictl logs 0123abcd` there{TRY_AGAIN}",
    ),
    "no leader": (
        lambda shell: install(shell, "3.4.13", leader=0),
        f"etcd has no leader, a majority of its members must run; bring them back{TRY_AGAIN}",
    ),
    "no majority": (failing("member list*"), f"`etcdctl member list` {ABOVE}"),
    "no space": (
        lambda shell: shell.add_tool("df", DF.format(66000)),
        f"/var/lib/etcd has 64 MiB free, and a snapshot needs 65; free some there{TRY_AGAIN}",
    ),
    "no space in the folder": (
        lambda shell: shell.add_tool("df", f"case $2 in */backups) {DF.format(0)} ;; *) {DF.format(900000)} ;; esac"),
        f"{FOLDER} has 0 MiB free, and a snapshot needs 1; free some there{TRY_AGAIN}",
    ),
    "space unread": (
        lambda shell: shell.add_tool("df", "exit 1"),
        f"the free space of /var/lib/etcd could not be read; see `df /var/lib/etcd` there{TRY_AGAIN}",
    ),
    "no etcdutl": (without("/image/etcdutl"), f"`etcdutl version` {ABOVE}"),
    "save": (failing("snapshot save*"), f"`etcdctl snapshot save` {ABOVE}"),
    "status": (failing("snapshot status*"), f"`etcdutl snapshot status` {ABOVE}"),
    "no revision": (
        # etcdctl 3.6 prints its help where it is asked for a status, and succeeds.
        lambda shell: shell.file("/image/etcdutl", "#!/bin/sh\necho NAME:\n", 0o755),
        f"`etcdutl snapshot status` tells no revision; see `crictl logs 0123abcd` there{TRY_AGAIN}",
    ),
    "a damaged snapshot": (restored(DAMAGED), f"`etcdutl snapshot restore` {ABOVE}"),
    "another revision": (
        restored('echo "revision 5" >"$folder/member/snap/db"'),
        f"the trial restore came to revision 5, the snapshot has 6; check etcd's disk{TRY_AGAIN}",
    ),
    "half of the keys": (
        lambda shell: shell.file(
            "/image/etcdutl",
            "#!/bin/sh\nfolder=${4#--data-dir=}/member/snap\n"
            '[ $2 != restore ] || { mkdir -p "$folder" && cp $3 "$folder/db"; }\n'
            "case $3 in *snapshot.db) n=3000 ;; *) n=1500 ;; esac\n"
            'echo "{\\"hash\\":1,\\"revision\\":6,\\"totalKey\\":$n,\\"totalSize\\":2}"\n',
            0o755,
        ),
        f"the trial restore came to 1500 keys, the snapshot has 3000; check etcd's disk{TRY_AGAIN}",
    ),
    "no certificate": (
        lambda shell: shell.file(f"{PKI}/ca.crt", "x\n"),
        f"{PKI}/ca.crt holds no certificate; write the cluster's CA there again{TRY_AGAIN}",
    ),
    "a copy cut short": (
        lambda shell: shell.add_tool(
            "dd", 'case "$*" in *.db.new*) for w; do case $w in of=*) echo r >"${w#of=}" ;; esac; done ;; esac'
        ),
        f"its copy in {FOLDER} did not arrive whole; check that disk{TRY_AGAIN}",
    ),
    "no archive": (
        lambda shell: shell.add_tool("tar", "echo 'tar: no' >&2; exit 2"),
        f"`tar of /etc/kubernetes` {ABOVE}",
    ),
    "no sa.key": (
        without(f"{PKI}/sa.key"),
        f"{PKI}/sa.key is missing, or a link to nothing; write that file there again{TRY_AGAIN}",
    ),
    "a name is not taken": (
        lambda shell: shell.add_tool("mv", 'case "$*" in *json) exit 1 ;; *) exec /bin/mv "$@" ;; esac'),
        f"{FOLDER}/{NAME}.json could not be written; see the error above{TRY_AGAIN}",
    ),
}


@pytest.mark.parametrize(("breakage", "reason"), FAILURES.values(), ids=FAILURES)
def test_what_fails_is_one_sentence_and_leaves_what_was_there(shell: Shell, breakage: Breakage, reason: str) -> None:
    old = "before-1.34.4-20261001T000000Z"
    put(shell, *whole(old))
    at(shell, FOLDER).chmod(0o700)
    breakage(shell)
    done = take(shell, keep=1)
    sentence = f"master1: no etcd snapshot was taken: {reason}"
    assert (done.returncode, done.stdout, done.stderr.splitlines()[-1]) == (1, "", sentence)
    assert len(sentence.split()) <= 25
    assert backups(shell) == whole(old)
    assert not at(shell, TRIAL).exists()
    assert at(shell, "/var/lib/etcd/member/snap/db").exists()
    assert "SECRET" not in done.stdout + done.stderr


def test_a_folder_that_others_may_write_to_is_refused(shell: Shell) -> None:
    at(shell, FOLDER).mkdir(parents=True)
    at(shell, FOLDER).chmod(0o777)
    assert take(shell).stderr == (
        f"master1: no etcd snapshot was taken: others may write to {FOLDER}, which will hold secrets; "
        f"run `chown root {FOLDER} && chmod 700 {FOLDER}` there{TRY_AGAIN}\n"
    )
