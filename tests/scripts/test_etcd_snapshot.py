"""A backup counts when a trial restore has proved it; whatever fails before leaves none, and nothing else."""

from __future__ import annotations

import hashlib
import json
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.control_plane import FOLDER, KEPT, NAME, PKI, TRIAL, at, backups, control_plane, put, take, whole
from tests.support.etcd_image import MEMBERS, install
from tests.support.shell_bench import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return control_plane(tmp_path)


def test_a_backup_is_a_snapshot_an_archive_and_what_describes_them(shell: Shell) -> None:
    done = take(shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"snapshot {NAME}: 11 bytes, revision 6, hash 2031197332, keys 9; restored on trial\n"
    assert backups(shell) == whole(NAME)
    held = at(shell, f"{FOLDER}/{NAME}.json")
    told = json.loads(held.read_text(encoding="utf-8"))
    assert told.pop("taken").endswith("Z")
    assert told.pop("caHash").startswith("sha256:")
    snapshot, archive = (at(shell, f"{FOLDER}/{NAME}.{end}") for end in ("db", "tar.gz"))
    assert told == {
        "name": NAME,
        "host": "master1",
        "endpoint": "10.0.1.157:6443",
        "kubernetesVersion": "1.34.4",
        "etcdVersion": "3.6.16",
        "revision": 6,
        "hash": 2031197332,
        "keys": 9,
        "restoredKeys": 9,
        "size": 11,
        "members": json.loads(MEMBERS),
        "snapshotSha256": hashlib.sha256(snapshot.read_bytes()).hexdigest(),
        "archiveSha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "encryption": "",
        "parts": [
            {
                "file": path.name,
                "size": path.stat().st_size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in (snapshot, archive)
        ],
    }
    assert snapshot.read_bytes() == b"revision 6\n"
    with tarfile.open(archive) as files:
        names = {f"/{name}".removeprefix(str(shell.root)) for name in files.getnames()}
    assert {*KEPT, f"{PKI}/ca.crt"} <= names
    assert not [name for name in names if name.startswith("/etc/kubernetes/tmp")]


def test_only_root_reads_it(shell: Shell) -> None:
    take(shell)
    assert at(shell, FOLDER).stat().st_mode & 0o7777 == 0o700
    assert at(shell, "/var/lib/k8s-ha").stat().st_mode & 0o7777 == 0o755
    assert {path.stat().st_mode & 0o7777 for path in at(shell, FOLDER).iterdir()} == {0o600}


CLIENT = (
    f"--endpoints=https://127.0.0.1:2379 --cacert={PKI}/etcd/ca.crt --cert={PKI}/etcd/healthcheck-client.crt "
    f"--key={PKI}/etcd/healthcheck-client.key"
)
ASKED = [f"etcdctl {CLIENT} {what} --write-out=json" for what in ("endpoint status", "member list")]
SAVED = f"etcdctl {CLIENT} --command-timeout=600s snapshot save {TRIAL}/snapshot.db"


def proved(tool: str) -> list[str]:
    return [
        f"{tool} snapshot status {TRIAL}/snapshot.db --write-out=json",
        f"{tool} snapshot restore {TRIAL}/snapshot.db --data-dir={TRIAL}/restored --name=trial "
        "--initial-cluster=trial=https://127.0.0.1:2380 --initial-advertise-peer-urls=https://127.0.0.1:2380 "
        "--initial-cluster-token=k8s-ha-trial",
        f"{tool} snapshot status {TRIAL}/restored/member/snap/db --write-out=json",
    ]


ROWS = {
    "3.4.13": [*ASKED, SAVED, *proved("etcdctl")],
    "3.5.9": [*ASKED, "etcdutl version", SAVED, *proved("etcdutl")],
    "3.6.5": [*ASKED, "etcdutl version", SAVED, *proved("etcdutl")],
    "3.7.0": [*ASKED, "etcdutl version", SAVED, *proved("etcdutl")],
}


@pytest.mark.parametrize("runtime", ["containerd", "docker"])
@pytest.mark.parametrize(("version", "calls"), ROWS.items(), ids=ROWS)
def test_each_version_is_asked_as_it_understands(shell: Shell, version: str, calls: list[str], runtime: str) -> None:
    install(shell, version, runtime)
    assert take(shell, RUNTIME=runtime).returncode == 0
    assert called(shell) == calls


def called(shell: Shell) -> list[str]:
    return at(shell, "/calls").read_text(encoding="utf-8").replace(str(shell.root), "").splitlines()


def test_an_image_without_etcdutl_is_asked_by_etcdctl_where_that_can(shell: Shell) -> None:
    install(shell, "3.5.0", etcdutl=False)
    (shell.root / "image/etcdutl").unlink()
    assert take(shell).returncode == 0
    assert called(shell) == [*ASKED, "etcdutl version", SAVED, *proved("etcdctl")]


def test_another_data_folder_is_etcds_own(shell: Shell) -> None:
    shell.file("/data/etcd/member/snap/db")
    shell.file("/etc/kubernetes/manifests/etcd.yaml", f"    - etcd\n    - --data-dir={shell.root}/data/etcd\n")
    assert take(shell).returncode == 0
    assert "etcdutl snapshot status /data/etcd/.k8s-ha-trial/snapshot.db --write-out=json" in called(shell)
    assert not (shell.root / "data/etcd/.k8s-ha-trial").exists()


def test_no_secret_is_told(shell: Shell) -> None:
    done = take(shell)
    assert "SECRET" not in done.stdout + done.stderr + at(shell, f"{FOLDER}/{NAME}.json").read_text(encoding="utf-8")


def test_one_that_is_there_is_not_taken_again(shell: Shell) -> None:
    put(shell, *whole(NAME))
    done = take(shell)
    assert (done.returncode, done.stdout) == (0, f"snapshot {NAME} is there already\n")
    assert not at(shell, "/calls").exists()
    assert at(shell, f"{FOLDER}/{NAME}.json").read_text(encoding="utf-8") == "{}"


CUT = [
    ("nothing but a copy", [f"{NAME}.db.new"]),
    ("no archive", [f"{NAME}.db", f"{NAME}.tar.gz.new"]),
    ("no descriptor", [f"{NAME}.db", f"{NAME}.tar.gz", f"{NAME}.json.new"]),
    ("an older one", ["before-1.33.9-20260101T000000Z.db", "before-1.33.9-20260101T000000Z.tar.gz"]),
]


@pytest.mark.parametrize("left", [row[1] for row in CUT], ids=[row[0] for row in CUT])
def test_what_a_cut_run_left_is_removed(shell: Shell, left: list[str]) -> None:
    put(shell, *left)
    at(shell, FOLDER).chmod(0o700)
    shell.file(f"{TRIAL}/restored/member/snap/db", "half")
    assert take(shell).returncode == 0
    assert backups(shell) == whole(NAME)
    assert not at(shell, TRIAL).exists()


@pytest.mark.parametrize("moment", ["snapshot save", "snapshot restore"])
def test_a_run_that_is_stopped_takes_its_trial_along(shell: Shell, moment: str) -> None:
    body = at(shell, "/tools/crictl").read_text(encoding="utf-8").partition("\n")[2]
    shell.add_tool("crictl", f'case "$*" in *"{moment}"*) kill -TERM $PPID; sleep 0.2 ;; esac\n{body}')
    done = take(shell)
    assert (done.returncode, backups(shell)) == (1, [])
    assert not at(shell, TRIAL).exists()


NOW = datetime.now(UTC)
LONG_AGO, *TRIED, LAST = (f"before-1.34.4-{NOW - timedelta(days=days):%Y%m%dT%H%M%SZ}" for days in (400, 9, 6, 3, 0))


@pytest.mark.parametrize(
    ("keep", "stay"),
    [
        (1, [TRIED[0]]),
        (2, [TRIED[0], "before-1.33.9-20261001T000000Z"]),
        (3, [TRIED[0], "before-1.33.9-20261001T000000Z", "before-1.9.0-20260901T000000Z"]),
        (9, [TRIED[0], "before-1.33.9-20261001T000000Z", "before-1.9.0-20260901T000000Z"]),
    ],
)
def test_older_ones_of_its_kind_go_when_it_is_proven(shell: Shell, keep: int, stay: list[str]) -> None:
    """The time at its name's end tells which is older, not its version; the last and the first lately stay."""
    old = [LONG_AGO, *TRIED, "before-1.33.9-20261001T000000Z", "before-1.9.0-20260901T000000Z"]
    others = ["backup-20200101T000000Z.db", "before-my-own.json", "before-my-own.db"]
    put(shell, *whole(*old, "backup-a-20200101T000000Z"), *others)
    at(shell, FOLDER).chmod(0o700)
    assert take(shell, LAST, keep=keep).returncode == 0
    assert backups(shell) == sorted([*whole(LAST, *stay, "backup-a-20200101T000000Z"), *others])


def test_a_clock_that_was_ahead_costs_no_new_one(shell: Shell) -> None:
    ahead = "before-1.33.9-20991001T000000Z"
    put(shell, *whole(ahead))
    at(shell, FOLDER).chmod(0o700)
    take(shell, keep=1)
    assert backups(shell) == whole(NAME)
