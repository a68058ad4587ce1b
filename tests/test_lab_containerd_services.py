"""Services of a finished cluster that people have changed, and a boot."""

from __future__ import annotations

import pytest

from tests.lab_checks import check_a_boot, check_drift
from tests.lab_client import Lab
from tests.odd.drifts import SERVICES, Drift

pytestmark = [pytest.mark.lab, pytest.mark.long]


@pytest.fixture(scope="module", autouse=True)
def finished_cluster(lab: Lab) -> None:
    """The cluster as the deploy leaves it, also where an earlier test has just shaken it."""
    lab.results()


@pytest.mark.parametrize("drift", SERVICES, ids=lambda drift: drift.state)
def test_a_service_that_was_changed(lab: Lab, drift: Drift) -> None:
    check_drift(lab, drift)


def test_what_a_boot_leaves_of_a_node(lab: Lab) -> None:
    check_a_boot(lab, "worker2", "containerd", "Enforcing")
