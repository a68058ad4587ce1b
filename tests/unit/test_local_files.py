"""Files on the operator's machine: whose folders they lie in, and who could have laid something there before."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from k8s_ha.local_files import claim, is_seen_by_git, local_folder, make_private_folder, password, write_private

STEM, SUFFIX = "k8s-ha-20220101T000000Z", ".json"


def test_a_folder_of_its_own_is_ignored_by_git(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    write_private(folder / "admin.conf", "one")
    assert sorted(os.listdir(folder)) == [".gitignore", "admin.conf"]
    assert not is_seen_by_git(folder)
    (folder / ".gitignore").unlink()
    claim(folder, STEM, SUFFIX)
    write_private(folder / f"{STEM}.html", "one")
    claim(folder, STEM, ".tar.gz")
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "*\n"
    (folder / ".gitignore").unlink()
    claim(folder, STEM, SUFFIX)
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "*\n"


@pytest.mark.parametrize("theirs", ["inventory.py", ".git", "reports", "admin.conf.bak", "k8s-ha-notes.txt"])
def test_a_folder_with_files_of_others_gets_no_gitignore(tmp_path: Path, theirs: str) -> None:
    (tmp_path / theirs).write_text("", encoding="utf-8")
    write_private(tmp_path / "admin.conf", "one")
    claim(tmp_path, STEM, SUFFIX)
    assert sorted(os.listdir(tmp_path)) == sorted([theirs, "admin.conf", STEM + SUFFIX])
    assert is_seen_by_git(tmp_path)


@pytest.mark.parametrize(("lines", "seen"), [("*.pyc\n", True), ("*\n", False), ("a\n*\n", False)])
def test_a_gitignore_of_theirs_stays_and_may_do(tmp_path: Path, lines: str, seen: bool) -> None:
    (tmp_path / "notes").write_text("", encoding="utf-8")
    (tmp_path / ".gitignore").write_text(lines, encoding="utf-8")
    write_private(tmp_path / "admin.conf", "one")
    assert (tmp_path / ".gitignore").read_text(encoding="utf-8") == lines
    assert is_seen_by_git(tmp_path) is seen


def test_no_link_that_somebody_laid_is_written_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, victim = tmp_path / "kubeconfig", tmp_path / "victim"
    folder.mkdir()
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    for name in (f".admin.conf.{os.getpid()}", ".admin.conf.guessed", ".gitignore", "admin.conf"):
        (folder / name).symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_private(folder / "admin.conf", "secret")
    (folder / ".admin.conf.guessed").unlink()
    write_private(folder / "admin.conf", "secret")
    claim(folder, STEM, SUFFIX)
    assert not victim.exists()
    assert (folder / "admin.conf").read_text(encoding="utf-8") == "secret"
    assert not (folder / "admin.conf").is_symlink()
    assert stat.S_IMODE((folder / "admin.conf").stat().st_mode) == 0o600


def test_a_write_that_fails_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "admin.conf").mkdir()
    with pytest.raises(OSError, match=r"admin\.conf"):
        write_private(tmp_path / "admin.conf", "secret")
    with pytest.raises(UnicodeEncodeError):
        write_private(tmp_path / "other", "\ud800")
    assert sorted(os.listdir(tmp_path)) == [".gitignore", "admin.conf"]


def test_a_folder_may_be_a_link_to_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write_private(tmp_path / "link" / "admin.conf", "one")
    assert (tmp_path / "real" / "admin.conf").read_text(encoding="utf-8") == "one"


@pytest.mark.parametrize("kind", ["file", "dangling link", "too long"])
def test_what_can_be_no_folder_is_an_error_of_the_system(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / ("f" * 300 if kind == "too long" else "folder")
    if kind == "file":
        folder.write_text("", encoding="utf-8")
    elif kind == "dangling link":
        folder.symlink_to("nowhere")
    with pytest.raises(OSError):
        claim(folder, STEM, SUFFIX)
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_begins_in_the_home_or_where_pyinfra_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert local_folder("/project", "kubeconfig") == Path("/project/kubeconfig")
    assert local_folder("/project", "/srv/kubeconfig") == Path("/srv/kubeconfig")
    assert local_folder("/project", "~/kc") == tmp_path / "home" / "kc"


def test_a_home_that_nobody_knows_makes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(OSError, match="home"):
        make_private_folder(local_folder(str(tmp_path), "~/kc"))
    assert os.listdir(tmp_path) == []


def test_a_password_is_what_a_variable_or_a_file_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRROR", "one")
    monkeypatch.setenv("HOME", str(tmp_path))
    for text in ("two", "two\n", "two\r\n"):
        (tmp_path / "secret").write_bytes(text.encode())
        assert (password("MIRROR", None), password(None, "~/secret")) == ("one", "two")
    (tmp_path / "secret").write_text("two\n\n", encoding="utf-8")
    assert password(None, str(tmp_path / "secret")) == "two\n"


def test_where_none_is_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIRROR", raising=False)
    with pytest.raises(ValueError, match="there is no such environment variable; export it where pyinfra runs"):
        password("MIRROR", None)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    rows = {"gone": "No such file or directory", "binary": "no text", "": "Is a directory", "a\0b": "no text"}
    for path, why in rows.items():
        with pytest.raises(ValueError, match=f"the file cannot be read .{why}.; write the password into it"):
            password(None, f"{tmp_path}/{path}")
