"""What the package never does to a host, held over all of its shell and all of its operations."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import k8s_ha.operations
from tests.repository.test_shell import texts
from tests.support.fakes.run import Fleet
from tests.support.fakes.scenario import Scenario

SHELL = texts()

LOCALIZED = {
    "is not installed": "rpm -q's exit code, or --qf",
    "not installed": "rpm -q's exit code, or --qf",
    "Nothing to do": "yum's exit code, and rpm -q",
    "Complete!": "yum's exit code, and rpm -q",
    "No such file": "[ -e FILE ]",
    "Permission denied": "the exit code",
    "command not found": "command -v",
    "Active: active": "systemctl is-active, or show -p ActiveState",
    "could not be found": "systemctl show -p LoadState",
}
"""Words that a tool says in the language of its host, and what is asked in their place."""

ASKED = r"\b(grep|case|sed|awk)\b[^\n]*{}"


@pytest.mark.parametrize("file", SHELL)
def test_no_words_are_asked_for_that_a_host_says_in_its_own_language(file: str) -> None:
    found = [
        f"{words}: ask {instead}"
        for words, instead in LOCALIZED.items()
        for text in SHELL[file]
        if re.search(ASKED.format(re.escape(words)), text)
    ]
    assert found == []


def test_words_that_are_asked_for_are_found() -> None:
    assert re.search(ASKED.format("not installed"), "rpm -q x | grep -v 'not installed'")


@pytest.mark.parametrize("file", SHELL)
def test_no_file_is_edited_in_place(file: str) -> None:
    """It would lose its owner, its links and its label."""
    assert not [text for text in SHELL[file] if re.search(r"\bsed\b[^|\n]* (-i|--in-place)", text)]


OPERATIONS = sorted(Path(k8s_ha.operations.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.stem)
def test_a_file_that_was_read_is_edited_and_not_written(path: Path) -> None:
    """``write`` takes no notice of what stands there, of its owner and mode."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            calls = [ast.unparse(call) for call in ast.walk(node) if isinstance(call, ast.Call)]
            reads = any(call.startswith("require_fact(Content") for call in calls)
            assert not (reads and any(call.startswith("write(") for call in calls)), f"{path.name}: {node.name}"


def test_every_command_of_a_run_speaks_english(tmp_path: Path) -> None:
    hosts = {name: {"_env": {"http_proxy": "http://proxy.example"}} for name in Scenario().addresses}
    outcome = Fleet(tmp_path, Scenario(host_data=hosts)).run()
    assert outcome.exit_code == 0, outcome.output
    silent = ("connect", "sudo", "lock")  # pyinfra's own, one with no words, and one that is read by nobody
    assert {step.locale for step in outcome.log if step.step not in silent} == {"C"}
