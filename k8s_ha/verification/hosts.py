"""What is wrong with a cluster, from what its hosts answer. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import product
from typing import Final

from k8s_ha.cluster_state.authority import Authority, cluster_authority, damages
from k8s_ha.cluster_state.node_state import Membership, NodeState, classify, owner
from k8s_ha.findings import Finding, errors
from k8s_ha.observations.api_status import API_SERVICE, DNS_SERVICE, THE_CLUSTER, ApiStatus
from k8s_ha.observations.certificates import Certificate, certificate_findings
from k8s_ha.observations.host_status import OK, PROXY_CONFIG, SHARED_PROXY_CONFIG, HostStatus, api_servers
from k8s_ha.observations.node import ClusterNode, certificates_of
from k8s_ha.settings import Cluster
from k8s_ha.verification.backup import backup_findings
from k8s_ha.verification.balancer import unmet_findings
from k8s_ha.verification.endpoint import elsewhere_findings
from k8s_ha.verification.etcd import etcd_findings, listed_members
from k8s_ha.verification.etcd_storage import storage_findings
from k8s_ha.verification.faults import counted, localize_faults
from k8s_ha.verification.virtual_address import virtual_address_findings

Statuses = Mapping[str, HostStatus]
"""What hosts answer, by inventory name; without those that could not be read."""

RESTART_PROXY: Final = "restart its kube-proxy: `kubectl -n kube-system delete pod` with the name of that node's"
NGINX_LOGS: Final = "see `systemctl status nginx` and nginx's logs there"
POD_LOGS: Final = "see `crictl ps -a` and `journalctl -u kubelet` there"
# flannel#1279: some kernels send wrong checksums from host to Service to a pod behind vxlan.
OFFLOAD: Final = f"{RESTART_PROXY}; or see flannel#1279: `ethtool -K flannel.1 tx-checksum-ip-generic off` there"


def status_findings(
    read: Mapping[str, HostStatus | None], api_status: ApiStatus, cluster: Cluster, now: datetime
) -> Iterator[Finding]:
    """A finding for each thing that the hosts' answers show to be wrong.

    + read: by inventory name; None for a host that could not be read
    + now: in UTC
    """
    statuses = {name: status for name, status in read.items() if status is not None}
    for host in cluster.hosts:
        if host.name in read and host.name not in statuses:
            remedy = "see what is said of it above; bring it back, or take it out of the inventory"
            yield Finding(host.name, "host", "it could not be checked", "an answer over SSH as root", remedy)
    authority = _authority(statuses, cluster)
    for name, state in node_states(statuses, api_status, cluster).items():
        view = statuses[name].view
        elsewhere = [*elsewhere_findings(view, cluster.host(name), cluster, authority)]
        yield from elsewhere
        yield from _agent_findings(name, statuses[name])
        if errors(elsewhere):
            continue  # nothing but the endpoint is another
        if state is NodeState.DAMAGED:
            for damage in damages(view, authority, cluster.host(name), cluster.endpoint):
                yield Finding(name, "host", f"its {damage.path} {damage.found}", "as kubeadm wrote it", damage.remedy)
        if state is NodeState.FOREIGN:
            found = f"it holds {view.artifacts[0]}, which {owner(view, cluster.endpoint)}"
            remedy = "take it out of the inventory, or reset it yourself if nothing in it is needed"
            yield Finding(name, "host", found, f"https://{cluster.endpoint}", remedy)
    yield from _api_findings(statuses, cluster)
    yield from _dns_findings(statuses, api_status, cluster)
    yield from _service_findings(statuses, api_status, cluster)
    yield from etcd_findings(statuses, api_status, cluster)
    yield from storage_findings(statuses, cluster)
    yield from backup_findings(statuses, cluster, now)
    yield from unmet_findings(statuses, cluster)
    for host in cluster.load_balancers:
        if host.name in statuses:
            yield from _balancer_findings(host.name, statuses, cluster)
    yield from virtual_address_findings(statuses, cluster)
    yield from certificate_findings(host_certificates(statuses), now)
    for name, status in statuses.items():
        for path in [path for path, validity in status.certificates.items() if validity is None]:
            yield Finding(
                name, "certificate", f"{path} holds no certificate", "one", "see the file", severity="warning"
            )


def node_states(statuses: Statuses, api_status: ApiStatus, cluster: Cluster) -> dict[str, NodeState]:
    """Where each node stands that could be read, by inventory name."""
    listed = listed_members(statuses, cluster)
    authority = _authority(statuses, cluster)
    found = {}
    for node in cluster.nodes:
        if node.name in statuses:
            ready = api_status.nodes.get(node.hostname)
            # Whether a control plane has all that is one's is told finding by finding, not by its state.
            known = Membership(
                node=None if ready is None else ClusterNode(node.hostname, ready, "", control_plane=True),
                member=next((member for member in listed if node.address in member.addresses), None),
                authority=authority,
            )
            found[node.name] = classify(statuses[node.name].view, known, node, cluster.endpoint)
    return found


def _authority(statuses: Statuses, cluster: Cluster) -> Authority:
    """The cluster's CA, as most of the control planes that serve it have it; empty where none serves."""
    return cluster_authority(
        statuses[control_plane.name].view
        for at, control_plane in api_servers(cluster).items()
        if _serves(statuses, control_plane.name, at)
    )


def _serves(statuses: Statuses, name: str, address: str) -> bool:
    """Whether a control plane's own API server answers that host itself."""
    return name in statuses and OK in statuses[name].apis.get(address, ())


def host_certificates(statuses: Statuses) -> list[Certificate]:
    """Every certificate that hosts told of."""
    return certificates_of({name: status.view for name, status in statuses.items()})


def _agent_findings(name: str, status: HostStatus) -> Iterator[Finding]:
    if status.kubelet not in (None, OK):
        remedy = "`systemctl restart kubelet` there, and see `journalctl -u kubelet`"
        yield Finding(name, "kubelet", f"its kubelet is not well: {status.kubelet}", "ok at /healthz", remedy)
    if status.proxy not in (None, OK):
        yield Finding(
            name, "kube-proxy", f"its kube-proxy is not well: {status.proxy}", "an answer at /healthz", RESTART_PROXY
        )


def _failures(statuses: Statuses, addresses: Mapping[str, object]) -> dict[tuple[str, str], str]:
    """Why, by host and HOST:PORT, API servers do not answer."""
    return {
        (name, address): wrong[0]
        for name, status in statuses.items()
        for address in addresses
        if (wrong := [entry for entry in status.apis.get(address, ()) if entry != OK])
    }


def _api_findings(statuses: Statuses, cluster: Cluster) -> Iterator[Finding]:
    control_planes = api_servers(cluster)
    balancers = [host.name for host in cluster.endpoint_at if "load_balancer" in host.role]
    # Where the only control plane is the endpoint, it is told as that control plane.
    targets: dict[str, tuple[str, str]] = {
        cluster.endpoint: (balancers[0] if len(balancers) == 1 else THE_CLUSTER, f"the endpoint {cluster.endpoint}"),
        **{address: (control_plane.name, "its API server") for address, control_plane in control_planes.items()},
    }
    failures = _failures(statuses, targets)
    sources = [host.name for host in cluster.nodes if host.name in statuses]
    for entry in localize_faults(failures, list(product(sources, targets))):
        if entry.as_target:
            host, what = targets[entry.faulty_end]
            said = failures[entry.others[0], entry.faulty_end]
            found = f"{what} does not answer from {counted(entry.others, sources)}: {said}"
            is_balanced = bool(cluster.load_balancers) or cluster.is_external
            at_endpoint = entry.faulty_end not in control_planes and is_balanced
            remedy = _api_remedy(said, at_endpoint, len(entry.others) < len(sources))
            if at_endpoint and cluster.is_external and remedy == NGINX_LOGS:
                remedy = "see the balancer there, its members, and its own checks of them"
            yield Finding(host, "API server", found, "ok at /readyz", remedy)
        else:
            found = f"it reaches no API server: {failures[entry.faulty_end, entry.others[0]]}"
            yield Finding(entry.faulty_end, "API server", found, "ok at /readyz", "see its routes and firewall")


def _api_remedy(said: str, endpoint: bool, some: bool) -> str:
    """What to do about an API server, or about the endpoint, that says this to all hosts or to some."""
    if said.startswith("HTTP"):
        return "an API server behind it is not ready: see their rows" if endpoint else POD_LOGS
    if some:
        return "see routes and firewalls between them"
    return NGINX_LOGS if endpoint else POD_LOGS


def _dns_findings(statuses: Statuses, api_status: ApiStatus, cluster: Cluster) -> Iterator[Finding]:
    truth = api_status.services.get(API_SERVICE, "")
    hosts = {node.hostname: node.name for node in cluster.nodes}
    servers = {pod.address: pod for pod in api_status.dns_servers}
    failures = {
        (name, address): wrong[0]
        for name, status in statuses.items()
        for address in servers
        if (wrong := [entry for entry in status.dns.get(address, ()) if entry != truth])
    }
    sources = [host.name for host in cluster.nodes if host.name in statuses]
    for entry in localize_faults(failures, list(product(sources, servers))):
        if entry.as_target:
            pod = servers[entry.faulty_end]
            found = f"{pod.name} ({pod.address}) does not resolve from {counted(entry.others, sources)}: "
            found += failures[entry.others[0], entry.faulty_end]
            remedy = f"see `kubectl -n kube-system logs {pod.name}`, flannel on {pod.node} and firewalls"
            yield Finding(hosts.get(pod.node, THE_CLUSTER), "DNS", found, truth, remedy)
        else:
            found = f"it reaches no DNS server of the cluster: {failures[entry.faulty_end, entry.others[0]]}"
            yield Finding(entry.faulty_end, "DNS", found, truth, "see flannel and the firewall there")
    service = api_status.services.get(DNS_SERVICE, "")
    faulty = {source for source, _ in failures}
    answers = {name: status.dns.get(service, ()) for name, status in statuses.items() if name not in faulty}
    yield from _one_service("DNS", service, answers, truth, sources)


def _service_findings(statuses: Statuses, api_status: ApiStatus, cluster: Cluster) -> Iterator[Finding]:
    service = f"{api_status.services.get(API_SERVICE, '')}:443"
    # A host that misses an API server itself misses it behind the Service too: told once.
    faulty = {source for source, _ in _failures(statuses, api_servers(cluster))}
    answers = {name: status.apis.get(service, ()) for name, status in statuses.items() if name not in faulty}
    sources = [host.name for host in cluster.nodes if host.name in statuses]
    yield from _one_service("API", service, answers, OK, sources)


def _one_service(
    what: str, address: str, answers: Mapping[str, tuple[str, ...]], wanted: str, sources: list[str]
) -> Iterator[Finding]:
    """Where a Service does not answer, whose backends do."""
    wrong = {name: [entry for entry in said if entry != wanted] for name, said in answers.items()}
    failing = [name for name in sources if wrong.get(name)]
    if len(failing) > 1 and len(failing) == len(sources):
        found = f"the Service of the {what}, {address}, fails from {counted(failing, sources)}: {wrong[failing[0]][0]}"
        remedy = "see its endpoints, `kubectl get endpointslices -A`, and kube-proxy on every node"
        yield Finding(THE_CLUSTER, "Service", found, wanted, remedy)
        return
    for name in failing:
        found = (
            f"the Service of the {what}, {address}, fails {len(wrong[name])} of {len(answers[name])} times from here, "
            f"while each backend answers: {wrong[name][0]}"
        )
        yield Finding(name, "Service", found, wanted, OFFLOAD)


def _balancer_findings(name: str, statuses: Statuses, cluster: Cluster) -> Iterator[Finding]:
    status = statuses[name]
    wanted, remedy = "every control plane's API server and nothing else", "run the deploy, which writes its file"
    if not status.nginx:
        yield Finding(name, "balancer", "nginx is not running", "running", "see `systemctl status nginx` there")
    control_planes = api_servers(cluster)
    if not status.backends:
        found = f"nginx reads neither {PROXY_CONFIG} nor {SHARED_PROXY_CONFIG}, or its configuration has a mistake"
        yield Finding(name, "balancer", found, wanted, f"see `nginx -t` there; {remedy}")
        return
    live = [backend for backend, options in status.backends.items() if "down" not in options.split()]
    wrong = [_passed_on(backend, status) for backend in live if backend not in control_planes]
    lacking = [
        f"{address} ({control_plane.hostname}) is missing"
        for address, control_plane in control_planes.items()
        if address not in live
    ]
    if wrong or lacking:
        deviations = [f"it passes on to {', '.join(wrong)}"] * bool(wrong) + lacking
        yield Finding(name, "balancer", "; ".join(deviations), wanted, remedy)
    for address, control_plane in control_planes.items():
        said = status.backend_answers.get(address, OK)
        # One that answers nobody is told as that control plane's own.
        if said != OK and any(OK in other.apis.get(address, ()) for other in statuses.values()):
            found = f"it does not reach {address} ({control_plane.hostname}): {said}"
            yield Finding(name, "balancer", found, "ok at /readyz", "see routes and firewalls between them")


def _passed_on(backend: str, status: HostStatus) -> str:
    answers = status.backend_answers.get(backend) == OK
    return f"{backend}, {'which is no control plane' if answers else 'where no API server answers'}"
