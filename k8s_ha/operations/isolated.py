"""Operations that fail their own host and no other."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pyinfra import host, state
from pyinfra.api import FactBase, operation
from pyinfra.api.arguments_typed import PyinfraOperation
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.operations.commands import fail_host
from k8s_ha.operations.prefetch import may_have_changed, prefetched
from k8s_ha.pyinfra_internals.state import is_given_up

P = ParamSpec("P")
T = TypeVar("T")


class FactUnavailable(Exception):
    """A fact whose command failed; pyinfra has printed why."""


def require_fact(fact: type[FactBase[T]], **arguments: Any) -> T:
    """A fact of the current host, for an ``isolated_operation``, which it ends where the fact cannot be read."""
    value: T | None = prefetched(fact, arguments)
    if value is None:
        value = host.get_fact(fact, **arguments)
    # Where a fact's command fails, pyinfra fails the host and hands out the fact's default.
    if value is None or is_given_up(state, host):
        raise FactUnavailable(f"{host.name}: {fact.name} could not be read; see the error above; then run this again.")
    return value


def isolated_operation(function: Callable[P, Generator[PyinfraCommand]]) -> PyinfraOperation[P]:
    """pyinfra's ``@operation()`` for a generator that may raise FactUnavailable or PyinfraError.

    An exception in an operation's generator would end the whole run with a traceback; this one fails the host.
    """

    @wraps(function)
    def generator(*args: P.args, **kwargs: P.kwargs) -> Generator[PyinfraCommand]:
        try:
            for command in function(*args, **kwargs):
                may_have_changed()
                yield command
        except (FactUnavailable, PyinfraError) as error:
            yield fail_host(str(error))

    return operation()(generator)
