"""What each host answered to the last check, as the report has it."""

from __future__ import annotations

from dataclasses import replace

from k8s_ha.findings import Finding
from k8s_ha.observations.host_status import EtcdStatus, HostAnswers, HostStatus
from k8s_ha.verification.answers import host_answers
from tests.support.cluster_health import complete_api_status, complete_statuses
from tests.support.example_cluster import six_host_cluster

CLUSTER = six_host_cluster()
NODE = dict.fromkeys(("node", "kubelet", "kube-proxy", "API server", "endpoint", "DNS", "Service"), "ok")
BACKENDS = ("10.0.11.18:6443", "10.0.12.55:6443", "10.0.13.22:6443")


def answers(*findings: Finding, without: str = "", **changed: HostStatus) -> dict[str, HostAnswers]:
    """By host, where all is well but for what is given."""
    statuses = {**complete_statuses(CLUSTER), **changed}
    statuses.pop(without, None)
    return {entry.host: entry for entry in host_answers(statuses, complete_api_status(CLUSTER), findings, CLUSTER)}


def test_a_good_cluster_answers_ok_to_all_that_it_is_asked() -> None:
    found = answers()
    assert [found[name].answers for name in ("master1", "worker1")] == [{**NODE, "etcd": "ok"}, NODE]
    assert found["master-lb"] == HostAnswers("master-lb", None, {"balancer": "ok"}, BACKENDS)
    assert {name: entry.version for name, entry in found.items() if entry.version is None} == {"master-lb": None}
    assert [name for name, entry in found.items() if entry.holds] == ["master1"]
    assert found["master1"].holds == ("etcd's lead",)


def test_a_wrong_answer_names_its_address() -> None:
    status = complete_statuses(CLUSTER)["worker1"]
    apis = {**status.apis, BACKENDS[1]: ("no connection",)}
    found = answers(worker1=replace(status, apis=apis, kubelet="HTTP 500", proxy=None))["worker1"].answers
    assert (found["API server"], found["endpoint"]) == (f"{BACKENDS[1]}: no connection", "ok")
    assert (found["kubelet"], "kube-proxy" in found) == ("HTTP 500", False)


def test_one_wrong_answer_of_a_service_or_of_dns_is_told() -> None:
    status = complete_statuses(CLUSTER)["worker1"]
    dns = dict.fromkeys(status.dns, ("10.96.0.1", "no answer in time"))
    found = answers(worker1=replace(status, dns=dns))["worker1"].answers
    assert found["DNS"].endswith(": no answer in time")
    assert found["Service"] == "10.96.0.10: no answer in time"


def test_an_etcd_that_is_not_well_says_why() -> None:
    status = replace(complete_statuses(CLUSTER)["master2"], etcd=EtcdStatus("no leader", (), ""))
    assert answers(master2=status)["master2"].answers["etcd"] == "no leader"


def test_what_was_found_stands_in_the_place_of_an_answer() -> None:
    found = answers(
        Finding("worker1", "node", "it is not Ready", "Ready", "see it"),
        Finding("worker1", "a check of tomorrow", "x" * 300, "y", "z", "warning"),
        Finding("the cluster", "coredns", "1 of 2 coredns pods run", "2", "see it"),
    )
    assert found["worker1"].answers == {**NODE, "node": "it is not Ready", "a check of tomorrow": "x" * 199 + "…"}
    assert found["the cluster"].answers == {"coredns": "1 of 2 coredns pods run"}


def test_a_host_that_could_not_be_read_has_what_others_say_of_it() -> None:
    found = answers(Finding("master-lb", "host", "it could not be checked", "an answer", "see"), without="master-lb")
    assert found["master-lb"] == HostAnswers("master-lb", None, {"host": "it could not be checked"}, None)
    assert answers(without="worker1")["worker1"].answers == {"node": "ok"}
