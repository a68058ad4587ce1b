"""What of pyinfra this package touches without a promise: each is there, and is what it is taken for."""

from __future__ import annotations

import inspect
import logging
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyinfra.api.util
import pytest
from pyinfra.api import output
from pyinfra.api.operation import OperationMeta
from pyinfra.api.state import BaseStateCallback, StateOperationHostData

from k8s_ha.pyinfra_internals.callbacks import _Callbacks
from k8s_ha.pyinfra_internals.frames import calls_located_fast, frame_location, stack
from k8s_ha.pyinfra_internals.operations import without_global_arguments
from k8s_ha.pyinfra_internals.terminal import kept_readable
from tests.support.fakes.run import Fleet
from tests.support.operation_bench import Bench

STATE = (
    *(
        "activated_hosts",
        "callback_handlers",
        "check_for_changes",
        "current_stage",
        "cwd",
        "failed_hosts",
        "initialised",
    ),
    *("is_executing", "ops", "add_callback_handler", "get_op_meta", "get_op_order", "is_host_in_limit"),
)
HOST = (
    *("connected", "connector", "connector_data", "current_deploy_kwargs", "current_deploy_name", "executing_op_hash"),
    *("op_hash_order", "get_temp_dir_config", "print_prefix", "run_shell_command"),
)
OPERATION = ("did_change", "did_error", "is_complete", "stderr_lines", "stdout_lines", "will_change")


@pytest.mark.parametrize("name", STATE)
def test_a_state_has(bench: Bench, name: str) -> None:
    assert hasattr(bench.state, name), f"pyinfra {version('pyinfra')} has moved State.{name}; see pyinfra_internals/"


@pytest.mark.parametrize("name", HOST)
def test_a_host_has(bench: Bench, name: str) -> None:
    member = bench.state.inventory.get_host("master1")
    assert hasattr(member, name), f"pyinfra {version('pyinfra')} has moved Host.{name}; see pyinfra_internals/"


@pytest.mark.parametrize("name", OPERATION)
def test_an_operation_has(name: str) -> None:
    assert hasattr(OperationMeta, name), (
        f"pyinfra {version('pyinfra')} has moved OperationMeta.{name}; see pyinfra_internals/operations.py"
    )


def test_what_is_printed_of_commands_goes_through_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(output, "_echo", lambda message=None, **_: said.append(message))
    kept_readable()
    kept_readable()
    output.echo("a\x1b[31mb\x1b[0m\r\nc\x1b[8md\x1b]0;e\x07\tf")
    assert said == ["a\x1b[31mb\x1b[0m\nc\\x1b[8md\\x1b]0;e\\x07\tf"]


def test_pyinfra_writes_its_log_by_one_logger(caplog: pytest.LogCaptureFixture) -> None:
    kept_readable()
    logging.getLogger("pyinfra").warning("%s", "\x1b]0;e\x07")
    assert [record.getMessage() for record in caplog.records] == ["\\x1b]0;e\\x07"]


def test_an_operation_on_a_host_has_its_arguments_and_what_became_of_it() -> None:
    assert {"global_arguments", "operation_meta"} <= {field.name for field in fields(StateOperationHostData)}


OF_A_HOST = ("operation_host_start", "operation_host_success", "operation_host_error")


@pytest.mark.parametrize("name", ["operation_start", *OF_A_HOST, "operation_end"])
def test_callbacks_are_called_as_ours_are_written(name: str) -> None:
    ours, theirs = getattr(_Callbacks, name), getattr(BaseStateCallback, name)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)


def test_what_ends_pyinfra_is_known_by_the_frame_that_takes_the_signal() -> None:
    # Not imported: that patches all of the process for gevent.
    main = Path(pyinfra.__file__).parents[1] / "pyinfra_cli" / "main.py"
    assert "def _handle_interrupt(" in main.read_text(encoding="utf-8")


def test_a_frame_is_told_as_inspect_tells_it() -> None:
    fast, slow = stack(), inspect.stack()
    assert [item[0] for item in fast] == [item[0] for item in slow]
    # One that has ended its line since would be elsewhere.
    for (frame,) in fast[1:]:
        reported = inspect.getframeinfo(frame)
        assert frame_location(frame) == (reported.filename, reported.lineno)


def test_pyinfra_finds_the_same_lines_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    util: Any = pyinfra.api.util
    monkeypatch.setattr(util, "stack", inspect.stack)
    monkeypatch.setattr(util, "getframeinfo", inspect.getframeinfo)
    state = SimpleNamespace(current_deploy_filename=__file__, current_op_file_number=0)
    reported = []
    for _ in range(2):
        reported.append((util.get_operation_order_from_stack(state), util.get_call_location()))
        calls_located_fast()
    assert util.stack is stack
    assert reported[0] == reported[1]


def test_a_pyinfra_that_looks_otherwise_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    util: Any = pyinfra.api.util
    monkeypatch.setattr(util, "stack", "other")
    monkeypatch.setattr(util, "getframeinfo", inspect.getframeinfo)
    calls_located_fast()
    assert (util.stack, util.getframeinfo) == ("other", inspect.getframeinfo)


def test_an_operation_is_known_by_the_same_hash_when_it_is_executed(finished: Fleet) -> None:
    """Else nothing would be looked at together, in silence."""
    assert finished.run().steps("together")


def test_global_arguments_are_told_from_an_operations_own() -> None:
    assert without_global_arguments({"name": "x", "_sudo": True, "_timeout": 3, "path": "/etc"}) == {"path": "/etc"}
