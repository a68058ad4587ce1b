"""How long steps take: measured in this run, in the last one, or the most that they may."""

from __future__ import annotations

import pytest

from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.step_times import Duration, expected, left, measured


def step(work: Work) -> ChangeStep:
    return ChangeStep(work, ("master1",), ("master1",), "1.34.11", "a step")


STEPS = [step(Work.APPLY), step(Work.CONTROL_PLANE), step(Work.CONTROL_PLANE), step(Work.KUBELET)]


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (Duration(7.4), "about 7 s"),
        (Duration(60), "about 1 min"),
        (Duration(95), "about 1 min 35 s"),
        (Duration(640), "about 10 min"),
        (Duration(1200, is_bound=True), "at most 20 min"),
    ],
)
def test_a_duration_for_a_person(duration: Duration, text: str) -> None:
    assert str(duration) == text


def test_equal_steps_are_measured_by_their_mean() -> None:
    assert measured(STEPS, {0: 90.0, 1: 40.0, 2: 60.0}) == {"apply": 90.0, "control plane": 50.0}


def test_what_nobody_has_measured_takes_its_bound_at_most() -> None:
    assert expected(STEPS[3], {"apply": 90.0}) == Duration(1800, is_bound=True)
    assert expected(STEPS[0], {"apply": 90.0}) == Duration(90)


def test_what_is_left_is_a_bound_where_any_of_it_is() -> None:
    known = {"apply": 90.0, "control plane": 50.0}
    assert left(STEPS, 1, known) == Duration(1900, is_bound=True)
    assert left(STEPS, 1, known | {"kubelet": 30.0}) == Duration(130)
