"""What of pyinfra this package touches without a promise: each is there, and is what it is taken for."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import pyinfra.api.util
import pytest

from k8s_ha.pyinfra_internals.frames import calls_located_fast, frame_location, stack
from k8s_ha.pyinfra_internals.operations import without_global_arguments
from tests.support.fakes.run import Fleet


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
