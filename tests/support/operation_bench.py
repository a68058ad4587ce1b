"""Operations on canned facts: what their generators yield, without a host."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import pyinfra.api.host
import pytest
from pyinfra.api import Config, FactBase, Host, Inventory, State
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.context import ctx_host, ctx_inventory, ctx_state

import k8s_ha.pyinfra_internals.commands
from k8s_ha.settings.groups import GROUPS
from tests.support.example_cluster import six_hosts
from tests.support.paths import LAB

Facts = Mapping[type[FactBase[Any]], Any]
"""A fact's value, a function of its arguments, or an error to raise; None is a fact that could not be read."""


NGINX_CONFIG = (LAB / "build/trees/rpm/nginx/etc/nginx/nginx.conf").read_text(encoding="utf-8")
"""nginx.conf as Enterprise Linux packages it."""


class Noop(NamedTuple):
    """That an operation has nothing to do, and what it says about it."""

    reason: str


class Command(NamedTuple):
    """A shell command with what it reads from stdin."""

    text: str
    stdin: str | None = None


Step = Command | Noop | PyinfraCommand
Row = tuple[Any, Mapping[str, Any], Facts, list[Step]]
"""An operation, its arguments, the facts of its host, and what it then yields."""


def command(given: PyinfraCommand) -> Command:
    """A StringCommand as it will be run."""
    return Command(str(given), given.connector_arguments.get("_stdin"))


def held(written: Command) -> str:
    """The text of a file that a command writes."""
    return base64.b64decode(written.stdin or "").decode()


def refusal(reason: str) -> Command:
    """What fails a host with ``reason``."""
    return Command(f"echo {shlex.quote(reason)} >&2; exit 1")


class Bench:
    """The six hosts with canned facts.

    + facts: by inventory name; a fact that an operation reads and that is not here fails the test
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.facts: dict[str, dict[type[FactBase[Any]], Any]] = {host["name"]: {} for host in six_hosts()}
        self.state = State(_inventory(), Config())
        for host in self.state.inventory:
            self.state.activate_host(host)
        self._noops: list[Noop] = []
        monkeypatch.setattr(pyinfra.api.host, "get_fact", self._get_fact)
        monkeypatch.setattr(k8s_ha.pyinfra_internals.commands, "get_fact", self._get_fact)
        monkeypatch.setattr(k8s_ha.pyinfra_internals.commands, "connected_for", lambda target, reason: None)
        monkeypatch.setattr(Host, "noop", lambda _, reason: self._noops.append(Noop(reason)))

    def _get_fact(
        self,
        state: State,
        host: Host,
        fact: type[FactBase[Any]],
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        apply_failed_hosts: bool = True,
    ) -> Any:
        arguments = dict(kwargs or {})
        fact().command(*(args or ()), **arguments)  # a fact asked with wrong arguments fails here
        value = self.facts[host.name][fact]
        if isinstance(value, PyinfraError):
            raise value
        return value(**arguments) if callable(value) else value

    @contextmanager
    def on(self, name: str, executing: bool) -> Iterator[Host]:
        """pyinfra's context of one host, while pyinfra prepares or executes."""
        host = self.state.inventory.get_host(name)
        self.state.is_executing = executing
        with ctx_state.use(self.state), ctx_inventory.use(self.state.inventory), ctx_host.use(host):
            yield host

    def steps(
        self,
        operation: Any,
        *,
        on: str = "worker1",
        executing: bool = True,
        facts: Facts | None = None,
        **arguments: Any,
    ) -> list[Step]:
        """What an operation yields on a host; its own facts are added to those that are there."""
        self.facts[on] |= {
            fact: value.reading() if isinstance(value, Then) else value for fact, value in (facts or {}).items()
        }
        self._noops = []
        with self.on(on, executing):
            yielded = list(operation._inner(**arguments))
        return [*map(_step, yielded), *self._noops]


def test_of(rows: Mapping[str, Row]) -> Any:
    """A test of each row, while pyinfra prepares and while it executes."""

    @pytest.mark.parametrize("executing", [False, True], ids=["preparing", "executing"])
    @pytest.mark.parametrize(("operation", "arguments", "facts", "steps"), rows.values(), ids=rows)
    def test_operations(
        bench: Bench,
        operation: Any,
        arguments: Mapping[str, Any],
        facts: Facts,
        steps: list[Step],
        executing: bool,
    ) -> None:
        assert bench.steps(operation, executing=executing, facts=facts, **arguments) == steps

    return test_operations


test_of.__test__ = False  # type: ignore[attr-defined]


class Then:
    """A fact that is another one each time that it is read; the last one stays."""

    def __init__(self, *values: Any) -> None:
        self.values = values

    def reading(self) -> Callable[..., Any]:
        """Read from the first one on."""
        left = list(self.values)
        return lambda **_: left.pop(0) if len(left) > 1 else left[0]


def _inventory() -> Inventory:
    members = [(host["name"], {"ssh_hostname": host["address"]}) for host in six_hosts()]
    groups = {
        group: ([host["name"] for host in six_hosts() if host["role"] == role], {})
        for role, (group, _) in GROUPS.items()
    }
    return Inventory((members, {}), **groups)


def _step(yielded: PyinfraCommand) -> Step:
    return command(yielded) if hasattr(yielded, "bits") else yielded
