"""What keeps hosts from the endpoint: how its name resolves, and what answers at somebody else's balancer."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.preflight_checks.endpoint import inside, name, not_begun, one_name
from k8s_ha.preflight_checks.model import HostContext
from k8s_ha.settings import load_cluster
from tests.support.cases import context
from tests.support.example_cluster import VERSION, six_hosts

EXTERNAL = "lb.example:6443"


def external(host: str = "worker1", endpoint: str = EXTERNAL, **looked: Any) -> HostContext:
    """A host of a cluster whose balancer is somebody else's."""
    given = context(host, **looked)
    hosts = [each for each in six_hosts() if each["name"] != "master-lb"]
    settings = {"kubernetes_version": VERSION, "endpoint": {"external": endpoint}}
    return HostContext(load_cluster(settings, hosts), given.host, given.survey, given.preflight)


def own(in_hosts: bool = False, **looked: Any) -> HostContext:
    settings = {"endpoint_name": "api.k8s.example", "endpoint_name_in_hosts": in_hosts}
    return context("worker1", settings=settings, **looked)


def found(host: str, told: str, wanted: str, remedy: str) -> Finding:
    return Finding(host, "endpoint", told, wanted, remedy)


EVERYBODY = "every host reaches the API there"


@pytest.mark.parametrize(
    ("given", "finding"),
    [
        (external(endpoint_addresses=("10.9.9.9",)), None),
        (external(endpoint="10.9.9.9:6443"), None),
        (
            external(),
            found(
                "worker1",
                "cannot resolve the endpoint's name lb.example",
                EVERYBODY,
                "correct the name, or have its name servers know it",
            ),
        ),
        (own(in_hosts=True), None),
        (own(endpoint_addresses=("10.0.1.157",)), None),
        (
            own(),
            found(
                "worker1",
                "cannot resolve the endpoint's name api.k8s.example",
                EVERYBODY,
                "correct the name, or have its name servers know it; or set endpoint_name_in_hosts = True",
            ),
        ),
        (
            own(endpoint_addresses=("10.0.1.157", "10.0.1.158")),
            found(
                "worker1",
                "resolves the endpoint's name api.k8s.example to 10.0.1.157, 10.0.1.158",
                "the endpoint is at 10.0.1.157",
                "correct it in DNS or in that host's /etc/hosts",
            ),
        ),
    ],
)
def test_how_its_name_resolves(given: HostContext, finding: Finding | None) -> None:
    assert list(name(given)) == ([finding] if finding else [])


@pytest.mark.parametrize(
    ("addresses", "setting"),
    [(("10.9.9.9",), None), (("10.244.0.1",), "pod_cidr"), (("10.9.9.9", "10.96.0.1"), "service_cidr")],
)
def test_a_name_that_leads_into_the_cluster(addresses: tuple[str, ...], setting: str | None) -> None:
    found_ = [finding.wanted.split()[0] for finding in inside(external(endpoint_addresses=addresses))]
    assert found_ == ([setting] if setting else [])


def test_what_several_hosts_say_is_said_once() -> None:
    asked = [external(name, endpoint_answer="other") for name in ("master1", "worker1")]
    (finding,) = not_begun(asked)
    assert (finding.host, "asked from" in finding.found) == (THE_CLUSTER, False)
    found_ = list(not_begun([*asked, external("worker2", endpoint_answer="silent curl: (28) timed out")]))
    assert [finding.found.rpartition(", ")[2] for finding in found_] == ["worker1", "asked from worker2"]


def test_on_a_cluster_that_stands_another_answer_is_only_said() -> None:
    given = [external(host, surveyed={"node": True}, endpoint_addresses=(host,)) for host in ("master1", "worker1")]
    (finding,) = one_name(given)
    assert finding.severity == "warning"


def test_a_name_that_this_run_writes_is_not_left_to_dns() -> None:
    named = context("worker1", settings={"endpoint_name": "master-lb", "endpoint_name_in_hosts": False})
    assert list(name(named)) == []


def test_a_name_that_leads_to_different_places() -> None:
    alike = [external(host, endpoint_addresses=("10.9.9.9",)) for host in ("master1", "worker1")]
    assert list(one_name(alike)) == []
    (finding,) = one_name([*alike, external("worker2", endpoint_addresses=("10.9.9.8",))])
    assert (finding.found, finding.remedy) == (
        "the endpoint's name lb.example is 10.9.9.8 on worker2; 10.9.9.9 on master1, worker1",
        "correct it in DNS or in those hosts' /etc/hosts",
    )


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("", None),
        ("refused", None),
        ("closed", None),
        ("unresolved", None),
        ("api", "an API server answers at the endpoint lb.example:6443, and none of these hosts has a cluster"),
        ("other", "what answers at the endpoint lb.example:6443 speaks TLS or HTTP itself, and is no API server"),
        (
            "held",
            "what listens at the endpoint lb.example:6443 holds a connection without a word, so that a cluster may be "
            "behind it",
        ),
        (
            "silent curl: (28) Connection timed out after 5001 milliseconds",
            "nothing answers at the endpoint lb.example:6443 (curl: (28) Connection timed out after 5001 milliseconds)",
        ),
    ],
)
def test_what_answers_before_there_is_a_cluster(answer: str, told: str | None) -> None:
    assert [finding.found for finding in not_begun([external(endpoint_answer=answer)])] == ([told] if told else [])
