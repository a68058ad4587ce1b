"""The steps that a standing cluster needs, taken one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pyinfra import host
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.cluster_state.change_steps import REMOVALS, ChangeStep, Work
from k8s_ha.operations.prefetch import phase_opened
from k8s_ha.operations.steps import step_ended, turn_reached
from k8s_ha.pyinfra_internals.operations import looped
from k8s_ha.run import Run

CarriedOut = Mapping[Work, Callable[[Run, ChangeStep], None]]
"""What calls the operations of a step, by its work."""


_BEHIND: Final = {"remove_nodes": "preflight", "changes": "load_balancer"}
"""The phases of steps, each with the one that it comes behind."""


@dataclass
class Requested:
    """Which phases of steps were called: the name of each, with the inventory name of the host."""

    phases: set[tuple[str, str]] = field(default_factory=set)


def require_steps(run: Run) -> None:
    """End a run that has steps to take and does not take them: what comes after them would find half of a cluster.

    Raises PyinfraError.
    """
    for phase, steps in _by_phase(run).items():
        if steps and (phase, host.name) not in run.part(Requested).phases:
            raise PyinfraError(
                f"nothing was changed: {steps[0].sentence} is due, and the deploy does not call {phase}(); call it "
                f"behind {_BEHIND[phase]}()"
            )


def _by_phase(run: Run) -> dict[str, tuple[ChangeStep, ...]]:
    return {"remove_nodes": run.log.plan.removals_due, "changes": run.log.plan.changes_due}


def take_steps(run: Run, phase: str, carried_out: CarriedOut) -> None:
    """Have this host take its part in the steps of a phase, and wait where the one that it acts in comes next."""
    run.part(Requested).phases.add((phase, host.name))
    due, steps = run.log.plan.due, _by_phase(run)[phase]
    first = 0 if phase == "remove_nodes" else len(due) - len(steps)
    for index, step in enumerate(looped(host, steps)):
        place, following = first + index, steps[index + 1].hosts if index + 1 < len(steps) else ()
        if host.name in step.hosts:
            phase_opened()
            _step(run.at(step.version), place, carried_out)
        if host.name in step.hosts or host.name in following:
            # Whoever acts next waits for this step, and nobody else: calls do not grow with steps times hosts.
            step_ended(name=f"Wait for step {place + 1} of {len(due)}", run=run, place=place)


def _acting(steps: Sequence[ChangeStep]) -> set[str]:
    """Those that act in these steps, and those that they are about; one that is removed may be dead."""
    return {name for step in steps for name in (*step.hosts, *(() if step.work in REMOVALS else step.subjects))}


def _step(run: Run, place: int, carried_out: CarriedOut) -> None:
    due = run.log.plan.due
    step = due[place]
    name = f"Step {place + 1} of {len(due)}: {step.sentence}"
    turn_reached(name=name, run=run, step=step, place=place, before=_acting(due[:place]))
    carried_out[step.work](run, step)
