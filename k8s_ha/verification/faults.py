"""Where the fault lies when some of many do not reach some of many. Values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """Failures that have one end in common.

    + faulty_end: that end
    + as_target: True where none of ``others`` reaches it, False where it reaches none of them
    + others: the other ends, in their order
    """

    faulty_end: str
    as_target: bool
    others: tuple[str, ...]


def localize_faults(failures: Collection[tuple[str, str]], asked: Sequence[tuple[str, str]]) -> list[Fault]:
    """The failures, each told once: first who is reached by nobody, then who reaches nobody else, then the rest.

    + failures: pairs of a source and a target that it does not reach; an end that is both is never held against itself
    + asked: all pairs that were asked, the failures among them
    """
    sources: dict[str, list[str]] = {}
    targets: dict[str, list[str]] = {}
    for source, target in asked:
        sources.setdefault(target, []).append(source)
        targets.setdefault(source, []).append(target)

    def fail(pairs: Sequence[tuple[str, str]]) -> bool:
        others = [(source, target) for source, target in pairs if source != target]
        return bool(others) and all(pair in failures for pair in others)

    dead = {target for target in sources if fail([(source, target) for source in sources[target]])}
    alive = {source: [target for target in targets[source] if target not in dead] for source in targets}
    # With one target left it is as likely the target's fault.
    cut = {source for source in targets if len(alive[source]) > 1 and fail([(source, end) for end in alive[source]])}
    faults = [Fault(target, True, _failing(failures, sources[target], target)) for target in sources if target in dead]
    for source in targets:
        if source in cut:
            faults.append(Fault(source, False, tuple(end for end in alive[source] if (source, end) in failures)))
    for target in sources:
        left = _failing(failures, [source for source in sources[target] if source not in cut], target)
        faults += [Fault(target, True, left)] * bool(left and target not in dead)
    return faults


def _failing(failures: Collection[tuple[str, str]], sources: Sequence[str], target: str) -> tuple[str, ...]:
    return tuple(source for source in sources if (source, target) in failures)


def counted(some: Sequence[str], every: Sequence[str]) -> str:
    """``5 of 5 hosts``, with their names where they are not all: ``1 of 5 hosts (worker1)``."""
    names = "" if len(some) == len(every) else f" ({', '.join(some)})"
    return f"{len(some)} of {len(every)} hosts{names}"
