"""The finished cluster upgraded to the next minor version, as the last thing: nobody notices."""

from __future__ import annotations

import pytest

from tests.lab.client import NEXT, TODAY, Lab
from tests.scenarios.rollout import markdown
from tests.scenarios.upgrade import COLUMNS, upgrade

pytestmark = pytest.mark.lab


def test_an_upgrade_to_the_next_minor_fails_no_request(lab: Lab) -> None:
    """Shown by a dry run, made, verified, and run again with no change; each part is of the version."""
    done = upgrade(lab, TODAY, NEXT)
    print(markdown(COLUMNS), markdown("---" for _ in COLUMNS), done.row(), sep="\n")
    assert (done.availability.api[0], done.availability.service[0]) == (0, 0)
    assert done.etcd[0] != done.etcd[1]
