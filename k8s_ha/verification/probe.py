"""Pods of our own on every node: who reaches whom, and what that says. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.settings import Cluster, HostSettings
from k8s_ha.verification.faults import Fault, counted, localize_faults
from k8s_ha.verification.hosts import OFFLOAD, RESTART_PROXY

PORT: Final = 8080

FEW: Final = 20
"""Up to so many nodes each asks every one."""

DISTANCES: Final = (0, 1, 2, 5, 11)
"""Whom a node asks among more, by the distance in the inventory: each is asked by as many, near and far."""

Reached = Mapping[tuple[str, str], str]
"""Who answered, by who asked and HOST:PORT; empty where nobody did."""


@dataclass(frozen=True)
class Target:
    """A node's pod and the Service before it, by their names."""

    host: str
    hostname: str
    pod: str
    service: str


@dataclass(frozen=True)
class ProbePods:
    """What the API tells of the probe.

    + addresses: of the pods that are ready, by pod
    + troubles: what is said of the others, by pod
    + services: addresses by Service
    """

    addresses: Mapping[str, str] = field(default_factory=dict)
    troubles: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)


def targets(cluster: Cluster) -> tuple[Target, ...]:
    """One for each node. A pod finds its own name in its /etc/hosts, so Services have other names."""
    numbered: Sequence[tuple[int, HostSettings]] = list(enumerate(cluster.nodes, 1))
    return tuple(Target(node.name, node.hostname, f"probe-{number}", f"to-{number}") for number, node in numbered)


def peers(cluster: Cluster) -> dict[str, tuple[Target, ...]]:
    """Whom each node, and its pod, asks; by inventory name."""
    every = targets(cluster)
    if len(every) <= FEW:
        return {target.host: every for target in every}
    return {
        target.host: tuple(every[(position + distance) % len(every)] for distance in DISTANCES)
        for position, target in enumerate(every)
    }


@dataclass(frozen=True)
class Reading:
    """One reading of the probe.

    + from_pods: what the pods said, by pod and HOST:PORT
    + from_hosts: what each host said, by inventory name and HOST:PORT
    + name: HOST:PORT of the first Service by its DNS name
    """

    pods: ProbePods
    from_pods: Reached = field(default_factory=dict)
    from_hosts: Reached = field(default_factory=dict)
    name: str = ""


def pod_address(pods: ProbePods, target: Target) -> str:
    """HOST:PORT of the target's pod."""
    return f"{pods.addresses[target.pod]}:{PORT}"


def service_address(pods: ProbePods, target: Target) -> str:
    """HOST:PORT of the target's Service."""
    return f"{pods.services.get(target.service, '')}:80"


def name_address(cluster: Cluster, namespace: str) -> str:
    """HOST:PORT of the first target's Service by its DNS name."""
    return f"{targets(cluster)[0].service}.{namespace}.svc.{cluster.settings.dns_domain}:80"


def pod_findings(pods: ProbePods, cluster: Cluster) -> Iterator[Finding]:
    """A finding for each pod that does not run."""
    image = cluster.mirror.probe_image
    for target in targets(cluster):
        if target.pod not in pods.addresses:
            said = pods.troubles.get(target.pod) or "the API knows nothing of it"
            yield Finding(
                target.host,
                "probe",
                f"the probe's pod on {target.hostname} (image {image}) does not run: {said}",
                "Running and ready",
                "see that the image can be pulled there: mirror.probe_image, registry_mirrors",
            )


def reach_findings(reading: Reading, cluster: Cluster) -> Iterator[Finding]:
    """A finding for each thing that who reaches whom shows to be wrong, once every pod runs."""
    every, asks = targets(cluster), peers(cluster)
    silent = [target for target in every if not any(source == target.pod for source, _ in reading.from_pods)]
    for target in silent:
        found = f"nothing can be run in the probe's pod on {target.hostname}"
        remedy = f"see that the control planes reach {target.hostname}'s kubelet, port 10250"
        yield Finding(target.host, "probe", found, "kubectl exec", remedy)
    asking = [target for target in every if target not in silent]
    asked = [(source.host, target.host) for source in asking for target in asks[source.host]]
    unreached = {
        (source.host, target.host)
        for source in asking
        for target in asks[source.host]
        if reading.from_pods.get((source.pod, pod_address(reading.pods, target))) != target.pod
    }
    for entry in localize_faults(unreached, asked):
        ends = counted(entry.others, _other_ends(entry, every, asks))
        found = f"pods on {ends} do not reach its pod" if entry.as_target else f"its pod does not reach pods on {ends}"
        remedy = "see flannel there, and firewalls between the nodes"
        yield Finding(entry.faulty_end, "pod to pod", found, "every pod", remedy)
    # What a pod does not reach directly its node cannot reach through a Service either: told once.
    yield from _service_findings(
        "its pod", {t.host: t.pod for t in asking}, reading.from_pods, reading, asks, unreached
    )
    hosts = {source for source, _ in reading.from_hosts}
    own = {target.host: target.host for target in every if target.host in hosts}
    yield from _service_findings("the host", own, reading.from_hosts, reading, asks, unreached)
    first = every[0]
    for target in asking:
        if (
            reading.from_pods.get((target.pod, reading.name)) != first.pod
            and (target.host, first.host) not in unreached
        ):
            found = f"its pod does not get through to {reading.name}"
            yield Finding(target.host, "DNS", found, "an answer", "see DNS from that node, and its kube-proxy")


def _other_ends(entry: Fault, every: Sequence[Target], asks: Mapping[str, Sequence[Target]]) -> list[str]:
    """The hosts that asked the faulty end, or that it asked."""
    if not entry.as_target:
        return [target.host for target in asks[entry.faulty_end]]
    return [source.host for source in every if any(target.host == entry.faulty_end for target in asks[source.host])]


def _service_findings(
    what: str,
    sources: Mapping[str, str],
    reached: Reached,
    reading: Reading,
    asks: Mapping[str, Sequence[Target]],
    unreached: set[tuple[str, str]],
) -> Iterator[Finding]:
    failed = {
        host: [
            target.host
            for target in asks[host]
            if (host, target.host) not in unreached
            and reached.get((source, service_address(reading.pods, target))) != target.pod
        ]
        for host, source in sources.items()
    }
    if len(failed) > 1 and all(len(failed[host]) == len(asks[host]) for host in failed):
        found = f"no Service of the probe answers {what}, on any node"
        yield Finding("the cluster", "Service", found, "every Service", "see kube-proxy on every node")
        return
    for host, names in failed.items():
        if names:
            found = (
                f"kube-proxy has no rule for a new Service, or a wrong one: {what} reaches the pods on "
                f"{counted(names, [target.host for target in asks[host]])}, but not their Services"
            )
            remedy = RESTART_PROXY if len(names) == len(asks[host]) else OFFLOAD
            yield Finding(host, "Service", found, "every Service", remedy)
