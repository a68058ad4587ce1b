"""Which versions of Kubernetes hosts can get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class AvailableVersions:
    """What one host's repositories have.

    + known: versions, ``x.y.z``, by minor version
    + unread: why a repository could not be read, by minor version
    + runtime: versions by package of the container runtime; None where its repository was not asked, or not read
    + runtime_unread: why it is None
    """

    known: Mapping[int, frozenset[str]] = field(default_factory=dict)
    unread: Mapping[int, str] = field(default_factory=dict)
    runtime: Mapping[str, frozenset[str]] | None = None
    runtime_unread: str = "no answer"
