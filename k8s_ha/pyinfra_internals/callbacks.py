"""What pyinfra tells while it executes operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pyinfra.api import Host
from pyinfra.api.state import BaseStateCallback, State


class Follower(Protocol):
    """Who is told of one state's operations; all hosts begin and end one together, without ``--serial``."""

    def operation_started(self, op_hash: str) -> None: ...
    def host_started(self, host: Host, op_hash: str) -> None: ...
    def host_stopped(self, host: Host, op_hash: str) -> None: ...
    def host_failed(self, host: Host, op_hash: str) -> None: ...
    def operation_ended(self) -> None: ...


_followers: dict[State, Follower] = {}


def follow(state: State, follower: Follower) -> None:
    """Have a follower told of a state's operations, once; to be called again after group_data was read.

    Initializing a state, which comes after that, forgets its callbacks.
    """
    _followers[state] = follower
    if state.initialised and not any(isinstance(handler, _Callbacks) for handler in state.callback_handlers):
        add_handler: Callable[[BaseStateCallback], None] = state.add_callback_handler
        add_handler(_Callbacks())


class _Callbacks(BaseStateCallback):
    """What pyinfra calls, handed on to the state's follower."""

    @staticmethod
    def operation_start(state: State, op_hash: str) -> None:
        _followers[state].operation_started(op_hash)

    @staticmethod
    def operation_host_start(state: State, host: Host, op_hash: str) -> None:
        _followers[state].host_started(host, op_hash)

    @staticmethod
    def operation_host_success(state: State, host: Host, op_hash: str, retry_count: int = 0) -> None:
        _followers[state].host_stopped(host, op_hash)

    @staticmethod
    def operation_host_error(
        state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        _followers[state].host_failed(host, op_hash)

    @staticmethod
    def operation_end(state: State, op_hash: str) -> None:
        _followers[state].operation_ended()
