"""The probe: what its pods and hosts tell, and what follows from who reaches whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from k8s_ha.facts.probe import Pods, ReachedFromHost, ReachedFromPods
from k8s_ha.settings import Cluster, load_cluster
from k8s_ha.verification.hosts import OFFLOAD, RESTART_PROXY
from k8s_ha.verification.probe import (
    ProbePods,
    Reading,
    name_address,
    peers,
    pod_address,
    pod_findings,
    reach_findings,
    service_address,
    targets,
)
from tests.support.example_cluster import six_host_cluster, six_hosts
from tests.support.node_views import recorded
from tests.support.shell_bench import Shell

CLUSTER = six_host_cluster()
TARGETS = targets(CLUSTER)
NAMES = [target.host for target in TARGETS]
PODS = ProbePods(
    addresses={target.pod: f"10.244.{number}.9" for number, target in enumerate(TARGETS)},
    services={target.service: f"10.96.9.{number}" for number, target in enumerate(TARGETS)},
)
NAME = name_address(CLUSTER, "probe")
ANSWERS = {
    **{pod_address(PODS, target): target.pod for target in TARGETS},
    **{service_address(PODS, target): target.pod for target in TARGETS},
    NAME: TARGETS[0].pod,
}
WHOLE = Reading(
    PODS,
    from_pods={(target.pod, url): pod for target in TARGETS for url, pod in ANSWERS.items()},
    from_hosts={(target.host, service_address(PODS, other)): other.pod for target in TARGETS for other in TARGETS},
    name=NAME,
)


def at(name: str) -> int:
    return NAMES.index(name)


def pod_silent(sources: list[str], ends: list[str], reading: Reading = WHOLE, service: bool = False) -> Reading:
    """Pods on these nodes get no answer from the pods, or the Services, of others."""
    urls = {(service_address if service else pod_address)(PODS, TARGETS[at(name)]) for name in ends}
    lost = {(TARGETS[at(source)].pod, url): "" for source in sources for url in urls}
    return replace(reading, from_pods={**reading.from_pods, **lost})


def host_silent(sources: list[str], ends: list[str], reading: Reading = WHOLE) -> Reading:
    """These hosts get no answer from the Services of others."""
    lost = {(source, service_address(PODS, TARGETS[at(name)])): "" for source in sources for name in ends}
    return replace(reading, from_hosts={**reading.from_hosts, **lost})


def others(name: str) -> list[str]:
    return [other for other in NAMES if other != name]


NEW_SERVICE = "kube-proxy has no rule for a new Service, or a wrong one: "
FOUND = {
    "everybody reaches everybody": (WHOLE, []),
    "a pod that nobody reaches": (
        pod_silent(others("worker1"), ["worker1"]),
        ["worker1: pods on 4 of 5 hosts (master1, master2, master3, worker2) do not reach its pod"],
    ),
    "a pod that reaches nobody": (
        pod_silent(["worker1"], others("worker1")),
        ["worker1: its pod does not reach pods on 4 of 5 hosts (master1, master2, master3, worker2)"],
    ),
    "one pair": (
        pod_silent(["master1"], ["worker2"]),
        ["worker2: pods on 1 of 5 hosts (master1) do not reach its pod"],
    ),
    "a kube-proxy that knows no new Service": (
        host_silent(["master1"], NAMES, pod_silent(["master1"], NAMES, service=True)),
        [
            f"master1: {NEW_SERVICE}its pod reaches the pods on 5 of 5 hosts, but not their Services",
            f"master1: {NEW_SERVICE}the host reaches the pods on 5 of 5 hosts, but not their Services",
        ],
    ),
    "a host that does not get to Services with a remote backend": (
        host_silent(["worker1"], others("worker1")),
        [
            f"worker1: {NEW_SERVICE}the host reaches the pods on 4 of 5 hosts (master1, master2, master3, worker2), "
            "but not their Services"
        ],
    ),
    "Services that nobody gets to": (
        host_silent(NAMES, NAMES),
        ["the cluster: no Service of the probe answers the host, on any node"],
    ),
    "Services of a pod that nobody reaches are told once": (
        host_silent(NAMES, ["worker1"], pod_silent(others("worker1"), ["worker1"])),
        [
            "worker1: pods on 4 of 5 hosts (master1, master2, master3, worker2) do not reach its pod",
            f"worker1: {NEW_SERVICE}the host reaches the pods on 1 of 5 hosts (worker1), but not their Services",
        ],
    ),
    "a pod in which nothing can be run": (
        replace(WHOLE, from_pods={pair: pod for pair, pod in WHOLE.from_pods.items() if pair[0] != TARGETS[3].pod}),
        ["worker1: nothing can be run in the probe's pod on worker1"],
    ),
    "a name that does not resolve": (
        replace(WHOLE, from_pods={**WHOLE.from_pods, (TARGETS[4].pod, NAME): ""}),
        ["worker2: its pod does not get through to to-1.probe.svc.cluster.local:80"],
    ),
    "another pod that answers": (
        replace(WHOLE, from_pods={**WHOLE.from_pods, (TARGETS[0].pod, pod_address(PODS, TARGETS[1])): "probe-5"}),
        ["master2: pods on 1 of 5 hosts (master1) do not reach its pod"],
    ),
}


@pytest.mark.parametrize(("reading", "findings"), FOUND.values(), ids=FOUND)
def test_reach_findings(reading: Reading, findings: list[str]) -> None:
    assert [f"{entry.host}: {entry.found}" for entry in reach_findings(reading, CLUSTER)] == findings


@pytest.mark.parametrize(("nodes", "asked"), [(5, 5), (20, 20), (21, 5), (300, 5)])
def test_of_many_nodes_each_asks_a_few_and_is_asked_by_as_many(nodes: int, asked: int) -> None:
    cluster = of_size(nodes)
    asks = peers(cluster)
    assert {host: len(set(targets)) for host, targets in asks.items()} == dict.fromkeys(asks, asked)
    assert Counter(target.host for targets in asks.values() for target in targets) == dict.fromkeys(asks, asked)


def test_a_pod_of_many_that_nobody_reaches_is_told_by_those_who_asked() -> None:
    cluster = of_size(30)
    every, asks = targets(cluster), peers(cluster)
    pods = ProbePods({t.pod: f"pod-of-{t.host}" for t in every}, services={t.service: f"to-{t.host}" for t in every})
    answers = {
        (source, url(pods, target)): target.pod
        for source in every
        for target in asks[source.host]
        for url in (pod_address, service_address)
    }
    name = name_address(cluster, "probe")
    from_pods = {(source.pod, url): pod for (source, url), pod in answers.items()}
    from_pods |= {(target.pod, name): every[0].pod for target in every}
    from_hosts = {(source.host, url): pod for (source, url), pod in answers.items()}
    whole = Reading(pods, from_pods, from_hosts, name)
    assert list(reach_findings(whole, cluster)) == []
    lost = {pair: pod for pair, pod in from_pods.items() if not pair[1].startswith(("pod-of-w9:", "to-w9:"))}
    (finding,) = reach_findings(replace(whole, from_pods=lost), cluster)
    assert (finding.host, finding.found) == ("w9", "pods on 5 of 5 hosts do not reach its pod")


def of_size(nodes: int) -> Cluster:
    """Three control planes, a balancer, and workers."""
    workers = [
        {"name": f"w{n}", "address": f"10.1.{n // 250}.{n % 250 + 1}", "role": "worker"} for n in range(1, nodes - 2)
    ]
    others = [host for host in six_hosts() if host["role"] != "worker"]
    return load_cluster({"pod_cidr": "10.128.0.0/9"}, [*others, *workers])


def test_a_kube_proxy_that_knows_some_services_only_has_another_trouble() -> None:
    def remedies(reading: Reading) -> list[str]:
        return [entry.remedy for entry in reach_findings(reading, CLUSTER)]

    assert remedies(host_silent(["master1"], NAMES)) == [RESTART_PROXY]
    assert remedies(host_silent(["master1"], others("master1"))) == [OFFLOAD]


def test_pods_as_the_api_tells_of_them() -> None:
    pods = Pods().parse(recorded("probe-pods"))
    assert pods.addresses == {"probe-2": "10.244.6.6", "probe-5": "10.244.5.7"}
    assert pods.services["to-2"] == "10.105.253.225"
    assert pods.troubles["probe-1"].startswith('Failed to pull image "docker.io/library/absent:1": rpc error: ')
    assert pods.troubles["probe-3"].startswith("Failed to create pod sandbox: ")
    assert pods.troubles["probe-4"] == "0/5 nodes are available: 5 node(s) didn't match Pod's node affinity."
    reported = [finding.found for finding in pod_findings(pods, CLUSTER)]
    assert reported[0].startswith(
        "the probe's pod on master1 (image docker.io/library/busybox:1.36) does not run: Failed to pull image"
    )
    assert len(reported) == 3


@pytest.mark.parametrize(
    ("lines", "trouble"),
    [
        (["pod probe-1 Pending  "], "Pending"),
        (["pod probe-1 Failed false 10.1.1.1"], "Failed"),
        (["pod probe-1"], "the API knows nothing of it"),
        ([], "the API knows nothing of it"),
        (["pod probe-1 Pending ", "waiting probe-1 Back-off"], "Back-off"),
    ],
)
def test_pods_of_which_little_is_known(lines: list[str], trouble: str) -> None:
    finding = next(pod_findings(Pods().parse(lines), CLUSTER))
    assert finding.found.endswith(f"does not run: {trouble}")


def test_who_answered() -> None:
    from_pods = ReachedFromPods().parse(recorded("probe-from-pods"))
    assert from_pods == {
        ("probe-2", "10.244.6.6:8080"): "probe-2",
        ("probe-2", "10.105.253.225:80"): "probe-2",
        ("probe-2", "to-2.k8s-ha-probe-record.svc.cluster.local:80"): "probe-2",
        ("probe-2", "10.110.79.62:80"): "",
    }
    from_host = ReachedFromHost().parse(recorded("probe-from-host"))
    assert from_host["host", "10.105.253.225:80"] == "probe-2"
    assert from_host["host", "10.110.79.62:80"] == ""
    assert ReachedFromHost().parse(["reached", "reached x", "noise"]) == {("", ""): "", ("x", ""): ""}


def test_the_pods_script_has_each_pod_ask_its_own(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    # kubectl exec NAMESPACE… POD -- COMMAND, run here; busybox' wget says who it was asked to ask.
    shell.add_tool("kubectl", 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    shell.add_tool("busybox", 'case $1 in sh | timeout) exec "$@" ;; wget) echo "answer-of-${5#http://}" ;; esac')
    command = ReachedFromPods().command(address="10.0.11.18", namespace="n", asked={"a": ["x:1", "y:2"], "b": ["z:3"]})
    assert ReachedFromPods().process(shell.lines(command)) == {
        (pod, url): f"answer-of-{url}/hostname" for pod, url in (("a", "x:1"), ("a", "y:2"), ("b", "z:3"))
    }


def test_the_host_script_tells_who_answered(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.add_tool("curl", 'case "$*" in *http://x:1/hostname) echo a ;; *) exit 7 ;; esac')
    reported = ReachedFromHost().process(shell.lines(ReachedFromHost().command(addresses=["x:1", "y:2"])))
    assert reported == {("host", "x:1"): "a", ("host", "y:2"): ""}
