"""``python -m tests.scenarios.refused_backups [--line LINE]``: backups that a restore refuses, and encrypted ones.

A cluster is backed up in plain text, by real age and by real gpg. Each copy that is damaged, cut short, of another
cluster, or cannot be decrypted is refused in one sentence, and no host has changed by its digest. Then the cluster is
restored from both encrypted ones, and no private key was on any host.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.lab import hosts, state
from tests.lab.checks import CONTROL_PLANES, ENDPOINT, HOSTS, NODES, etcd_members, ready_nodes
from tests.lab.client import Lab
from tests.lab.secret_scan import PLACES
from tests.scenarios.backup import LOCAL, deployed
from tests.scenarios.rollout import heading, markdown, second_run

DESCRIPTION = "Have a restore refuse what it must, and restore encrypted backups."
COLUMNS = ("backup", "refused because of")
AGE: Final = Path("/usr/bin/age")


@dataclass(frozen=True)
class Keys:
    """Of the operator.

    + recipient, identity, another: age's public half, the file of its private one, and a file of somebody else's
    + public: the file of gpg's public key; the private one is in its home
    + home, stranger: gpg's homes with that private key, and without
    """

    recipient: str
    identity: Path
    another: Path
    public: Path
    home: Path
    stranger: Path


@dataclass(frozen=True)
class Case:
    """A copy of a backup that is refused.

    + source: the backup that is copied
    + spoil: what is done to the copy's folder
    + told: the words that the sentence has
    + arguments: more of the restore's
    + gpg: the home of gpg's keys
    """

    what: str
    source: Path
    spoil: Callable[[Path], None]
    told: str
    arguments: tuple[str, ...] = ()
    gpg: Path | None = None


def file_of(folder: Path, end: str) -> Path:
    """The file of a backup with this ending."""
    (found,) = folder.glob(f"*{end}")
    return found


def one_byte_differs(path: Path) -> None:
    """In the middle; as long as before."""
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(text)


def cut_short(path: Path) -> None:
    """Without its last 1000 bytes, as after a copy that was cut off."""
    os.truncate(path, path.stat().st_size - 1000)


def archive_cut_before_its_digest(folder: Path) -> None:
    """The archive ends too early, and its descriptor says that this is whole."""
    path, descriptor = file_of(folder, ".tar.gz"), file_of(folder, ".json")
    cut_short(path)
    told = json.loads(descriptor.read_text(encoding="utf-8"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    for part in told["parts"]:
        if part["file"] == path.name:
            part |= {"size": path.stat().st_size, "sha256": digest}
    descriptor.write_text(json.dumps(told | {"archiveSha256": digest}), encoding="utf-8")


def as_it_is(folder: Path) -> None:
    """Nothing is done to the copy."""


def cases(plain: Path, foreign: Path, age: Path, gpg: Path, keys: Keys) -> tuple[Case, ...]:
    """All of them, by the backups of the cluster, of another one, and by what encrypts."""
    held = (f"identity={keys.identity}",)
    return (
        Case("a byte of the snapshot differs", plain, lambda at: one_byte_differs(file_of(at, ".db")), "is damaged"),
        Case("a byte of the archive differs", plain, lambda at: one_byte_differs(file_of(at, ".gz")), "is damaged"),
        Case("the snapshot is cut short", plain, lambda at: cut_short(file_of(at, ".db")), "its descriptor says"),
        Case("the archive is cut short", plain, lambda at: cut_short(file_of(at, ".gz")), "its descriptor says"),
        Case("it was cut short when it was taken", plain, archive_cut_before_its_digest, "cannot be read"),
        Case("the snapshot is missing", plain, lambda at: file_of(at, ".db").unlink(), "is missing"),
        Case("the descriptor is missing", plain, lambda at: file_of(at, ".json").unlink(), "is missing"),
        Case("the descriptor is cut short", plain, lambda at: os.truncate(file_of(at, ".json"), 100), "no descriptor"),
        Case("it is of another cluster", foreign, as_it_is, "a backup of another cluster is never restored"),
        Case("age, and no key is given", age, as_it_is, "a key is needed"),
        Case("age, and another key", age, as_it_is, "does not decrypt", (f"identity={keys.another}",)),
        Case("age, and the key's file is gone", age, as_it_is, "does not decrypt", (f"identity={keys.identity}.gone",)),
        Case("age, and a byte differs", age, lambda at: one_byte_differs(file_of(at, ".db.age")), "is damaged", held),
        Case("gpg, and no private key", gpg, as_it_is, "does not decrypt", (), keys.stranger),
    )


def made_keys(folder: Path) -> Keys:
    """New ones, in a folder of the operator's; no gpg keeps running."""
    identity, another = folder / "age.txt", folder / "another.txt"
    for path in (identity, another):
        _called("age-keygen", "-o", str(path))
    home, stranger, public = folder / "gpg", folder / "stranger", folder / "backup.asc"
    for path in (home, stranger):
        path.mkdir(mode=0o700)
    of_home = ("gpg", "--homedir", str(home), "--batch", "--quiet")
    _called(*of_home, "--passphrase", "", "--quick-generate-key", "backup@lab.example", "default", "default", "never")
    public.write_text(_called(*of_home, "--armor", "--export", "backup@lab.example"), encoding="utf-8")
    return Keys(_called("age-keygen", "-y", str(identity)).strip(), identity, another, public, home, stranger)


def _called(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def gpg_home(home: Path | None) -> Iterator[None]:
    """Have the operator's gpg take its keys from there."""
    before = os.environ.pop("GNUPGHOME", None)
    if home:
        os.environ["GNUPGHOME"] = str(home)
    try:
        yield
    finally:
        os.environ.pop("GNUPGHOME", None)
        if before:
            os.environ["GNUPGHOME"] = before


def installed_on_hosts() -> None:
    """age on the control planes, as its package has it; gpg is there."""
    for name in CONTROL_PLANES:
        shutil.copy(AGE, hosts.root(state.current().topology.host(name)) / "usr/bin/age")


def backed_up(lab: Lab, **settings: Any) -> Path:
    """The folder of a new backup on the operator's machine."""
    before = {*LOCAL.glob("backup-*")}
    deployed(lab, "k8s_ha.backup", **settings)
    (made,) = {*LOCAL.glob("backup-*")} - before
    return made


def refused(lab: Lab, case: Case, **settings: Any) -> str:
    """What a refusal of the copy says; AssertionError where it is not refused, or a host has changed."""
    before = lab.digest()
    with TemporaryDirectory() as folder, gpg_home(case.gpg):
        copy = Path(folder) / case.source.name
        shutil.copytree(case.source, copy)
        case.spoil(copy)
        run = restore(lab, copy, *case.arguments, **settings)
    told = " ".join(run.stderr.split())
    assert run.returncode == 1, f"{case.what}: exit code {run.returncode}\n{run.stderr[-4000:]}"
    assert "nothing was changed" in told, f"{case.what}:\n{run.stderr[-4000:]}"
    assert case.told in told, f"{case.what}:\n{run.stderr[-4000:]}"
    assert "Traceback" not in told, run.stderr[-4000:]
    changed = sorted(lab.digest() ^ before)
    assert not changed, f"{case.what}: refused, and {len(changed)} lines have changed, such as {changed[:3]}"
    return case.told


def restore(lab: Lab, backup: Path, *arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    words = (f"backup={backup}", f"endpoint={ENDPOINT}", *arguments, "-y")
    return lab.pyinfra(*words, deploy="k8s_ha.restore", **settings)


def restored(lab: Lab, backup: Path, keys: Keys, *arguments: str) -> float:
    """Seconds of a restore from an encrypted backup; what came after it is gone, and no key is left anywhere."""
    lab.kubectl("create", "namespace", "came-after")
    started = time.monotonic()
    with gpg_home(keys.home):
        run = restore(lab, backup, *arguments)
    seconds = time.monotonic() - started
    assert run.returncode == 0, f"{backup}: exit code {run.returncode}\n{run.stderr[-8000:]}"
    assert lab.kubectl("get", "namespace", "came-after", "--ignore-not-found") == ""
    assert ready_nodes(lab) == sorted(NODES)
    assert sorted(etcd_members(lab)) == sorted(CONTROL_PLANES)
    for name in HOSTS:
        left = lab.host(name, f"grep -rlI -e AGE-SECRET-KEY -e 'PGP PRIVATE KEY' {PLACES} 2>/dev/null", check=False)
        assert left == "", f"{name} holds a private key of the operator's: {left}"
    left_here = [path.name for path in Path("/tmp").glob("k8s-ha-restore-*")]
    assert not left_here, left_here
    return seconds


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.refused_backups", description=DESCRIPTION)
    parser.add_argument("--line", default="1.36", help="Kubernetes line; default %(default)s")
    options = parser.parse_args(arguments)
    assert AGE.exists(), "age is not installed; apt-get install age"
    lab = Lab(options=("--line", options.line))
    with TemporaryDirectory() as name:
        folder = Path(name)
        keys = made_keys(folder)
        lab.up()
        lab.results()
        foreign = backed_up(lab)
        lab.up()
        lab.results()
        installed_on_hosts()
        plain = backed_up(lab)
        of_age, of_gpg = ({"recipient": keys.recipient}, {"recipient": str(keys.public)})
        age, gpg = (backed_up(lab, backup=setting) for setting in (of_age, of_gpg))
        rows = [(case.what, refused(lab, case)) for case in cases(plain, foreign, age, gpg, keys)]
        print(*heading(COLUMNS), *map(markdown, rows), sep="\n", flush=True)
        for tool, backup, given in (("age", age, (f"identity={keys.identity}",)), ("gpg", gpg, ())):
            print(f"restored from what {tool} has encrypted: {restored(lab, backup, keys, *given):.0f} s", flush=True)
        lab.results()  # what an encrypted backup has left for the next one goes with its setting
        second_run(lab, "a restored cluster")
        deployed(lab, "k8s_ha.verify")
        _called("gpgconf", "--homedir", str(keys.home), "--kill", "gpg-agent")
    lab.run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
