"""States of real machines, which one look is to find: those of a batch at once."""

from __future__ import annotations

from tests.lab.odd.balancer import BALANCERS
from tests.lab.odd.boots import BOOTS
from tests.lab.odd.logins import LOGINS
from tests.lab.odd.repositories import PROXIES, REPOSITORIES
from tests.lab.odd.rows import Batch
from tests.lab.odd.runtimes import CONTAINERD, DOCKER
from tests.lab.odd.surroundings import SURROUNDINGS

# Where a batch has nothing on the load balancer, one of its states joins it.
_STREAM, _OLD_STREAM, _ELSEWHERE, _PORT, _MISTAKE, *_REST = BALANCERS

BATCHES = [
    Batch(SURROUNDINGS),
    Batch([*BOOTS, _STREAM], {"selinux": "permissive"}),
    Batch([*REPOSITORIES, _OLD_STREAM]),
    Batch([*PROXIES, _ELSEWHERE]),
    Batch([*CONTAINERD, _PORT]),
    Batch([*DOCKER, _MISTAKE], {"container_runtime": "docker"}),
    *(Batch([odd]) for odd in _REST),
    *map(Batch, LOGINS),
]
