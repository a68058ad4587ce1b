"""What all steps of a change have: their turn, their end, and the balancers that pass on to who does not act."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from typing import Final

from pyinfra import host, logger
from pyinfra.api import StringCommand

from k8s_ha.cluster_state.change_steps import REMOVALS, WITHOUT_OUTAGE, ChangeStep, Work
from k8s_ha.facts.node import Node
from k8s_ha.operations.commands import fail_host, planned, poll_until, read_fact, read_of_hosts
from k8s_ha.operations.isolated import isolated_operation
from k8s_ha.operations.nginx import endpoint_proxied
from k8s_ha.pyinfra_internals.state import given_up
from k8s_ha.run import Run, is_executing

SECONDS_TO_SERVE: Final = 330
"""How long a control plane may take after its upgrade until it serves, and its etcd member is well."""


@isolated_operation
def turn_reached(run: Run, step: ChangeStep, place: int, before: Collection[str]) -> Generator[StringCommand]:
    """Have a step begin only where no earlier one has failed, and while the other control planes serve.

    A control plane that serves comes back into the balancer whatever has failed since it left.

    + place: of the step among all
    + before: inventory names of the hosts that have acted in earlier steps
    """
    if not is_executing():
        host.noop("its turn comes")
        return
    if step.work is Work.COME_BACK:
        _tell(run, step, place)
        host.noop("it is this step's turn")
        return
    failed = sorted(given_up(host.state) & set(before))
    if failed:
        yield fail_host(
            f"{host.name}: '{step.sentence}' was not begun: a step before it failed on {', '.join(failed)}; see the "
            "error above, then run this again: it goes on there."
        )
        return
    silent = [] if step.work in (*REMOVALS, *WITHOUT_OUTAGE) else _not_serving(run, step.subjects)
    if silent:
        yield fail_host(
            f"{host.name}: '{step.sentence}' was not begun: the API server of {', '.join(silent)} does not answer, "
            "and no other may be out with it; fix that host, then run this again."
        )
        return
    _tell(run, step, place)
    host.noop("it is this step's turn")


def _tell(run: Run, step: ChangeStep, place: int) -> None:
    """Say how far the change is, once for all hosts of the step."""
    steps, times = run.log.plan.due, run.log.step_times
    if times.begin(place):
        remaining = times.left(steps, place)
        logger.info(f"step {place + 1} of {len(steps)}, {', '.join(step.hosts)}: {step.sentence}; left: {remaining}")


@isolated_operation
def step_ended(run: Run, place: int) -> Generator[StringCommand]:
    """Have the hosts that act next wait for a step's; how long one took that failed tells of no other."""
    if is_executing() and given_up(host.state).isdisjoint(run.log.plan.due[place].hosts):
        run.log.step_times.end(place)
    host.noop("the step is over")
    yield from ()


def _not_serving(run: Run, besides: Collection[str]) -> list[str]:
    """Control planes that do not serve, by inventory name; one that has not joined yet may be silent."""
    views = read_of_hosts(Node, [entry for entry in run.cluster.control_planes if entry.name not in besides])
    return sorted(name for name, view in views.items() if view is None or view.is_silent)


@isolated_operation
def passed_on(
    run: Run, step: ChangeStep, port: int, files: Mapping[str, str], connections: int, away: bool
) -> Generator[StringCommand]:
    """Have a balancer's nginx pass on nothing to the step's control plane, or pass on to it again when it serves.

    + away: whether nothing is passed on to it
    """
    if not is_executing():
        yield planned(step.sentence)
        return
    if not away:
        silent = _serves_not(run, step)
        if silent:
            yield fail_host(
                f"{host.name}: {silent} was left out of the balancer: its API server does not answer; see the error "
                "above, then run this again."
            )
            return
    yield from endpoint_proxied._inner(port=port, files=files, connections=connections, ends_former=away)


@isolated_operation
def joined_passed_on(
    joining: Collection[str], port: int, files: Mapping[str, str], connections: int
) -> Generator[StringCommand]:
    """Have a balancer's nginx pass on to control planes that have joined; where one has not, the next run does it.

    + joining: their inventory names
    """
    if not is_executing():
        yield planned(f"{', '.join(sorted(joining))} into the balancer")
        return
    failed = given_up(host.state) & set(joining)
    if failed:
        host.noop(f"{', '.join(sorted(failed))} did not join")
        return
    yield from endpoint_proxied._inner(port=port, files=files, connections=connections)


def _serves_not(run: Run, step: ChangeStep) -> str:
    """The step's control plane where it does not serve; empty where it does."""
    (name,) = step.subjects
    target, own = host.inventory.get_host(name), run.cluster.host(name)

    def serves() -> bool:
        view = read_fact(target, Node, address=own.address)
        return view is not None and view.ready

    # One whose own step has failed is not waited for.
    seconds = 0 if name in given_up(host.state) else SECONDS_TO_SERVE
    return "" if poll_until(serves, bool, seconds) else name
