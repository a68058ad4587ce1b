"""What takes the timer of backups from a host, run for real below another root."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8s_ha.observations.backup import KEY_FILE, SCRIPT_FILE, SERVICE, SERVICE_FILE, TIMER, TIMER_FILE
from k8s_ha.operations.backup import unscheduled
from tests.support.shell_bench import Shell

FILES = (TIMER_FILE, SERVICE_FILE, SCRIPT_FILE, KEY_FILE)
CALLS = [f"stop {TIMER}", f"stop {SERVICE}", f"-q disable {TIMER}", "daemon-reload"]


class Host(Shell):
    """A host with the timer, whose systemctl writes down what it is called with."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.systemctl()
        for path in FILES:
            self.file(path)

    def systemctl(self, fails: str = "nothing") -> None:
        self.add_tool("systemctl", f'echo "$*" >>{self.root}/calls; [ "$*" != "{fails}" ]')

    def called(self) -> list[str]:
        calls = self.root / "calls"
        found = calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return found

    def left(self) -> list[str]:
        return [path for path in FILES if (self.root / path.lstrip("/")).exists()]

    def unschedule(self) -> int:
        return self.run(str(unscheduled().get_raw_value())).returncode


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_it_stops_and_goes(host: Host) -> None:
    assert host.unschedule() == 0
    assert (host.called(), host.left()) == (CALLS, [])


@pytest.mark.parametrize("call", CALLS)
def test_what_systemd_has_not_done_is_done_by_the_next_run(host: Host, call: str) -> None:
    host.systemctl(fails=call)
    assert host.unschedule() != 0
    assert host.left() == list(FILES if call != "daemon-reload" else (SCRIPT_FILE, KEY_FILE))
    host.called()
    host.systemctl()
    assert host.unschedule() == 0
    assert call in host.called()
    assert host.left() == []


def test_a_timer_that_was_cut_off_while_it_was_taken_away_is_taken_to_the_end(host: Host) -> None:
    (host.root / TIMER_FILE.lstrip("/")).unlink()
    assert host.unschedule() == 0
    assert (host.called(), host.left()) == ([f"stop {SERVICE}", "daemon-reload"], [])
