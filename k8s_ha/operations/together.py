"""What a layer's operations look at first, in one command a host.

An operation reads a fact and compares; where nothing is to be changed, a round trip for each of them is most of a run.
So operations say when they are added what they will look at, and the first of a layer that is executed on a host reads
it for all of them. Each of them believes it once, and none after the first command that may have changed the host: what
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
from pyinfra.api.operation import OperationMeta

from k8s_ha.facts.lines import Told
from k8s_ha.facts.together import PreflightFacts, Together
from k8s_ha.operations.commands import read_fact
from k8s_ha.pyinfra_internals.operations import hash_of, hash_of_executed, without_global_arguments
from k8s_ha.run import is_executing

P = ParamSpec("P")


@dataclass
class Layer:
    """The looks of one layer at one host.

    + pending: how often each is still to be made, by its key
    + answers: what they told, by key; None before they were made
    """

    looks: dict[str, PreflightFacts] = field(default_factory=dict)
    pending: Counter[str] = field(default_factory=Counter)
    answers: dict[str, list[str]] | None = None

    def expect(self, look: PreflightFacts) -> None:
        self.looks[look.key] = look
        self.pending[look.key] += 1

    def close(self) -> None:
        """Have nothing of it believed any more."""
        self.pending.clear()


_open: WeakKeyDictionary[Host, Layer] = WeakKeyDictionary()
"""The layer that operations are being added to."""

_by_operation: WeakKeyDictionary[Host, dict[str, Layer]] = WeakKeyDictionary()


def layer_opened(target: Host) -> None:
    """Have the operations that are added to a host from now on look together."""
    _open[target] = Layer()


def reads(looks: Callable[..., Iterable[PreflightFacts]]) -> Callable[[PyinfraOperation[P]], PyinfraOperation[P]]:
    """For above ``isolated_operation``: what the operation looks at first.

    + looks: those of an operation with these arguments
    """

    def decorated(operation: PyinfraOperation[P]) -> PyinfraOperation[P]:
        @wraps(operation)
        def added(*args: Any, **kwargs: Any) -> OperationMeta:
            meta = operation(*args, **kwargs)
            layer = _open.get(_current())
            if layer is not None:
                _by_operation.setdefault(_current(), {})[hash_of(meta)] = layer
                for look in looks(*args, **without_global_arguments(kwargs)):
                    layer.expect(look)
            return meta

        return cast("PyinfraOperation[P]", added)

    return decorated


def told(fact: type[FactBase[Any]], arguments: dict[str, Any]) -> Any:
    """What the executed operation's layer was told of a fact; None where that is not to be believed, or not known."""
    layer = _layer()
    if layer is None or not issubclass(fact, Told):
        return None
    look = PreflightFacts(fact, arguments)
    if not layer.pending[look.key]:
        return None
    layer.pending[look.key] -= 1
    if layer.answers is None:
        layer.answers = read_fact(_current(), Together, looks=list(layer.looks.values())) or {}
    lines = layer.answers.get(look.key)
    return None if lines is None else look.answer(lines)


def may_have_changed() -> None:
    """Have nothing believed that was looked at before, on the current host in this layer."""
    layer = _layer()
    if layer is not None:
        layer.close()


def _layer() -> Layer | None:
    if not is_executing():
        return None
    current = _current()
    return _by_operation.get(current, {}).get(hash_of_executed(current))


def _current() -> Host:
    """The host behind pyinfra's name for the current one."""
    return host.inventory.get_host(host.name)
