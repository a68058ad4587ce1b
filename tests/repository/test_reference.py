"""The reference is of what ``from k8s_ha import …`` gives, and each of it says what it is."""

from __future__ import annotations

import inspect
import re

import pytest

import k8s_ha
from tests.support.paths import PROJECT

PAGE = (PROJECT / "docs" / "reference.md").read_text(encoding="utf-8")
NAMED = re.findall(r"^\.\. auto(?:function|class):: k8s_ha\.(\w+)$", PAGE, flags=re.MULTILINE)
FUNCTIONS = [name for name in k8s_ha.__all__ if inspect.isfunction(getattr(k8s_ha, name))]


def test_it_has_every_public_name_once_and_no_other() -> None:
    assert sorted(NAMED) == sorted(k8s_ha.__all__)


@pytest.mark.parametrize("name", k8s_ha.__all__)
def test_a_public_name_says_what_it_is(name: str) -> None:
    assert getattr(k8s_ha, name).__doc__


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_is_explained(name: str) -> None:
    function = getattr(k8s_ha, name)
    explained = re.findall(r"^\s*\+ (\w+): ", f"{k8s_ha.__doc__}\n{function.__doc__}", flags=re.MULTILINE)
    assert set(inspect.signature(function).parameters) <= set(explained)


def test_the_phases_are_in_the_order_of_the_deploy() -> None:
    source = (PROJECT / "k8s_ha" / "deploys" / "cluster.py").read_text(encoding="utf-8")
    phases = re.findall(r"^    (\w+)\(settings=settings, groups=groups\)$", source, flags=re.MULTILINE)
    assert phases[-1] == "verify"
    assert [name for name in NAMED if name in phases[:-1]] == phases[:-1]


def test_every_command_shown_is_a_deploy() -> None:
    shown = re.findall(r"^pyinfra inventory\.py k8s_ha\.(\w+)", PAGE, flags=re.MULTILINE)
    assert shown and all(hasattr(getattr(k8s_ha, name), "_inner") for name in shown)
