"""What tests share: the lab, brought up once for all tests that need it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.lab_client import Lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Six virgin hosts; ended afterwards, unless K8S_HA_KEEP_LAB is set."""
    client = Lab()
    client.run("down", check=True)
    client.run("up", check=True)
    yield client
    if not os.environ.get("K8S_HA_KEEP_LAB"):
        client.run("down", check=True)
