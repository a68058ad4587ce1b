"""What pyinfra loads of this package before it connects: a run that reaches no host shall leave a report, too.

pyinfra reads deploy code only once it is connected. All that it asks packages for before is which connectors they have,
so this is one by its form. It is loaded by every pyinfra of its environment, and imports little of k8s_ha until a run
that has to do with it has reached no host.
"""

from __future__ import annotations

import atexit
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyinfra
from pyinfra.api.exceptions import InventoryError

from k8s_ha.pyinfra_internals.connectors import BaseConnector
from k8s_ha.pyinfra_internals.state import current_state, every_host, is_connecting

_IMPORTED: Final = re.compile(rb"^[ \t]*(?:from|import)\b[^\n#]*\bk8s_ha\b", re.MULTILINE)


class Start(BaseConnector):
    """No connector of hosts."""

    handles_execution = False

    @staticmethod
    def make_names_data(name: str | None = None) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
        """Refuse to name hosts."""
        raise InventoryError("@k8s-ha connects to nothing; give the host its own name")


def _is_about_us(argument: str) -> bool:
    if argument.startswith("k8s_ha."):
        return True
    try:
        return argument.endswith(".py") and _IMPORTED.search(Path(argument).read_bytes()) is not None
    except (OSError, ValueError):
        return False


def _at_exit() -> None:
    state = current_state() if pyinfra.is_cli else None
    if state is None or not every_host(state) or not is_connecting(state):
        return
    if "k8s_ha.run" in sys.modules or any(map(_is_about_us, sys.argv[1:])):
        from k8s_ha.reporting.run_tracker import no_host_answered

        no_host_answered(state)


atexit.register(_at_exit)
