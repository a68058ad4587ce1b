"""Who is to blame for what does not reach what."""

from __future__ import annotations

from itertools import product

import pytest

from k8s_ha.verification.faults import Blame, blame, counted

HOSTS = ("a", "b", "c")


def pairs(*words: str) -> set[tuple[str, str]]:
    return {(word[0], word[1]) for word in words}


@pytest.mark.parametrize(
    ("failures", "told"),
    [
        (pairs(), []),
        (pairs("ab", "cb"), [Blame("b", True, ("a", "c"))]),
        (pairs("ba", "bc"), [Blame("b", False, ("a", "c"))]),
        (pairs("ab"), [Blame("b", True, ("a",))]),
        (pairs("ab", "bc"), [Blame("b", True, ("a",)), Blame("c", True, ("b",))]),
        # Reached by nobody and reaching nobody.
        (pairs("ab", "cb", "ba", "bc"), [Blame("b", True, ("a", "c")), Blame("b", False, ("a", "c"))]),
        (
            pairs("ab", "ac", "ba", "bc", "ca", "cb"),
            [Blame("a", True, ("b", "c")), Blame("b", True, ("a", "c")), Blame("c", True, ("a", "b"))],
        ),
    ],
)
def test_each_failure_is_told_once(failures: set[tuple[str, str]], told: list[Blame]) -> None:
    assert blame(failures, list(product(HOSTS, HOSTS))) == told


def test_ends_that_are_no_hosts() -> None:
    assert blame(pairs("ax", "bx", "cx"), list(product(HOSTS, "xy"))) == [Blame("x", True, HOSTS)]
    assert blame(pairs("ax", "ay"), list(product(HOSTS, "xy"))) == [Blame("a", False, ("x", "y"))]
    assert blame(pairs("ax"), list(product("a", "xy"))) == [Blame("x", True, ("a",))]


def test_some_are_named_and_all_are_counted() -> None:
    assert counted(HOSTS, HOSTS) == "3 of 3 hosts"
    assert counted(("b",), HOSTS) == "1 of 3 hosts (b)"
