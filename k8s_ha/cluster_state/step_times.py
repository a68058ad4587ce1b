"""How long the steps of a change take. Values in, values out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from k8s_ha.cluster_state.change_steps import ChangeStep


@dataclass(frozen=True)
class Duration:
    """+ is_bound: whether nothing of its kind was measured yet, so that it is the most that it may be."""

    seconds: float
    is_bound: bool = False

    def __str__(self) -> str:
        minutes, seconds = divmod(round(self.seconds), 60)
        text = f"{minutes} min" if minutes >= 10 or not seconds else f"{minutes} min {seconds} s"
        text = f"{seconds} s" if not minutes else text
        return f"at most {text}" if self.is_bound else f"about {text}"


def measured(steps: Sequence[ChangeStep], taken: Mapping[int, float]) -> dict[str, float]:
    """The mean seconds of each kind of step.

    + taken: seconds by the step's place, of those that have ended
    """
    return means((steps[place].work.value, seconds) for place, seconds in taken.items())


def means(timed: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The mean seconds by kind.

    + timed: kind and seconds of each step
    """
    found: defaultdict[str, list[float]] = defaultdict(list)
    for kind, seconds in timed:
        found[kind].append(seconds)
    return {kind: fmean(values) for kind, values in found.items()}


def expected(step: ChangeStep, known: Mapping[str, float]) -> Duration:
    """How long a step takes, by what equal ones took.

    + known: mean seconds by kind; what this run measured goes before what the last one did
    """
    seconds = known.get(step.work.value)
    return Duration(step.seconds, is_bound=True) if seconds is None else Duration(seconds)


def left(steps: Sequence[ChangeStep], place: int, known: Mapping[str, float]) -> Duration:
    """How long the step at this place and all behind it take."""
    durations = [expected(step, known) for step in steps[place:]]
    return Duration(sum(each.seconds for each in durations), any(each.is_bound for each in durations))
