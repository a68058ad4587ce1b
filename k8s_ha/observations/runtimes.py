"""What a host tells of its container runtimes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from k8s_ha.observations.service_command import UnitLook

LARGEST: Final = 262144
"""Bytes of a file beyond which it is not read."""


@dataclass(frozen=True)
class RuntimeState:
    """Container runtimes as they stand; the defaults are those of a host that has none.

    + units: by name; a unit that is not there has no files
    + configs: content by path of the configuration files that are there
    + unread: paths of those that could not be read whole
    + docker_pid: of a running dockerd, whoever started it
    + namespaces: containerd's, of those that have running containers
    """

    units: Mapping[str, UnitLook] = field(default_factory=dict)
    configs: Mapping[str, bytes] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    docker_pid: str = ""
    namespaces: tuple[str, ...] = ()

    def unit(self, name: str) -> UnitLook:
        """A unit by its name; one without anything where nothing was told."""
        return self.units.get(name, UnitLook())
