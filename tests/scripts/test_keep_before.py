"""What stood on a host before the first change is kept there, once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from k8s_ha.operations.before import kept_before
from k8s_ha.operations.commands import edited
from tests.support.operation_bench import command
from tests.support.shell_bench import Shell

FILES = {"fstab": "/etc/fstab"}
KEPT = "/var/lib/k8s-ha/before"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("sync", f'echo synced >>"{tmp_path}/synced"')
    return shell


def keep(shell: Shell, state: Sequence[str], files: dict[str, str] | None = None) -> None:
    done = shell.run(command(kept_before(state, files)).text)
    assert (done.returncode, done.stderr) == (0, "")


def held(shell: Shell, name: str) -> bytes:
    return (shell.root / KEPT.lstrip("/") / name).read_bytes()


def mode(shell: Shell, path: str) -> int:
    return (shell.root / path.lstrip("/")).stat().st_mode & 0o7777


def test_the_first_state_is_kept_and_no_later_one(shell: Shell) -> None:
    fstab = shell.file("/etc/fstab", "", 0o640)
    fstab.write_bytes(b"# \xb3\xbb\r\n/dev/dm-1 none swap defaults 0 0")
    keep(shell, ["swap /dev/dm-1", "swap /dev/dm-2", "swap_target unmasked"], FILES)
    assert held(shell, "fstab") == fstab.read_bytes()
    assert mode(shell, f"{KEPT}/fstab") == 0o640
    assert held(shell, "state") == b"swap /dev/dm-1\nswap /dev/dm-2\nswap_target unmasked\n"
    fstab.write_text("changed\n", encoding="utf-8")
    keep(shell, ["selinux Enforcing", "swap none"], FILES | {"selinux-config": "/etc/selinux/config"})
    assert held(shell, "fstab").startswith(b"# \xb3\xbb")
    assert held(shell, "state").decode().splitlines() == [
        "swap /dev/dm-1",
        "swap /dev/dm-2",
        "swap_target unmasked",
        "selinux Enforcing",
    ]
    assert not (shell.root / KEPT.lstrip("/") / "selinux-config").exists()  # there was none
    assert (shell.root / "synced").read_text(encoding="utf-8") == "synced\n" * 2
    keep(shell, ["selinux Permissive"], FILES)
    assert (shell.root / "synced").read_text(encoding="utf-8") == "synced\n" * 2


def test_a_link_is_kept_as_what_it_leads_to(shell: Shell) -> None:
    shell.file("/etc/real", "SELINUX=enforcing\n")
    (shell.root / "etc/fstab").symlink_to("real")
    keep(shell, [], FILES)
    assert not (shell.root / KEPT.lstrip("/") / "fstab").is_symlink()
    assert held(shell, "fstab") == b"SELINUX=enforcing\n"


def test_only_root_reads_it(shell: Shell) -> None:
    keep(shell, ["selinux Enforcing"])
    assert (mode(shell, KEPT), mode(shell, f"{KEPT}/state"), mode(shell, "/var/lib/k8s-ha")) == (0o700, 0o600, 0o755)


def test_what_cannot_be_kept_fails_before_anything_is_changed(shell: Shell) -> None:
    shell.file("/etc/fstab", "x\n")
    shell.add_tool("cp", "exit 1")
    assert shell.run(command(kept_before(["swap none"], FILES)).text).returncode == 1
    assert not (shell.root / KEPT.lstrip("/") / "state").exists()


def test_an_edit_after_it_leaves_the_copy(shell: Shell) -> None:
    shell.file("/etc/fstab", "a\n", 0o600)
    keep(shell, [], FILES)
    edit = command(edited("/etc/fstab", b"a\n", b"b\n"))
    assert shell.run(edit.text, edit.stdin).returncode == 0
    assert (held(shell, "fstab"), mode(shell, "/etc/fstab")) == (b"a\n", 0o600)
