"""What a host or a file says costs that host alone, in one sentence, and commands no terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.fakes.run import RUNTIME, Fleet, Outcome
from tests.support.fakes.scenario import SETTINGS, Scenario
from tests.support.finding_rows import reported

CLIPBOARD = "\x1b]52;c;ZWNobyBvd25lZA==\x07"
"""What writes the clipboard of whoever's terminal shows it."""

ODD = {
    "escape": CLIPBOARD,
    "C1 control": "\x9d52;c;eA==\x9c",
    "turned direction": "\u202e10.8",
    "over the line": "6\r8.10",
    "concealed": "\x1b[8m8.10",
}


def assert_printable(outcome: Outcome) -> None:
    """Nothing but words, lines and pyinfra's own colors; the fleet's output is no terminal, so it has none of these."""
    odd = {char for char in outcome.output if not (char.isprintable() or char in "\n\t")}
    assert odd == set(), ascii(outcome.output)


@pytest.mark.parametrize(
    ("survey", "sentence"),
    [
        (
            {"os_version": "²"},
            "@fake/worker2: runs rocky ²; Enterprise Linux 7, 8, 9, 10 is supported; use such a host",
        ),
        (
            {"os_version": "9" * 5000},
            f"@fake/worker2: runs rocky {'9' * 988}…; Enterprise Linux 7, 8, 9, 10 is supported; use such a host",
        ),
        ({"uid": "²"}, "@fake/worker2: could not be checked as root: "),
    ],
    ids=["superscript", "5000 digits", "uid"],
)
def test_a_number_that_is_none_costs_its_host_alone(tmp_path: Path, survey: dict[str, str], sentence: str) -> None:
    outcome = Fleet(tmp_path, Scenario(survey={"worker2": survey})).run(deploy=RUNTIME)
    assert "Traceback" not in outcome.output
    assert sentence in outcome.sentences
    assert outcome.exit_code == 1
    assert [step for step in outcome.log if step.changes] == []


@pytest.mark.parametrize("kernel", ["9" * 5000, "4." + "9" * 5000, "²"])
def test_a_kernel_that_nobody_numbers_so_ends_nothing(tmp_path: Path, kernel: str) -> None:
    outcome = Fleet(tmp_path, Scenario(survey={"worker2": {"kernel": kernel}})).run("--dry")
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize("word", ODD.values(), ids=ODD)
def test_words_of_a_host_are_shown_as_words(tmp_path: Path, word: str) -> None:
    outcome = Fleet(tmp_path, Scenario(survey={"worker2": {"os_id": word, "os_like": "", "os_version": word}})).run()
    assert outcome.exit_code == 1
    assert_printable(outcome)
    written = word.encode("unicode_escape").decode()
    assert reported(
        outcome.output,
        f"@fake/worker2: runs {written} {written}; Enterprise Linux 7, 8, 9, 10 is supported; use such a host",
    )
    assert_report_is_printable(outcome)


def assert_report_is_printable(outcome: Outcome) -> None:
    def texts(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [text for entry in value.values() for text in texts(entry)]
        if isinstance(value, list):
            return [text for entry in value for text in texts(entry)]
        return [value] if isinstance(value, str) else []

    (report,) = outcome.reports
    assert all(text.translate({9: None, 10: None}).isprintable() for text in texts(report)), json.dumps(report)


@pytest.mark.parametrize("word", ODD.values(), ids=ODD)
@pytest.mark.parametrize("flags", [("-y",), ("-y", "-vvv")], ids=" ".join)
def test_words_of_a_failing_command_are_shown_as_words(tmp_path: Path, word: str, flags: tuple[str, ...]) -> None:
    lines = [f"hostnamectl: {word} failed", f"error: {word}\r"]
    answers = [("worker1", "hostnamectl set-hostname", {"success": False, "lines": lines})]
    outcome = Fleet(tmp_path, Scenario(answers=answers)).run(*flags)
    assert "hostnamectl: " in outcome.output
    assert_printable(outcome)
    assert_report_is_printable(outcome)
    assert outcome.output.count(word.encode("unicode_escape").decode()) >= 2


MISTAKES = {
    "base_url": {"mirror": {"base_url": "https://mirror.example/{foo}"}},
    "brace": {"mirror": {"base_url": "https://mirror.example/{"}},
    "NUL": {"report_dir": "a\0b"},
    "project": {"report_dir": ".", "kubeconfig_dir": "~"},
    "mask": {
        "kubeadm_patches": {
            "ClusterConfiguration": {"controllerManager": {"extraArgs": {"node-cidr-mask-size": "9" * 5000}}}
        }
    },
    "port": {"kubeadm_patches": {"KubeProxyConfiguration": {"healthzBindAddress": "0.0.0.0:²"}}},
    "timeout": {"verify_timeout_seconds": 10**400},
}


@pytest.mark.parametrize("settings", MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("check", [True, False], ids=["checked before", "not checked before"])
def test_what_a_user_writes_is_refused_before_the_first_change(
    tmp_path: Path, settings: dict[str, Any], check: bool
) -> None:
    outcome = Fleet(tmp_path, Scenario(settings=SETTINGS | settings, check=check)).run()
    assert outcome.exit_code == 1
    assert "the cluster's settings cannot be used: " in outcome.sentences
    assert "Traceback" not in outcome.output
    assert {step.step for step in outcome.log} <= (set() if check else {"connect"})
    assert sorted(path.name for path in tmp_path.iterdir() if path.name == ".gitignore") == []


def test_a_kubeconfig_folder_that_can_be_none_costs_one_sentence(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, Scenario(settings=SETTINGS | {"kubeconfig_dir": "f" * 300})).run()
    assert "the kubeconfig could not be read: " in outcome.sentences
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["/w=="], "@fake/master1: /etc/kubernetes/admin.conf is no text; restore it there"),
        (["x"], "@fake/master1: /etc/kubernetes/admin.conf could not be read"),
    ],
    ids=["no UTF-8", "no base64"],
)
def test_a_kubeconfig_that_is_none_costs_its_host_one_sentence(tmp_path: Path, lines: list[str], sentence: str) -> None:
    answers = [("master1", "base64 /etc/kubernetes/admin.conf", {"lines": lines})]
    outcome = Fleet(tmp_path, Scenario(answers=answers)).run()
    assert sentence in outcome.sentences
    assert "Traceback" not in outcome.output
    assert not (tmp_path / "kubeconfig" / "admin.conf").exists()


def test_files_of_others_keep_their_folder_without_a_gitignore(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("", encoding="utf-8")
    outcome = Fleet(tmp_path, Scenario(settings=SETTINGS | {"report_dir": "out", "kubeconfig_dir": "out"})).run()
    assert outcome.exit_code == 0, outcome.output
    assert not (tmp_path / "out" / ".gitignore").exists()
    assert "out holds files of others and got no .gitignore; keep admin.conf out of git" in outcome.sentences
    assert outcome.sentences.count("keep k8s-ha-") == 1


def test_a_home_folder_is_the_persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    settings = SETTINGS | {"kubeconfig_dir": "~/kc", "report_dir": "~/reports"}
    outcome = Fleet(tmp_path, Scenario(settings=settings)).run()
    assert outcome.exit_code == 0, outcome.output
    assert (tmp_path / "home" / "kc" / "admin.conf").exists()
    assert not (tmp_path / "~").exists()
