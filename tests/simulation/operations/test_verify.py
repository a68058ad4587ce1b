"""The last look: who takes it, how long, and what it leaves."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.cluster_state.node_state import NodeState
from k8s_ha.facts.cluster import ApiStatusFact
from k8s_ha.facts.host_status import HostStatusFact
from k8s_ha.observations.api_status import SILENCE
from k8s_ha.operations.verify import cluster_verified
from k8s_ha.run import Run
from tests.support.cluster_health import with_certificates
from tests.support.cluster_stage import Stage
from tests.support.example_cluster import six_host_cluster
from tests.support.finished_stage import CLUSTER, COMPLETE, ELSEWHERE, WHOLE, finished_stage
from tests.support.operation_bench import Noop, Step, refusal

BROKEN = replace(COMPLETE, endpoint_answers=False)
ENDPOINT_GONE = "the cluster: the API does not answer at the endpoint 10.0.1.157:6443"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return finished_stage(monkeypatch)


def verified(stage: Stage, on: str = "master1", **arguments: Any) -> list[Step]:
    return stage.steps(cluster_verified, on=on, run=stage.run, **arguments)


def failing(sentences: str) -> list[Step]:
    return [refusal(f"The cluster does not work as it should after 1 seconds: {sentences}.")]


def test_one_host_looks_for_all(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("master2", "worker1", "master-lb"):
        assert verified(stage, on=name) == ELSEWHERE
    with caplog.at_level("INFO", logger="pyinfra"):
        assert verified(stage) == []
    assert caplog.messages[0] == "The cluster answers at https://10.0.1.157:6443, Kubernetes 1.30.14."
    assert stage.run.log.findings == []
    assert len(stage.run.log.certificates) == 3
    assert stage.run.log.states_after == dict.fromkeys((node.name for node in CLUSTER.nodes), NodeState.JOINED)


def test_the_look_waits_for_what_is_missing_and_asks_no_host_before(stage: Stage) -> None:
    looks, statuses = [BROKEN, BROKEN, COMPLETE], [WHOLE["worker1"]]
    stage.facts["master1"][ApiStatusFact] = lambda **_: looks.pop(0)
    stage.facts["worker1"][HostStatusFact] = lambda **_: statuses.pop()
    assert verified(stage) == []
    assert (looks, statuses) == ([], [])


def test_the_look_waits_for_what_hosts_miss(stage: Stage) -> None:
    statuses = [WHOLE["worker1"], replace(WHOLE["worker1"], proxy="no connection")]
    stage.facts["worker1"][HostStatusFact] = lambda **_: statuses.pop()
    assert verified(stage) == []
    assert statuses == []


def test_the_look_has_an_end_and_shows_what_is_wrong(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="pyinfra")
    stage.facts["master1"][ApiStatusFact] = BROKEN
    stage.facts["worker1"][HostStatusFact] = replace(WHOLE["worker1"], kubelet="no connection")
    assert verified(stage) == failing(f"{ENDPOINT_GONE}; worker1: its kubelet is not well: no connection")
    assert [finding.host for finding in stage.run.log.findings] == ["the cluster", "worker1"]
    assert re.match(r"host +check +found +wanted +what to do", caplog.messages[0])
    assert stage.run.log.states_after["worker1"] is NodeState.JOINED


def test_a_warning_is_shown_and_is_no_failure(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="pyinfra")
    stage.facts["worker1"][HostStatusFact] = with_certificates(WHOLE["worker1"], {"/a.crt": None})
    assert verified(stage) == []
    assert [finding.severity for finding in stage.run.log.findings] == ["warning"]
    assert "/a.crt holds no certificate" in caplog.text


def test_any_control_plane_can_tell(stage: Stage) -> None:
    stage.facts["master1"][ApiStatusFact] = SILENCE
    stage.facts["master2"][ApiStatusFact] = None
    assert verified(stage) == []


def test_where_no_api_server_answers_hosts_are_checked_all_the_same(stage: Stage) -> None:
    for control_plane in ("master1", "master2", "master3"):
        stage.facts[control_plane][ApiStatusFact] = SILENCE
    stage.facts["master2"][HostStatusFact] = None
    assert verified(stage) == failing(
        "the cluster: no control plane's own API server is ready; master2: it could not be checked"
    )
    assert set(stage.run.log.states_after) == {"master1", "master3", "worker1", "worker2"}


def test_where_the_first_hosts_are_lost_another_one_looks(stage: Stage) -> None:
    for name in ("master1", "master2", "master3"):
        stage.state.failed_hosts.add(stage.state.inventory.get_host(name))
    assert verified(stage, on="worker2") == [Noop("worker1 checks")]
    assert verified(stage, on="worker1")[0] != Noop("worker1 checks")


def test_hosts_that_come_later_do_not_look_again(stage: Stage) -> None:
    assert verified(stage) == []
    stage.state.failed_hosts.add(stage.state.inventory.get_host("master1"))
    assert verified(stage, on="master2") == ELSEWHERE


def test_nothing_is_waited_for_on_a_host_that_failed_in_this_run(stage: Stage) -> None:
    stage.run = Run(six_host_cluster(verify_timeout_seconds=3600))
    stage.state.failed_hosts.add(stage.state.inventory.get_host("worker1"))
    stage.facts["master1"][ApiStatusFact] = replace(COMPLETE, nodes={**COMPLETE.nodes, "worker1": False})
    assert verified(stage) == [
        refusal(
            "The cluster does not work as it should: worker1: worker1 is not Ready; worker1: it could not be checked."
        )
    ]


def test_before_the_first_cluster_nothing_is_read(stage: Stage) -> None:
    for facts in stage.facts.values():
        facts.clear()
    assert verified(stage, executing=False) == []
