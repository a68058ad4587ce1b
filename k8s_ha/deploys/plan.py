"""What a run would do, and nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra.api import deploy

from k8s_ha.deploys.preflight import preflight


@deploy("Plan")
def plan(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Show what becomes of each node, and the steps of a change with how long they take; changes nothing.

    Raises PyinfraError where something stands in the way, as ``preflight`` does.
    """
    preflight(settings=settings, groups=groups)
