"""States of real machines, which one look is to find: those of a batch at once."""

from __future__ import annotations

from tests.odd.balancer import BALANCERS
from tests.odd.boots import BOOTS
from tests.odd.logins import LOGINS
from tests.odd.repositories import PROXIES, REPOSITORIES
from tests.odd.rows import Batch
from tests.odd.runtimes import CONTAINERD, DOCKER
from tests.odd.surroundings import SURROUNDINGS

BATCHES = [
    Batch([]),
    Batch(SURROUNDINGS),
    Batch(BOOTS, {"selinux": "permissive"}),
    Batch(REPOSITORIES),
    Batch(PROXIES),
    Batch(CONTAINERD),
    Batch(DOCKER, {"container_runtime": "docker"}),
    *BALANCERS,
    *map(Batch, LOGINS),
]
