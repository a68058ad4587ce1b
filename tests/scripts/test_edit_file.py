"""A file that is its owner's: its text changed, and nothing else of it. The shell is run for real."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from k8s_ha.operations.commands import edited
from k8s_ha.operations.files import with_block
from tests.support.operation_bench import command
from tests.support.shell_bench import Shell

OLD = b"# \xb3\xbb\n10.0.0.9 db1\n"
NEW = OLD + b"10.0.0.1 master1\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def edit(
    shell: Shell, old: bytes = OLD, new: bytes = NEW, path: str = "/etc/hosts"
) -> subprocess.CompletedProcess[str]:
    given = command(edited(path, old, new))
    return shell.run(given.text, given.stdin)


def hosts(shell: Shell, content: bytes = OLD, mode: int = 0o640) -> Path:
    file = shell.file("/etc/hosts", mode=mode)
    file.write_bytes(content)
    return file


def test_a_block_is_added_to_bytes_that_are_no_text(shell: Shell) -> None:
    file = hosts(shell)
    wanted = with_block(OLD, "10.0.0.1 master1")
    assert edit(shell, new=wanted).returncode == 0
    assert file.read_bytes() == OLD + b"# BEGIN k8s_ha\n10.0.0.1 master1\n# END k8s_ha\n"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o444, 0o4755])
def test_the_mode_stays(shell: Shell, mode: int) -> None:
    file = hosts(shell, mode=mode)
    assert edit(shell).returncode == 0
    assert (stat.S_IMODE(file.stat().st_mode), file.read_bytes()) == (mode, NEW)


def test_the_owner_stays(shell: Shell) -> None:
    file = hosts(shell)
    if os.geteuid() == 0:
        os.chown(file, 1234, 4321)
    before = file.stat()
    assert edit(shell).returncode == 0
    after = file.stat()
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino  # it was replaced in one step


def test_a_symbolic_link_stays_and_its_target_is_replaced(shell: Shell) -> None:
    target = shell.file("/var/lib/config/hosts")
    target.write_bytes(OLD)
    link = shell.root / "etc/hosts"
    link.parent.mkdir()
    link.symlink_to("../var/lib/config/hosts")
    assert edit(shell).returncode == 0
    assert (link.is_symlink(), target.is_symlink(), target.read_bytes()) == (True, False, NEW)


def test_another_name_of_the_file_stays_the_same_file(shell: Shell) -> None:
    file = hosts(shell)
    other = file.with_name("other")
    other.hardlink_to(file)
    assert edit(shell).returncode == 0
    assert other.samefile(file)
    assert other.read_bytes() == NEW


def test_extended_attributes_stay(shell: Shell) -> None:
    file = hosts(shell)
    try:
        os.setxattr(file, "user.owner", b"ops")
    except OSError:  # this file system has none
        return
    assert edit(shell).returncode == 0
    assert os.getxattr(file, "user.owner") == b"ops"


def test_a_file_that_is_not_there_is_made(shell: Shell) -> None:
    assert edit(shell, old=b"", path="/etc/new folder/hosts").returncode == 0
    file = shell.root / "etc/new folder/hosts"
    assert (stat.S_IMODE(file.stat().st_mode), file.read_bytes()) == (0o644, NEW)


@pytest.mark.parametrize("held", [b"", OLD + b"10.0.0.8 db2\n", None])
def test_what_somebody_else_has_changed_meanwhile_stays(shell: Shell, held: bytes | None) -> None:
    file = hosts(shell, held or b"")
    if held is None:
        file.unlink()
    done = edit(shell)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "/etc/hosts was not written: somebody else has changed it since it was read; run this again.\n"
    )
    assert [entry.read_bytes() for entry in file.parent.iterdir()] == ([] if held is None else [held])


def test_half_of_it_changes_nothing(shell: Shell) -> None:
    file = hosts(shell)
    given = command(edited("/etc/hosts", OLD, NEW))
    done = shell.run(given.text, (given.stdin or "")[:12])
    assert done.returncode == 1
    assert "did not arrive whole" in done.stderr
    assert (file.read_bytes(), list(file.parent.iterdir())) == (OLD, [file])


def test_an_immutable_file_is_named_with_the_way_out(shell: Shell) -> None:
    file = hosts(shell)
    shell.add_tool("mv", "echo mv: Operation not permitted >&2; exit 1")
    shell.add_tool("lsattr", 'echo "----i---------e------- $2"')
    done = edit(shell)
    assert done.returncode == 1
    assert "it is immutable; run `chattr -i -a /etc/hosts` there" in done.stderr
    assert (file.read_bytes(), list(file.parent.iterdir())) == (OLD, [file])
