"""What a phase's operations read first, in one command a host.

An operation reads a fact and compares; where nothing is to be changed, a round trip for each of them is most of a run.
So operations say when they are added what they will read, and the first of a phase that is executed on a host reads it
for all of them. Each of them believes it once, and none after the first command that may have changed the host: what
is asked again, or later, is read again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, cast
from weakref import WeakKeyDictionary

from pyinfra import host
from pyinfra.api import FactBase, Host
from pyinfra.api.arguments_typed import PyinfraOperation

from k8s_ha.facts.fact_batch import FactBatch, FactRequest
from k8s_ha.facts.lines import ParsedFact
from k8s_ha.operations.commands import read_fact
from k8s_ha.pyinfra_internals.operations import OperationMeta, hash_of, hash_of_executed, without_global_arguments
from k8s_ha.run import is_executing

P = ParamSpec("P")


@dataclass
class PhaseFacts:
    """What the operations of one phase read first on one host.

    + pending: how often each is still to be made, by its key
    + answers: what the host printed, by key; None before they were made
    """

    requests: dict[str, FactRequest] = field(default_factory=dict)
    pending: Counter[str] = field(default_factory=Counter)
    answers: dict[str, list[str]] | None = None

    def expect(self, request: FactRequest) -> None:
        self.requests[request.key] = request
        self.pending[request.key] += 1

    def close(self) -> None:
        """Have nothing of it believed any more."""
        self.pending.clear()


_open: WeakKeyDictionary[Host, PhaseFacts] = WeakKeyDictionary()
"""The phase that operations are being added to."""

_by_operation: WeakKeyDictionary[Host, dict[str, PhaseFacts]] = WeakKeyDictionary()


def phase_opened() -> None:
    """Have what the operations read that are added to the current host from now on read in one command."""
    _open[_current()] = PhaseFacts()


def reads(requests: Callable[..., Iterable[FactRequest]]) -> Callable[[PyinfraOperation[P]], PyinfraOperation[P]]:
    """For above ``isolated_operation``: what the operation reads first.

    + requests: those of an operation with these arguments
    """

    def decorated(operation: PyinfraOperation[P]) -> PyinfraOperation[P]:
        @wraps(operation)
        def added(*args: Any, **kwargs: Any) -> OperationMeta:
            meta = operation(*args, **kwargs)
            phase = _open.get(_current())
            if phase is not None:
                _by_operation.setdefault(_current(), {})[hash_of(meta)] = phase
                for request in requests(*args, **without_global_arguments(kwargs)):
                    phase.expect(request)
            return meta

        return cast("PyinfraOperation[P]", added)

    return decorated


def prefetched(fact: type[FactBase[Any]], arguments: dict[str, Any]) -> Any:
    """A fact as the executed operation's phase has read it; None where that is not to be believed, or not known."""
    phase = _phase()
    if phase is None or not issubclass(fact, ParsedFact):
        return None
    request = FactRequest(fact, arguments)
    if not phase.pending[request.key]:
        return None
    phase.pending[request.key] -= 1
    if phase.answers is None:
        phase.answers = read_fact(_current(), FactBatch, requests=list(phase.requests.values())) or {}
    lines = phase.answers.get(request.key)
    return None if lines is None else request.answer(lines)


def may_have_changed() -> None:
    """Have nothing believed that this phase has read of the current host."""
    phase = _phase()
    if phase is not None:
        phase.close()


def _phase() -> PhaseFacts | None:
    if not is_executing():
        return None
    current = _current()
    return _by_operation.get(current, {}).get(hash_of_executed(current))


def _current() -> Host:
    """The host behind pyinfra's name for the current one."""
    return host.inventory.get_host(host.name)
