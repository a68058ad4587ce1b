"""A host that cannot be checked as root: its own words, and a way out only where the cause is certain."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from pyinfra.api import Host
from pyinfra.connectors.util import CommandOutput, OutputLine

from k8s_ha.findings import Finding
from k8s_ha.operations import login
from k8s_ha.preflight_checks import login as causes
from k8s_ha.preflight_checks.login import Login, asks_password, login_shell, refused
from k8s_ha.resources import read_file, shell_variables
from tests.support.answers import whole
from tests.support.node_views import recorded
from tests.support.paths import RECORDED
from tests.support.shell_bench import Shell

SAID = yaml.safe_load((RECORDED / "logins.yaml").read_text(encoding="utf-8"))
ALL = SAID["recorded"] | SAID["quoted"]


@pytest.mark.parametrize("case", ALL.values(), ids=ALL)
def test_what_a_login_says_is_shown_and_explained(case: dict[str, Any]) -> None:
    assert str(refused("worker1", Login(tuple(case["words"])))) == f"worker1: {case['says']}"


def test_every_quotation_has_a_source() -> None:
    assert all(case["source"] for case in SAID["quoted"].values())


def test_only_a_password_that_is_asked_for_makes_a_person_be_asked() -> None:
    assert {name for name, case in ALL.items() if asks_password(Login(tuple(case["words"])))} == {
        "a password asked for",
        "a syntax error that keeps a rule out",
        "a sudoers file that anybody may write",
        "sudo-rs",
    }


def test_words_that_are_not_known_are_shown_without_a_guess() -> None:
    words = ("", "We trust you have received the usual lecture", "sudo: one", "sudo: two", "sudo: three")
    assert str(refused("worker1", Login(words))) == (
        "worker1: could not be checked as root: 'sudo: two / sudo: three'; root or sudo is needed; fix that there"
    )


@pytest.mark.parametrize(("shell", "by"), [("", ""), ("/bin/false", " by its login shell /bin/false")])
def test_a_login_that_says_nothing(shell: str, by: str) -> None:
    assert refused("worker1", Login(shell=shell)).found == f"a command was ended without a word{by}"


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash", "/usr/bin/zsh", "/bin/ksh", "/bin/dash", "", "/opt/my-csh"])
def test_shells_that_take_what_sh_takes(shell: str) -> None:
    assert login_shell("worker1", shell) is None


@pytest.mark.parametrize("shell", ["/bin/csh", "/bin/tcsh", "/usr/local/bin/fish"])
def test_shells_that_do_not(shell: str) -> None:
    finding = login_shell("worker1", shell)
    assert finding and (finding.check, finding.found) == ("login-shell", f"its login shell is {shell}")


def test_every_cause_has_been_seen() -> None:
    for table in (causes._CAUSES, causes._LEFT_OUT):
        assert {causes._cause(Login(tuple(case["words"])), table)[0] for case in ALL.values()} - {None} == set(table)


# The script that has sudo run a command, for real, with a sudo that does what one does with askpass.

SUDO = """
echo "sudo $*"
[ -z "$SUDO_ASKPASS" ] || for attempt in 1 2; do echo "$attempt $("$SUDO_ASKPASS")"; done
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "home").mkdir()
    return Shell(tmp_path)


def said(shell: Shell, *, password: str = "", folder: str = "tmp", before: str = "") -> list[str]:
    """The lines that the script prints; the folders of the bench by their names."""
    values = {"COMMAND": "sudo -H sh -c 'id -u'", "PASSWORD": password, "TEMP_DIR": str(shell.root / folder)}
    text = f"unset TMPDIR; HOME={shell.root}/home\n{before}\n{shell_variables(values)}{read_file('become-root.sh')}"
    return shell.lines(f"( {text}) 2>&1")


def left_behind(shell: Shell) -> list[str]:
    return [path.name for path in shell.root.rglob("pyinfra-sudo-askpass*")]


def test_sudo_runs_the_command_in_its_own_language(shell: Shell) -> None:
    shell.add_tool("sudo", 'echo "$LC_ALL $*"')
    assert said(shell) == ["C -H sh -c id -u"]


def test_a_refusal_is_no_failure_for_which_pyinfra_would_ask(shell: Shell) -> None:
    shell.add_tool("sudo", 'echo "sudo: a password is required" >&2; exit 1')
    assert said(shell) == ["sudo: a password is required", "k8s-ha-login failed 1"]


def test_a_host_without_sudo(shell: Shell) -> None:
    lines = said(shell, before="command() { [ $2 != sudo ]; }")
    assert lines == ["k8s-ha-login lacks sudo"]
    assert refused("worker1", Login(notes={"lacks": "sudo"})).found == "it has no sudo"


def test_a_password_is_handed_over_once(shell: Shell) -> None:
    """sudo asks three times, and as many wrong ones lock an account."""
    shell.add_tool("sudo", SUDO)
    assert said(shell, password="it's %s") == ["sudo -H sh -c id -u", "1 it's %s", "2 "]
    assert left_behind(shell) == []


def test_a_folder_in_which_no_program_runs(shell: Shell) -> None:
    """As on a file system that is mounted noexec."""
    shell.add_tool("sudo", SUDO)
    shell.add_tool("chmod", f'case $2 in {shell.root}/tmp/*) ;; *) exec /bin/chmod "$@" ;; esac')
    denied, *notes = said(shell, password="x")
    assert denied.endswith("Permission denied")
    assert notes == ["k8s-ha-login folder /tmp", "k8s-ha-login instead /home"]
    assert left_behind(shell) == []
    *_, variable, _ = said(shell, password="x", folder="home", before=f"TMPDIR={shell.root}/tmp")
    assert variable == "k8s-ha-login variable TMPDIR"


def test_a_folder_that_is_not_there(shell: Shell) -> None:
    shell.add_tool("sudo", SUDO)
    lines = said(shell, password="x", folder="nowhere")
    assert "No such file or directory" in lines[0]
    assert lines[1:] == ["k8s-ha-login folder /nowhere", "k8s-ha-login instead /home"]


def test_the_way_out_of_a_folder_in_which_no_program_runs() -> None:
    words = ("main: line 76: /tmp/pyinfra-sudo-askpass-x: Permission denied",)
    notes = {"folder": "/tmp", "instead": "/home/ops"}
    assert str(refused("worker1", Login(words, notes))) == (
        "worker1: no program runs in /tmp: '/tmp/pyinfra-sudo-askpass-x: Permission denied'; pyinfra hands sudo's "
        "password over by one; set _temp_dir = '/home/ops' for the host, or allow NOPASSWD in sudoers"
    )
    assert refused("worker1", Login(words, notes | {"variable": "TMPDIR"})).remedy == (
        "have that login's TMPDIR be /home/ops, or allow NOPASSWD in sudoers"
    )
    assert refused("worker1", Login(words, {"folder": "/tmp"})).remedy == (
        "set _temp_dir to a folder where that user may run programs, or allow NOPASSWD in sudoers"
    )


class Member:
    """A host whose sudo wants a password, until it is given."""

    name = "worker1"
    print_prefix = "[worker1] "

    def __init__(self, password: str = "") -> None:
        self.connector_data: dict[str, Any] = {}
        self.password = password
        self.sent: list[dict[str, Any]] = []

    @staticmethod
    def get_temp_dir_config() -> str:
        return "/tmp"

    def run_shell_command(self, command: object, **arguments: Any) -> tuple[bool, CommandOutput]:
        self.sent.append({"command": str(command), **arguments})
        if "PASSWORD=right\n" in arguments["_stdin"]:
            return True, CommandOutput([OutputLine("stdout", line) for line in whole(recorded("survey-node"))])
        said = [("stderr", "sudo: a password is required"), ("stdout", "k8s-ha-login failed 1")]
        return True, CommandOutput([OutputLine(*line) for line in said])


@pytest.fixture
def member(monkeypatch: pytest.MonkeyPatch) -> Member:
    member = Member()
    off = dict.fromkeys(("_su_user", "_doas", "_dzdo", "_temp_dir", "_timeout"))
    monkeypatch.setattr(
        login, "connector_arguments", lambda host: {**off, "_sudo": True, "_sudo_password": host.password}
    )
    monkeypatch.setattr(login, "state", SimpleNamespace(print_fact_output=False, print_fact_input=False))
    monkeypatch.setattr(login, "getpass", lambda prompt: "right" if prompt == "[worker1] sudo password: " else "")
    return member


class Closed(Member):
    """A login shell that ends at once."""

    def run_shell_command(self, command: object, **arguments: Any) -> tuple[bool, CommandOutput]:
        self.sent.append({"command": str(command), **arguments})
        if "_stdin" in arguments:
            raise OSError("Socket is closed")
        return False, CommandOutput([])


def test_a_login_shell_that_ends_before_it_is_written_to_says_nothing(member: Member) -> None:
    closed = Closed()
    assert login.surveyed(cast("Host", closed)) == refused("worker1", Login())
    assert [sent["command"] for sent in closed.sent] == [login.READ, "printenv SHELL"]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_person_at_a_terminal_is_asked(monkeypatch: pytest.MonkeyPatch, member: Member, terminal: bool) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: terminal))
    found = login.surveyed(cast("Host", member))
    assert isinstance(found, Finding) is not terminal
    # pyinfra takes it from there for all commands that follow.
    assert member.connector_data == ({"prompted_sudo_password": "right"} if terminal else {})


def test_a_password_that_was_given_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch, member: Member) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    member.password = "wrong"
    assert isinstance(login.surveyed(cast("Host", member)), Finding)
    assert len(member.sent) == 1


def test_a_password_is_in_no_command(monkeypatch: pytest.MonkeyPatch, member: Member) -> None:
    member.password = "right"
    login.surveyed(cast("Host", member))
    (sent,) = member.sent
    assert sent["command"] == login.READ
    assert "COMMAND='sudo -H -A -k sh -c " in sent["_stdin"]
    assert sent["_stdin"].count("right") == 1
