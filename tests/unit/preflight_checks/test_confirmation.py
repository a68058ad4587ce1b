"""What ends a standing cluster is confirmed by its endpoint, in the one call."""

from __future__ import annotations

import pytest

from k8s_ha.preflight_checks.confirmation import unconfirmed

STANDING = "10.0.1.157:6443"


def test_the_endpoint_that_stands_confirms() -> None:
    assert unconfirmed("reset", STANDING, STANDING) == []


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", "no endpoint was given"),
        ("10.0.1.157", "the endpoint '10.0.1.157' was given"),
        (f"{STANDING} ", f"the endpoint '{STANDING} ' was given"),
        ("other.example:6443", "the endpoint 'other.example:6443' was given"),
    ],
)
def test_anything_else_is_refused(given: str, found: str) -> None:
    (finding,) = unconfirmed("reset", given, STANDING)
    assert str(finding) == (
        f"the cluster: {found}; reset is confirmed by the endpoint of the cluster that stands; "
        f"if you mean that cluster, run this with endpoint={STANDING}"
    )
    assert finding.severity == "error"
