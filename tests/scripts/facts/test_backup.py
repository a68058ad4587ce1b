"""What a host tells of its backups, by running the script on what the real one has left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from k8s_ha.facts.backup import Backups
from k8s_ha.facts.survey import Survey
from k8s_ha.observations.backup import KEY_FILE, SERVICE_FILE, TIMER_FILE, BackupState
from tests.support.control_plane import FOLDER, PKI, at, control_plane, take, write_certificate
from tests.support.shell_bench import Shell

NAME = "backup-master1-20261127T081500Z"
SHOWN = """case "$*" in
*-p\\ Result*) echo 'Result={result}' ;;
*ExecMainExitTimestampMonotonic*) echo 'ExecMainExitTimestampMonotonic={ended}' ;;
*NeedDaemonReload*) printf 'NeedDaemonReload={reload}\\n\\nNeedDaemonReload=no\\n' ;;
*) printf 'ActiveState=active\\nUnitFileState={file}\\n' ;;
esac"""


def shown(reload: str = "no", file: str = "enabled", result: str = "success", ended: int = 0) -> str:
    """What systemd tells of the units."""
    return SHOWN.format(reload=reload, file=file, result=result, ended=ended)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    found = control_plane(tmp_path)
    found.add_tool("pgrep", "exit 1")
    found.add_tool("systemctl", shown())
    return found


def told(shell: Shell) -> BackupState:
    return Backups().process([line.replace(str(shell.root), "") for line in shell.lines(Backups().command())])


def test_a_host_without_any_tells_of_none(shell: Shell) -> None:
    state = told(shell)
    assert (state.newest, state.broken_file, state.failure, state.files, state.runs) == (None, None, None, {}, False)


def test_the_newest_is_told_by_its_descriptor(shell: Shell) -> None:
    assert take(shell, NAME, KEEPS="newest").returncode == 0
    newest = told(shell).newest
    assert newest is not None
    assert (newest.path, newest.name) == (f"{FOLDER}/{NAME}", NAME)
    assert newest.authority.startswith("sha256:")
    assert newest.descriptor == at(shell, f"{FOLDER}/{NAME}.json").read_bytes()
    assert [part.file for part in newest.parts] == [f"{NAME}.db", f"{NAME}.tar.gz"]
    assert newest.size == sum(at(shell, f"{FOLDER}/{part.file}").stat().st_size for part in newest.parts)


def test_one_of_another_cluster_that_stood_there_is_none(shell: Shell) -> None:
    assert take(shell, NAME, KEEPS="newest").returncode == 0
    write_certificate(at(shell, f"{PKI}/ca.crt"), "ec")
    state = told(shell)
    assert (state.newest, state.broken_file) == (None, None)
    at(shell, f"{PKI}/ca.crt").unlink()
    assert told(shell) == state


def test_what_systemd_stopped_is_told(shell: Shell) -> None:
    shell.file(TIMER_FILE, "x")
    up = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    shell.add_tool("systemctl", shown(result="timeout", ended=int((up - 60) * 1_000_000)))
    failure = told(shell).failure
    assert failure is not None
    assert failure.sentence == "its service ended with the result timeout"
    assert failure.moment is not None
    assert abs(failure.moment - datetime.now(UTC) + timedelta(seconds=60)) < timedelta(seconds=10)
    # Behind it one was taken on demand.
    assert take(shell, NAME, KEEPS="newest").returncode == 0
    assert told(shell).failure is None


@pytest.mark.parametrize(
    ("damage", "ending"),
    [
        (lambda path: path.with_suffix(".db").unlink(), "db"),
        (lambda path: path.with_suffix(".db").write_text("x"), "db"),
        (lambda path: path.unlink(), "json"),
        (lambda path: path.write_text("{}"), "json"),
    ],
)
def test_one_that_is_not_whole_any_more_does_not_count(
    shell: Shell, damage: Callable[[Path], object], ending: str
) -> None:
    take(shell, NAME, KEEPS="newest")
    damage(at(shell, f"{FOLDER}/{NAME}.json"))
    state = told(shell)
    assert (state.newest, state.broken_file) == (None, f"{FOLDER}/{NAME}.{ending}")


def test_what_has_failed_is_told(shell: Shell) -> None:
    shell.file("/var/lib/k8s-ha/backup-failed", "2026-11-27T02:30:09Z master1: no luck\n")
    failure = told(shell).failure
    assert failure is not None
    assert (f"{failure.moment:%d %H:%M:%S}", failure.sentence) == ("27 02:30:09", "master1: no luck")


@pytest.mark.parametrize(
    ("reload", "file", "runs"), [("no", "enabled", True), ("yes", "enabled", False), ("no", "disabled", False)]
)
def test_a_timer_runs_as_its_file_says(shell: Shell, reload: str, file: str, runs: bool) -> None:
    shell.add_tool("systemctl", shown(reload=reload, file=file))
    lines = []
    for path in (TIMER_FILE, SERVICE_FILE, KEY_FILE):
        shell.file(path, "x")
        lines.append(path)
    state = told(shell)
    assert (sorted(state.files), state.runs) == (sorted(lines), runs)
    assert state.files[TIMER_FILE].mode == "644"
    assert state.scheduled is not None


def test_the_survey_tells_the_same(shell: Shell) -> None:
    take(shell, NAME, KEEPS="newest")
    shell.add_tool("rpm", "exit 1")
    shell.file(TIMER_FILE, "x")
    assert Survey().process(
        [line.replace(str(shell.root), "") for line in shell.lines(Survey().command())]
    ).backup == told(shell)
