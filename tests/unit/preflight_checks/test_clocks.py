"""Clocks, over links of whatever speed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_ha.findings import Finding
from k8s_ha.observations.clock import Interval, ahead, interval, reference
from k8s_ha.preflight_checks.fleet import clocks
from tests.support.cases import HOSTS, fleet, warning


@pytest.mark.parametrize(
    ("asked", "began", "ended", "answered", "bounds"),
    [
        (100.0, 100.5, 101.0, 101.5, Interval(-0.5, 0.5)),
        (100.0, 160.5, 161.0, 101.5, Interval(59.5, 60.5)),
        (100.0, 40.5, 41.0, 101.5, Interval(-60.5, -59.5)),
        # A link that needs 20 s there, one that needs 20 s back: wide, and 0 within it.
        (100.0, 120.0, 121.0, 121.5, Interval(-0.5, 20.0)),
        (100.0, 100.5, 101.0, 121.0, Interval(-20.0, 0.5)),
        # Set while it was looked at.
        (100.0, 100.5, 40.0, 101.5, None),
        (100.0, 100.5, 160.0, 101.5, None),
    ],
)
def test_bounds_of_a_clock(asked: float, began: float, ended: float, answered: float, bounds: Interval | None) -> None:
    assert interval(asked, began, ended, answered) == bounds


_DELAY = st.floats(0, 60)


@given(skew=st.floats(-100, 100), there=_DELAY, work=_DELAY, back=_DELAY)
def test_however_slow_the_link_the_truth_lies_between_the_bounds(
    skew: float, there: float, work: float, back: float
) -> None:
    began = there + skew
    bounds = interval(0, began, began + work, there + work + back)
    assert bounds is None or bounds.low - 1e-6 <= skew <= bounds.high + 1e-6
    assert bounds is not None or there + back < 1e-6


@pytest.mark.parametrize(
    ("one", "other", "seconds"),
    [
        (Interval(0, 1), Interval(0.5, 2), 0),
        (Interval(7, 8), Interval(0, 1), 6),
        (Interval(0, 1), Interval(7, 8), -6),
        (Interval(0, 20), Interval(7, 8), 0),
    ],
)
def test_how_far_a_clock_is_certainly_ahead(one: Interval, other: Interval, seconds: float) -> None:
    assert ahead(one, other) == seconds


def test_the_clock_that_most_share_is_right() -> None:
    right, late = Interval(0, 0.1), Interval(30, 30.1)
    assert reference({"a": late, "b": right, "c": right}, 5) == "b"
    assert reference({"a": late, "b": right}, 5) == "a"
    assert reference({}, 5) is None


def clock(seconds: float) -> dict[str, Any]:
    return {"clock": Interval(seconds, seconds + 0.2)}


def skewed(host: str, text: str) -> Finding:
    return Finding(
        host,
        "clock",
        f"its clock is {text}",
        "5 s at most, for certificates and etcd",
        "set it, and have chronyd keep it",
    )


OPERATOR = "60 s at most: your machine says when a join token expires"
SET = "set the clock that is wrong"
CLOCKS: dict[str, tuple[dict[str, dict[str, Any]], list[Finding]]] = {
    "together": ({name.replace("-", "_"): clock(0.1) for name in HOSTS}, []),
    "unknown": ({}, []),
    "4 s apart": ({"master1": clock(0), "master2": clock(4)}, []),
    "one ahead": (
        {"master1": clock(0), "master2": clock(12.4), "master3": clock(0)},
        [skewed("master2", "12 s ahead of that of master1 and 1 more")],
    ),
    "the first one behind": (
        {"master1": clock(-40), "master2": clock(0), "master3": clock(0)},
        [skewed("master1", "40 s behind that of master2 and 1 more")],
    ),
    "a load balancer ahead": (
        {"master1": clock(0), "master_lb": clock(3600)},
        [skewed("master-lb", "3600 s ahead of that of master1")],
    ),
    "all ahead of the operator": (
        {"master1": clock(61.5), "master2": clock(61.5)},
        [
            warning(name, "clock", "its clock is 62 s ahead of that of your machine", OPERATOR, SET)
            for name in ("master1", "master2")
        ],
    ),
    "tokens would have expired": (
        {"master1": clock(1900)},
        [Finding("master1", "clock", "its clock is 1900 s ahead of that of your machine", OPERATOR, SET)],
    ),
}


@pytest.mark.parametrize(("changed", "findings"), CLOCKS.values(), ids=CLOCKS)
def test_clocks(changed: dict[str, dict[str, Any]], findings: list[Finding]) -> None:
    assert list(clocks(fleet(**changed))) == findings


def test_somebodys_own_host_keeps_its_own_time() -> None:
    *nodes, balancer = fleet(master1=clock(0), master2=clock(0), master_lb=clock(3600))
    own = replace(balancer, host=balancer.host.model_copy(update={"role": ("admin",)}))
    assert list(clocks([*nodes, own])) == []
