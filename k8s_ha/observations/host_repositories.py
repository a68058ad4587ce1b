"""What a host has of its own package repositories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SOFTENING: Final = {
    "skip": "skip_if_unavailable is set, so it is passed over",
    "managed": "subscription-manager may write it anew",
    "media": "it is on a medium that is asked for",
    "cached": "yum goes on with what it has of it",
    "more": "it has more mirrors than were asked",
}
"""Why an installation may get on without a repository, by the flag that the script prints."""


@dataclass(frozen=True)
class HostRepository:
    """An enabled repository that is not this package's, and what it answered to the question that yum asks first.

    + url: without a user and without its query, either of which may be a secret
    + status: the HTTP status; 0 for none
    + reason: curl's, or what is wrong with the answer
    + unasked: why it was not asked; empty where it was
    + flags: of ``SOFTENING``, and "vault" where ``base_repositories = 'vault'`` fixes it
    """

    id: str
    file: str
    url: str
    status: int = 0
    reason: str = ""
    unasked: str = ""
    flags: frozenset[str] = frozenset()

    @property
    def answers(self) -> bool:
        return self.status in (200, 206) and not self.reason


@dataclass(frozen=True)
class Patterns:
    """Packages that a section of the configuration hides, or the only ones that it shows."""

    section: str
    file: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class HostRepositories:
    """The host's own repositories, and what yum's configuration hides; ``read`` is False where nobody looked."""

    read: bool = False
    enabled: tuple[HostRepository, ...] = ()
    excluded: tuple[Patterns, ...] = ()
    included: tuple[Patterns, ...] = ()
