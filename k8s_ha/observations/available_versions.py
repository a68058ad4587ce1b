"""Which versions of Kubernetes hosts can get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class AvailableVersions:
    """What one host's repositories have.

    + known: versions, ``x.y.z``, by minor version
    + unread: why a repository could not be read, by minor version
    """

    known: Mapping[int, frozenset[str]] = field(default_factory=dict)
    unread: Mapping[int, str] = field(default_factory=dict)
