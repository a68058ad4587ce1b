"""A finished cluster's hosts with canned facts, for tests of the last look at it."""

from __future__ import annotations

import pytest

import k8s_ha.operations.probe
import k8s_ha.operations.verify
from k8s_ha.facts.cluster import ApiStatusFact
from k8s_ha.facts.host_status import HostStatusFact
from k8s_ha.observations.api_status import SILENCE
from k8s_ha.run import Run
from tests.support.cluster_health import complete_api_status, complete_statuses
from tests.support.cluster_stage import Stage
from tests.support.example_cluster import six_host_cluster
from tests.support.operation_bench import Noop

CLUSTER = six_host_cluster(verify_timeout_seconds=1)
COMPLETE = complete_api_status(CLUSTER)
WHOLE = complete_statuses(CLUSTER)
ELSEWHERE = [Noop("master1 checks")]
"""What the operations do on other hosts than the one that looks for all."""


def finished_stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Six hosts that tell of a cluster without fault, whose time to be verified is a second."""
    for module in (k8s_ha.operations.verify, k8s_ha.operations.probe):
        monkeypatch.setattr(module, "SECONDS_BETWEEN_POLLS", 0.01)
    stage = Stage(monkeypatch)
    stage.run = Run(CLUSTER)
    for name, status in WHOLE.items():
        stage.facts[name] |= {HostStatusFact: status, ApiStatusFact: SILENCE}
    for control_plane in ("master1", "master2", "master3"):
        stage.facts[control_plane][ApiStatusFact] = COMPLETE
    return stage
