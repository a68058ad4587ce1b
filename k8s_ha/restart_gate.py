"""Whose turn it is to restart a container runtime under a running cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from gevent.lock import Semaphore


class RestartGate:
    """Whose turn it is: one control plane, or a few workers, and nobody after a node that has not come back.

    + workers: how many of them at once
    """

    def __init__(self, workers: int) -> None:
        self.failed: str | None = None
        self.out: set[str] = set()
        """Inventory names of nodes that a step of a change has taken out of service, and itself waits for."""
        self._workers = workers
        self._free = Semaphore(workers)
        self._control_planes = Semaphore(1)

    @contextmanager
    def turn(self, control_plane: bool) -> Iterator[None]:
        """Wait until the host may go on; a control plane takes all places, since pods of workers need it."""
        # One at a time takes many, or two would wait for each other's.
        with self._control_planes if control_plane else nullcontext():
            taken = self._workers if control_plane else 1
            for _ in range(taken):
                self._free.acquire()
            try:
                yield
            finally:
                for _ in range(taken):
                    self._free.release()

    @contextmanager
    def watched(self, name: str) -> Iterator[Callable[[], None]]:
        """The host of this inventory name has failed unless what is given was called when the block is left."""
        back: list[bool] = []
        try:
            yield lambda: back.append(True)
        finally:
            if not back:
                self.failed = name
