"""The one thing that orders hosts among each other."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation


@operation()
def barrier() -> Generator[StringCommand]:
    """Wait for every host that calls this at the same place.

    pyinfra orders operations of different hosts only where all of them call the same one. ``--serial`` and
    ``--no-wait`` void even that, so a barrier is for order alone: what depends on another host's work looks for it in
    the cluster before it begins.
    """
    host.noop("every host is here")
    yield from ()
