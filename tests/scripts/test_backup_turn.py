"""Whose turn a backup is: the same control plane by all members' own word, and the next one where that is away."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from k8s_ha.operations.commands import long_script
from k8s_ha.resources import read_file, shell_variables
from tests.support.control_plane import PKI, SNAPSHOT, at, backups, control_plane
from tests.support.shell_bench import Shell

HOUR = 3600
FIRST = 900
MEMBERS = {"11111111111111111111": "10.0.13.22", "2222": "10.0.11.18", "9999": "10.0.12.55"}
"""By their numbers, which are in this order: 2222, 9999, and one of 20 digits."""
ENDPOINT = "10.0.1.157:6443"
FAILED = "/var/lib/k8s-ha/backup-failed"
ORDER = ("2222", "9999", "11111111111111111111")


def etcd(shell: Shell, own: str, away: tuple[str, ...] = (), members: str = "") -> None:
    """A member's etcd, that tells of all of them, and who answers for each."""
    listed = [
        {
            "ID": identity,
            "name": f"m{number}",
            "peerURLs": [f"https://{address}:2380"],
            "clientURLs": [f"https://{address}:2379"],
        }
        for number, (identity, address) in enumerate(MEMBERS.items())
    ]
    learner = {"ID": "1", "name": "new", "peerURLs": ["https://10.0.9.9:2380"], "clientURLs": ["https://10.0.9.9:2379"]}
    listed += [learner | {"isLearner": True}, {"ID": "2", "peerURLs": ["https://10.0.9.8:2380"]}]
    told = members or json.dumps(
        {"header": {"cluster_id": "5", "member_id": own}, "members": listed}, separators=(",", ":")
    )
    status = json.dumps({"header": {"cluster_id": "5", "member_id": own}, "version": "3.6.5"}, separators=(",", ":"))
    gone = "".join(f"*{MEMBERS[identity]}:2379/health*) exit 7 ;;\n" for identity in away)
    shell.file("/etc/kubernetes/manifests/etcd.yaml", "    - etcd\n")
    shell.file("/etc/kubernetes/admin.conf", f"    server: https://{ENDPOINT}\n")
    shell.add_tool(
        "curl",
        f'case "$*" in\n{gone}*:2379/health[?]exclude=NOSPACE) echo \'{{"health":"true","reason":""}}\' ;;\n'
        f"*member/list*) echo '{told}' ;;\n*maintenance/status*) echo '{status}' ;;\nesac",
    )


def turned(shell: Shell, now: int, backup: str = "echo taken", wait: int = 0) -> subprocess.CompletedProcess[str]:
    shell.add_tool("date", f'[ "$*" = +%s ] && echo {now} || exec /bin/date "$@"')
    values = {"ADDRESS": "10.0.11.18", "ENDPOINT": ENDPOINT, "FIRST": str(FIRST), "PERIOD": str(HOUR)}
    values |= {"SECONDS_TO_WAIT": str(wait), "BACKUP": backup}
    return shell.run(
        shell_variables(values) + "".join(map(read_file, ("facts/etcd.sh", "json-field.sh", "backup-turn.sh")))
    )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.mark.parametrize("late", [-HOUR // 2, -1, 0, 59, HOUR // 2 - 1])
@pytest.mark.parametrize("number", [0, 1, 2, 3, 480001])
def test_one_of_all_takes_it_whenever_in_its_period_it_is_asked(shell: Shell, number: int, late: int) -> None:
    taken = []
    for own in MEMBERS:
        etcd(shell, own)
        done = turned(shell, FIRST + number * HOUR + late + (HOUR if number == 0 else 0))
        assert (done.returncode, done.stderr) == (0, "")
        taken += [own] if "taken" in done.stdout else []
    assert taken == [ORDER[(number + (number == 0)) % 3]]


@pytest.mark.parametrize(
    ("away", "taker"), [((), ORDER[0]), (ORDER[:1], ORDER[1]), (ORDER[:2], ORDER[2])], ids=["none", "one", "two"]
)
def test_the_next_takes_it_where_one_is_away(shell: Shell, away: tuple[str, ...], taker: str) -> None:
    taken = []
    for own in set(MEMBERS) - set(away):
        etcd(shell, own, away)
        taken += [own] if "taken" in turned(shell, FIRST + 3 * HOUR).stdout else []
    assert taken == [taker]


def test_one_that_is_not_well_itself_leaves_it_to_the_next(shell: Shell) -> None:
    etcd(shell, ORDER[0], away=ORDER[:1])
    assert turned(shell, FIRST + 3 * HOUR).stdout == f"it is the turn of https://{MEMBERS[ORDER[1]]}:2379\n"


def test_where_none_is_well_each_tries(shell: Shell) -> None:
    """As etcd 3.4 calls all members that are full."""
    for own in MEMBERS:
        etcd(shell, own, away=ORDER)
        assert turned(shell, FIRST).stdout == "taken\n"


def kept(shell: Shell) -> str:
    """The sentence of the last failure."""
    moment, _, sentence = at(shell, FAILED).read_text(encoding="utf-8").strip().partition(" ")
    assert moment.endswith("Z")
    return sentence


@pytest.mark.parametrize("text", ["    server: https://10.9.9.9:6443\n", ""])
def test_a_host_that_was_joined_elsewhere_is_not_backed_up(shell: Shell, text: str) -> None:
    etcd(shell, ORDER[0])
    shell.file("/etc/kubernetes/admin.conf", text)
    done = turned(shell, FIRST + 3 * HOUR)
    assert (done.returncode, done.stdout) == (1, "")
    assert kept(shell).startswith(f"{shell.root}/etc/kubernetes/admin.conf does not name the cluster at {ENDPOINT}")


def test_a_full_disk_leaves_the_word_of_the_failure_before(shell: Shell) -> None:
    etcd(shell, ORDER[0])
    shell.file(FAILED, "2026-11-26T00:00:00Z no luck\n")
    at(shell, f"{FAILED}.new").symlink_to("/dev/full")
    assert turned(shell, FIRST + 3 * HOUR, "echo no room >&2; exit 1").returncode == 1
    assert not at(shell, FAILED).is_symlink()
    assert kept(shell) == "no luck"
    assert not at(shell, f"{FAILED}.new").is_symlink()


def test_it_is_said_whose_turn_it_is(shell: Shell) -> None:
    etcd(shell, ORDER[1])
    assert turned(shell, FIRST + 3 * HOUR).stdout == "it is the turn of https://10.0.11.18:2379\n"


def test_an_etcd_that_tells_nothing_leaves_it_open(shell: Shell) -> None:
    etcd(shell, "", members="{}")
    done = turned(shell, FIRST)
    assert (done.returncode, done.stdout) == (1, "")
    assert "whose turn it is stays open" in done.stderr
    assert "whose turn it is stays open" in kept(shell)


def test_an_etcd_that_has_just_been_started_is_waited_for(shell: Shell) -> None:
    etcd(shell, ORDER[0])
    late = at(shell, "/tools/curl").read_text(encoding="utf-8")
    shell.add_tool("sleep", f"cp {shell.root}/late {shell.root}/tools/curl")
    shell.file("/late", late, 0o755)
    shell.add_tool("curl", "exit 7")
    assert turned(shell, FIRST + 3 * HOUR, wait=60).stdout == "taken\n"


def test_a_host_that_is_none_any_more_does_nothing(shell: Shell) -> None:
    done = turned(shell, FIRST)
    assert (done.returncode, done.stdout) == (0, "this host is no control plane with an etcd of kubeadm's\n")


def scheduled(recipient: str = "") -> str:
    """The whole script, as the unit's file has it."""
    values = {"HOST": "master1", "RUNTIME": "containerd", "FOLDER": "/var/lib/k8s-ha/backups", "STEM": "backup-master1"}
    values |= {"KEEP": "2", "KEEPS": "newest", "ENDPOINT": "10.0.1.157:6443", "RECIPIENT": recipient}
    script = shell_variables(values) + read_file("backup-name.sh") + SNAPSHOT
    return long_script("etcd-snapshot", script, seconds=60)


@pytest.fixture
def whole(tmp_path: Path) -> Shell:
    found = control_plane(tmp_path)
    manifest = "spec:\n  containers:\n  - command:\n    image: registry.k8s.io/kube-apiserver:v1.34.4\n"
    found.file("/etc/kubernetes/manifests/kube-apiserver.yaml", manifest)
    found.add_tool("pgrep", "exit 1")
    etcd(found, ORDER[0])
    return found


def test_the_units_script_takes_a_backup(whole: Shell) -> None:
    done = turned(whole, FIRST + 3 * HOUR, scheduled())
    assert (done.returncode, done.stderr) == (0, "")
    (path,) = at(whole, "/var/lib/k8s-ha/backups").glob("*.json")
    told = json.loads(path.read_text(encoding="utf-8"))
    assert (told["name"], told["kubernetesVersion"]) == (path.stem, "1.34.4")
    last = at(whole, "/var/lib/k8s-ha/last-backup").read_text(encoding="utf-8").split()
    ca = hashlib.sha256(at(whole, f"{PKI}/ca.crt").read_bytes()).hexdigest()
    assert last == [str(path.with_suffix("")), ca]


def test_a_version_that_nothing_tells_is_no_backup(whole: Shell) -> None:
    at(whole, "/etc/kubernetes/manifests/kube-apiserver.yaml").write_text("spec:\n", encoding="utf-8")
    done = turned(whole, FIRST + 3 * HOUR, scheduled())
    assert done.returncode == 1
    assert (
        "kube-apiserver.yaml tells no version of Kubernetes; see that file there, then run this again." in done.stderr
    )


def test_what_fails_is_kept_until_one_counts(whole: Shell) -> None:
    whole.file("/fails", "snapshot restore*")
    done = turned(whole, FIRST + 3 * HOUR, scheduled())
    assert done.returncode == 1
    failed = at(whole, FAILED)
    assert kept(whole).startswith("master1: no etcd snapshot was taken: `etcdutl snapshot restore` failed")
    assert backups(whole) == []
    at(whole, "/fails").unlink()
    assert turned(whole, FIRST + 3 * HOUR, scheduled()).returncode == 0
    assert not failed.exists()
    assert [path.name for path in failed.parent.iterdir() if "failed" in path.name] == []
