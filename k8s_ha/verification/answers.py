"""What each host answered to the last check, beside what was found wrong there. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import API_SERVICE, DNS_SERVICE, ApiStatus
from k8s_ha.observations.host_status import OK, HostAnswers, HostStatus, api_servers
from k8s_ha.settings import Cluster, HostSettings
from k8s_ha.verification.etcd import etcd_leader

_LONGEST: Final = 200
"""Characters of an answer; the finding has all of it."""


def host_answers(
    statuses: Mapping[str, HostStatus], api_status: ApiStatus, findings: Sequence[Finding], cluster: Cluster
) -> list[HostAnswers]:
    """Of each host that was asked, and of the cluster where something was found that is no host's.

    + statuses: by inventory name; without hosts that could not be read
    + findings: of this check; each stands in the place of what the host itself answered
    """
    found: dict[str, dict[str, str]] = {}
    for finding in findings:
        found.setdefault(finding.host, {}).setdefault(finding.check, _short(finding.found))
    leader = etcd_leader(statuses, cluster)
    asked = [host for host in cluster.hosts if host.role != ("admin",)]
    rows = [_of_host(host, statuses.get(host.name), api_status, found, leader, cluster) for host in asked]
    others = [name for name in found if name not in {host.name for host in asked}]
    return rows + [HostAnswers(name, None, found[name]) for name in others]


def _of_host(
    host: HostSettings,
    status: HostStatus | None,
    api_status: ApiStatus,
    found: Mapping[str, Mapping[str, str]],
    leader: str,
    cluster: Cluster,
) -> HostAnswers:
    answers = dict(_node(host, api_status, cluster))
    if status is not None:
        answers |= _own(status, api_status, cluster)
    holds = [("etcd's lead", bool(leader) and leader == host.hostname and "control_plane" in host.role)]
    if status is not None:
        holds.append((f"the address {cluster.virtual_address}", status.has_virtual_address))
    return HostAnswers(
        host=host.name,
        version=api_status.versions.get(host.hostname) if host.is_node else None,
        answers={**answers, **found.get(host.name, {})},
        backends=tuple(status.backends) if status is not None and "load_balancer" in host.role else None,
        holds=tuple(what for what, is_held in holds if is_held),
    )


def _node(host: HostSettings, api_status: ApiStatus, cluster: Cluster) -> Iterator[tuple[str, str]]:
    if host.is_node and host.hostname in api_status.nodes:
        # Without a pod network of this package's, no node need be Ready yet.
        is_well = api_status.nodes[host.hostname] or cluster.settings.pod_network == "none"
        yield "node", OK if is_well else "not Ready"


def _own(status: HostStatus, api_status: ApiStatus, cluster: Cluster) -> dict[str, str]:
    """What the host told itself, without what it was not asked."""
    truth = api_status.services.get(API_SERVICE, "")
    api_service, dns_service = f"{truth}:443", api_status.services.get(DNS_SERVICE, "")
    asked: dict[str, Mapping[str, Sequence[str]]] = {
        "kubelet": {"": (status.kubelet,)} if status.kubelet else {},
        "kube-proxy": {"": (status.proxy,)} if status.proxy else {},
        "API server": _those(status.apis, api_servers(cluster)),
        "endpoint": _those(status.apis, [cluster.endpoint]),
        "etcd": {"": (status.etcd.health,)} if status.etcd else {},
        "balancer": {address: (said,) for address, said in status.backend_answers.items()},
    }
    names = {pod.address for pod in api_status.dns_servers}
    found = {check: _summed(answers, OK) for check, answers in asked.items() if answers}
    if resolved := _those(status.dns, names):
        found["DNS"] = _summed(resolved, truth)
    services = {
        _summed(_those(answers, [address]), wanted)
        for answers, address, wanted in ((status.apis, api_service, OK), (status.dns, dns_service, truth))
        if address in answers
    }
    if services:
        found["Service"] = next((said for said in sorted(services) if said != OK), OK)
    return found


def _those(answers: Mapping[str, tuple[str, ...]], addresses: Iterable[str]) -> dict[str, tuple[str, ...]]:
    return {address: answers[address] for address in addresses if address in answers}


def _summed(answers: Mapping[str, Sequence[str]], wanted: str) -> str:
    """``ok``, or where the first wrong answer came from and what it said."""
    wrong = [(address, said) for address, each in answers.items() for said in each if said != wanted]
    if not wrong:
        return OK
    address, said = wrong[0]
    return _short(f"{address}: {said}" if address else said)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
