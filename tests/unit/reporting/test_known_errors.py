"""Errors of kubeadm, the kubelet, yum, nginx and the runtimes: which lines are shown, and what is said about them."""

from __future__ import annotations

import re

import pytest
import yaml

from k8s_ha.reporting.known_errors import KnownError, explain, lines_that_matter
from k8s_ha.reporting.known_errors.kubernetes import GENERAL, KUBERNETES
from k8s_ha.reporting.known_errors.packages import PACKAGES
from k8s_ha.reporting.known_errors.system import SYSTEM
from tests.support.paths import RECORDED

ERRORS = RECORDED / "errors"
NAMES = sorted(path.stem for path in ERRORS.glob("*.txt"))
TOLD = yaml.safe_load((ERRORS / "told.yaml").read_text(encoding="utf-8"))
KNOWN, QUOTED, MATTERING = TOLD["recorded"], TOLD["quoted"], TOLD["lines that matter"]


def recorded(name: str) -> list[str]:
    return (ERRORS / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def test_all_recordings_are_told_about() -> None:
    assert sorted(KNOWN) == NAMES


@pytest.mark.parametrize(("name", "sentences"), KNOWN.items(), ids=KNOWN)
def test_a_recorded_error_is_explained(name: str, sentences: list[str]) -> None:
    assert [f"{known.cause}; {known.remedy}" for known in explain(recorded(name))] == sentences


@pytest.mark.parametrize("quoted", QUOTED, ids=lambda quoted: quoted["cause"] or quoted["words"])
def test_a_quoted_error_is_explained(quoted: dict[str, str]) -> None:
    found = explain(["before", *quoted["words"].splitlines(), "after"])
    assert [known.cause for known in found] == ([quoted["cause"]] if quoted["cause"] else [])
    assert quoted.get("remedy", "") in "".join(known.remedy for known in found)
    assert quoted["source"]


@pytest.mark.parametrize("known", [*KUBERNETES, *PACKAGES, *SYSTEM, *GENERAL], ids=lambda known: known.cause)
def test_every_known_error_has_been_seen(known: KnownError) -> None:
    seen = [line for name in NAMES for line in recorded(name)] + [
        line for quoted in QUOTED for line in quoted["words"].splitlines()
    ]
    assert any(re.search(known.pattern, line) for line in seen)


@pytest.mark.parametrize("words", ["", "Complete!", "[preflight] Running pre-flight checks", "HTTP 200"])
def test_what_is_no_known_error_is_not_explained(words: str) -> None:
    assert explain([words]) == []


def test_the_particular_is_told_instead_of_the_general() -> None:
    lines = [*recorded("kubeadm-kubelet-never-up"), *(f"kubelet: {line}" for line in recorded("kubelet-no-docker"))]
    assert [known.cause for known in explain(lines)] == ["Docker does not run"]


@pytest.mark.parametrize(("name", "lines"), MATTERING.items(), ids=MATTERING)
def test_the_lines_that_matter(name: str, lines: list[str]) -> None:
    assert lines_that_matter(recorded(name)) == lines


def test_where_no_line_is_known_to_matter_the_last_ones_are_shown() -> None:
    assert lines_that_matter([*"abcdefg", "", "  "]) == list("cdefg")


def test_lines_that_matter_are_few_and_short() -> None:
    lines = lines_that_matter(f"Error: {number} {'x' * 600}" for number in range(100))
    assert len(lines) == 20
    assert {len(line) for line in lines} == {500}


def test_what_kubeadm_prints_holds_no_secret() -> None:
    text = "\n".join(line for name in NAMES if name.startswith("kubeadm") for line in recorded(name))
    assert not re.search(r"[a-z0-9]{6}\.[a-z0-9]{16}\b|[0-9a-f]{64}", text)
