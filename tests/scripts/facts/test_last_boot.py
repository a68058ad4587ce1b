"""When a host booted last, by the real script on this machine, and its parser on what it prints."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from pyinfra.api.exceptions import FactProcessError

from k8s_ha.facts.last_boot import LastBootFact
from k8s_ha.observations.last_boot import NEED_A_BOOT, LastBoot
from tests.support.answers import whole
from tests.support.shell_bench import Shell

RPM = r"""
for name; do
    case $name in
        kernel-core) echo "installed 1764230000 kernel-core"; echo "installed 1764240000 kernel-core" ;;
        glibc) echo "installed 1764000000 glibc" ;;
        -*|*%*) ;;
        *) echo "package $name is not installed"; missing=1 ;;
    esac
done
[ -z "$missing" ]
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("rpm", RPM)
    shell.file("/etc/machine-id", "abc\n")
    return shell


def test_the_first_process_and_the_packages(shell: Shell) -> None:
    told = LastBootFact().process(shell.lines(LastBootFact().command()))
    with open("/proc/uptime", encoding="utf-8") as uptime:
        booted = time.time() - float(uptime.read().split()[0])
    # This machine's first process is the kernel's own, so both tell of the same boot.
    assert abs(told.booted - booted) < 60
    assert abs(told.now - time.time()) < 60
    assert re.fullmatch(r"[0-9a-f-]{36}/\d+", told.identity)
    assert told.machine == "abc"
    assert told.installed == {"kernel-core": 1764240000, "glibc": 1764000000}


def test_a_host_without_any_of_them_waits_for_nothing(shell: Shell) -> None:
    shell.add_tool("rpm", "exit 1")
    assert LastBootFact().process(shell.lines(LastBootFact().command())).installed == {}


def test_what_came_after_the_boot_waits() -> None:
    told = LastBoot("a", 100, 500, installed={"systemd": 101, "glibc": 200, "kernel": 100, "dbus": 501})
    assert told.waiting == ("glibc", "systemd")
    assert "kernel-core" in NEED_A_BOOT


TOLD = ["boot a/5", "machine m", "booted 5", "now 9"]


@pytest.mark.parametrize("lines", [[], TOLD[1:], TOLD[:2] + TOLD[3:], TOLD[:3], ["boot a/5", "booted x", "now 9"]])
def test_a_host_that_does_not_tell_when_is_not_one_that_need_not(lines: list[str]) -> None:
    with pytest.raises(FactProcessError):
        LastBootFact().process(whole(lines))


def test_what_is_no_number_or_nobodys_package_is_passed_over() -> None:
    lines = [*TOLD, "installed x kernel", "installed 7", "installed 7 evil", "installed 9 glibc"]
    assert LastBootFact().process(whole(lines)) == LastBoot("a/5", 5, 9, "m", {"glibc": 9})
