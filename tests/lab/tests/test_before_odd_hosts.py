"""Hosts as people's machines are: a row of what a host holds, and what preflight says of it, for real.

All rows of a batch are set up at once and found by one look, so that many cost what one does. Its name sorts before the
tests that build a cluster on the same six clean hosts.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from k8s_ha.findings import Finding
from tests.lab.client import Lab
from tests.lab.odd import BATCHES
from tests.lab.odd.rows import Batch, Odd
from tests.support.finding_rows import rows, squeezed

pytestmark = pytest.mark.lab

NAMED = {f"{number}: {odd.state}": (number, odd) for number, batch in enumerate(BATCHES) for odd in batch.odd}


@pytest.fixture(scope="module")
def found(lab: Lab) -> Iterator[list[list[Finding]]]:
    """What one look at the hosts found of each batch; the hosts are clean afterwards, and a look changed nothing."""
    clean = lab.digest()
    yield [findings(lab, batch) for batch in BATCHES]
    assert not lab.digest() ^ clean


def findings(lab: Lab, batch: Batch) -> list[Finding]:
    made: list[Odd] = []  # what refused to be made, since something stood there, must not be taken back
    try:
        for odd in batch.odd:
            lab.host(odd.host, odd.make)
            made.append(odd)
        before = lab.digest()
        run = lab.pyinfra("--dry", deploy="k8s_ha.preflight", **batch.settings)
        assert "Traceback" not in run.stderr
        assert not lab.digest() ^ before
    finally:
        for odd in reversed(made):
            lab.host(odd.host, odd.undo)
    return rows(run.stderr)


@pytest.mark.parametrize(("batch", "odd"), NAMED.values(), ids=NAMED)
def test_what_a_host_holds_is_found_before_the_first_change(found: list[list[Finding]], batch: int, odd: Odd) -> None:
    own = [row for row in found[batch] if (row.host, row.check) == (odd.host, odd.check)]
    words = squeezed(odd.words)
    if odd.severity is None:
        assert [row for row in own if words in squeezed(str(row))] == []
    else:
        matching = [row for row in own if words in squeezed(row.found)]
        assert [row.severity for row in matching] == [odd.severity], found[batch]
