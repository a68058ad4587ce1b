"""Reports of version 1, read as those of version 2; for one version of this package. Values in, values out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Final

RENAMED: Final = {"layers": "phases", "layer": "phase", "cure": "remedy"}
"""Fields of today by their names in version 1."""

_STATES: Final = {"virgin": "clean", "stale": "replaced"}
_KEPT: Final = ("settings",)
"""What a user has written stays as it was."""


def upgraded(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report of version 1 as one of version 2."""
    warn("a report of version 1", "version 2: its phases, phase and remedy were layers, layer and cure")
    return {**_with_new_names(report), "schema_version": 2}


def warn(old: str, new: str) -> None:
    """Say that the next version of this package will know ``old`` no more."""
    warnings.warn(f"{old}: the next version of k8s_ha will not know it; use {new}", FutureWarning, stacklevel=3)


def _with_new_names(value: Any, key: str = "") -> Any:
    if isinstance(value, Mapping):
        return {RENAMED.get(k, k): v if k in _KEPT else _with_new_names(v, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_new_names(entry) for entry in value]
    return _STATES.get(value, value) if key in ("state_before", "state_after") else value
