"""Who is to blame for what does not reach what."""

from __future__ import annotations

from itertools import product

import pytest

from k8s_ha.verification.faults import Fault, counted, localize_faults

HOSTS = ("a", "b", "c")


def pairs(*words: str) -> set[tuple[str, str]]:
    return {(word[0], word[1]) for word in words}


@pytest.mark.parametrize(
    ("failures", "reported"),
    [
        (pairs(), []),
        (pairs("ab", "cb"), [Fault("b", True, ("a", "c"))]),
        (pairs("ba", "bc"), [Fault("b", False, ("a", "c"))]),
        (pairs("ab"), [Fault("b", True, ("a",))]),
        (pairs("ab", "bc"), [Fault("b", True, ("a",)), Fault("c", True, ("b",))]),
        # Reached by nobody and reaching nobody.
        (pairs("ab", "cb", "ba", "bc"), [Fault("b", True, ("a", "c")), Fault("b", False, ("a", "c"))]),
        (
            pairs("ab", "ac", "ba", "bc", "ca", "cb"),
            [Fault("a", True, ("b", "c")), Fault("b", True, ("a", "c")), Fault("c", True, ("a", "b"))],
        ),
    ],
)
def test_each_failure_is_told_once(failures: set[tuple[str, str]], reported: list[Fault]) -> None:
    assert localize_faults(failures, list(product(HOSTS, HOSTS))) == reported


def test_ends_that_are_no_hosts() -> None:
    assert localize_faults(pairs("ax", "bx", "cx"), list(product(HOSTS, "xy"))) == [Fault("x", True, HOSTS)]
    assert localize_faults(pairs("ax", "ay"), list(product(HOSTS, "xy"))) == [Fault("a", False, ("x", "y"))]
    assert localize_faults(pairs("ax"), list(product("a", "xy"))) == [Fault("x", True, ("a",))]


def test_some_are_named_and_all_are_counted() -> None:
    assert counted(HOSTS, HOSTS) == "3 of 3 hosts"
    assert counted(("b",), HOSTS) == "1 of 3 hosts (b)"
