"""What keeps hosts from the endpoint: how its name resolves, and what answers at somebody else's balancer."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.findings import Finding
from k8s_ha.preflight_checks.endpoint import name, not_begun, one_name
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
        ("api", "an API server answers at the endpoint lb.example:6443, and none of these hosts has a cluster"),
        ("other", "what answers at the endpoint lb.example:6443 speaks TLS itself, and is no API server"),
        (
            "silent curl: (28) Connection timed out after 5001 milliseconds",
            "nothing answers at the endpoint lb.example:6443 (curl: (28) Connection timed out after 5001 milliseconds)",
        ),
    ],
)
def test_what_answers_before_there_is_a_cluster(answer: str, told: str | None) -> None:
    assert [finding.found for finding in not_begun([external(endpoint_answer=answer)])] == ([told] if told else [])
