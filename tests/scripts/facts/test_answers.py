"""Answers of hosts: what stands between the marks, and nothing that stands outside of them."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from paramiko import SSHException
from pyinfra.api import Host
from pyinfra.api.exceptions import FactProcessError

import k8s_ha.facts
from k8s_ha.facts.answers import FIRST, LAST, IncompleteAnswer, between_marks, marked
from k8s_ha.facts.lines import ParsedFact
from k8s_ha.facts.system import Files
from k8s_ha.pyinfra_internals.connection import Lines, connection_tuned
from tests.support.answers import whole
from tests.support.shell_bench import Shell

BANNER = "Welcome to 10.0.0.1"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.mark.parametrize(
    "output",
    [
        whole(["a", "b c"]),
        [BANNER, *whole(["a", "b c"])],
        [BANNER, "", *whole(["a", "b c"]), "logout"],
        [f"{line}\r" for line in whole(["a", "b c"])],
    ],
)
def test_what_is_outside_of_the_marks_is_dropped(output: list[str]) -> None:
    assert between_marks(output) == ["a", "b c"]


def test_an_empty_answer_is_no_line() -> None:
    assert between_marks([FIRST, "", f"{LAST} 0"]) == []


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ([], "its first mark is missing"),
        ([BANNER], "its first mark is missing"),
        (["a", f"{LAST} 0"], "its first mark is missing"),
        ([FIRST, "a"], "it was cut off before its last mark"),
        ([FIRST, "a", LAST], "it was cut off before its last mark"),
        ([f"{LAST} 0", FIRST, "a"], "it was cut off before its last mark"),
        ([FIRST, "a", f"{LAST} 3"], "it ended with exit code 3"),
    ],
)
def test_what_did_not_come_whole_is_no_answer(output: list[str], reason: str) -> None:
    with pytest.raises(IncompleteAnswer, match=reason):
        between_marks(output)
    with pytest.raises(FactProcessError, match=reason):
        Files().process(output)


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ("echo a; echo 'b  c'", ["a", "b  c"]),
        ("true", []),
        ("echo a\nexit 0\necho b", ["a"]),
        ("(echo a) &\nwait", ["a"]),
        ("trap 'echo last' EXIT; echo a", ["a", "last"]),
        ("# it's a comment\necho $((1 + 1))", ["2"]),
        ("case x in x) echo a ;; esac", ["a"]),
        (r"printf 'caf\303\251 \263\273 \033]52;c;x\007\n'", ["caf?? ?? ?]52;c;x?"]),
        ("printf 'no line break'", ["no line break"]),
        ("echo $LC_ALL", ["C"]),
    ],
)
def test_a_script_between_the_marks(shell: Shell, script: str, lines: list[str]) -> None:
    done = shell.run(f"echo {BANNER}; printf 'no line break'; {marked(script)}")
    assert (done.returncode, done.stderr) == (0, "")
    assert between_marks(done.stdout.split("\n")) == lines


def test_a_script_that_fails_says_so_twice(shell: Shell) -> None:
    done = shell.run(marked("echo a; echo why >&2; exit 3"))
    assert (done.returncode, done.stderr) == (3, "why\n")
    with pytest.raises(IncompleteAnswer, match="exit code 3"):
        between_marks(done.stdout.splitlines())


def parsed_facts() -> list[type[ParsedFact[Any]]]:
    """Every fact of the package."""
    found: list[type[ParsedFact[Any]]] = []
    waiting: list[type[Any]] = [ParsedFact]
    while waiting:
        subclasses = waiting.pop().__subclasses__()
        found += subclasses
        waiting += subclasses
    return sorted((fact for fact in found if fact.__module__.startswith("k8s_ha")), key=lambda fact: fact.__name__)


@pytest.mark.parametrize("fact", parsed_facts(), ids=lambda fact: fact.__name__)
def test_every_fact_is_marked_speaks_english_and_has_no_default(fact: type[ParsedFact[Any]]) -> None:
    assert re.search(r"^        return marked\(", inspect.getsource(fact.command), re.MULTILINE)
    assert fact().default() is None
    with pytest.raises(FactProcessError):
        fact().process([BANNER])


def test_no_fact_is_another_kind_of_fact() -> None:
    """What pyinfra's own facts read is not marked."""
    package = Path(k8s_ha.facts.__file__).parents[1]
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name not in (
            "lines.py",
            "fact_batch.py",
            "diagnosis.py",
        ):  # each answer of a batch, and each part, is marked
            assert not re.search(r"\(FactBase\b", text), path
        assert not re.search(r"^from pyinfra\.(facts|operations)\b", text, re.MULTILINE), path


def test_bytes_that_are_no_text_do_not_end_the_reading() -> None:
    lines = [b"a\n", b"\xb3\xbb\n", b"b\n"]
    channel = SimpleNamespace(makefile=lambda mode: Stream(lines), makefile_stderr=lambda mode: Stream(lines[1:]))

    class Client:
        def get_transport(self) -> Any:
            return SimpleNamespace(sock=None)

        def exec_command(self, command: str) -> tuple[str, Any, Any]:
            return command, SimpleNamespace(channel=channel), None

    client = Client()
    host = cast(Host, SimpleNamespace(connector=SimpleNamespace(client=client)))
    connection_tuned(host)
    once = client.exec_command
    connection_tuned(host)
    assert client.exec_command is once
    stdin, stdout, stderr = client.exec_command("x")
    assert (stdin, list(stdout), list(stderr)) == ("x", ["a\n", "\ufffd\ufffd\n", "b\n"], ["\ufffd\ufffd\n", "b\n"])
    assert isinstance(stdout, Lines)


def test_a_connection_that_ends_when_a_command_begins_is_an_error_of_its_host() -> None:
    """paramiko raises what ended the transport; pyinfra knows timeouts, OSError and SSHException as a host's own."""

    class Client:
        def get_transport(self) -> Any:
            return SimpleNamespace(sock=None)

        def exec_command(self, command: str) -> None:
            raise EOFError

    client = Client()
    connection_tuned(cast(Host, SimpleNamespace(connector=SimpleNamespace(client=client))))
    with pytest.raises(SSHException, match="the connection has ended"):
        client.exec_command("x")


class Stream(list[bytes]):
    """What a command prints, in bytes."""

    channel = None
