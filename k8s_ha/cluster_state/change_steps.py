"""The steps that bring a standing cluster to what is wanted, in their order. Values in, values out.

No step remembers that it was done: each is planned, and left out, by what the cluster and its hosts tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final

from k8s_ha.catalog.upgrades import Numbers, numbers
from k8s_ha.settings import Cluster, HostSettings

Path = tuple[str, ...]

Edits = Mapping[tuple[str, Path], Any]
"""Values of what the cluster keeps of its configuration, by kind and path; None takes a field out."""


class Work(Enum):
    """What is done in a step.

    + fetch: a version's packages and images come to every host that lacks them
    + configure: what the cluster keeps of its configuration is changed
    + snapshot: of etcd, proved by a restore, and of the certificates
    + leave, come_back: the balancers stop, and begin again, to pass requests on to a control plane
    + apply: the first control plane's static pods, the add-ons, and what the cluster keeps of its configuration
    + control_plane: another control plane's static pods
    + kubelet: a node without its pods: container runtime, kubelet
    + drain, remove_member, reset, delete_node: a node is taken out of the cluster
    + reconfigure: what the cluster keeps of its configuration, with what it kept before noted on it
    + certificate: an API server's
    + static_pods: a control plane's, by what the cluster keeps
    + addons: CoreDNS and kube-proxy, by what the cluster keeps
    + kubelet_config: a node's kubelet, by what the cluster keeps, while its pods run on
    + kube_proxy: its configuration and all its pods
    + settle: what the cluster kept before is noted no more
    + give_back: what this package has put on hosts goes, and what it has changed is as it was
    + reboot: of nodes without their pods
    + runtime: a node without its pods gets another container runtime
    + renew: a control plane's certificates and kubeconfigs, with what comes up with them
    + revive: the same where they have ended, so that nothing serves with them
    + renew_kubelet: certificates by which kubelets log in
    + put_back: manifests that a change which was cut off has kept run again
    + prove: the endpoint that is wanted leads to the control planes
    + endpoint: what the cluster keeps as its endpoint, for joins, too
    + kubeconfigs: a host's name the endpoint, and whoever reads them is restarted
    + kube_proxy_server: where kube-proxy asks, and all its pods
    + retire: balancers and /etc/hosts leave an endpoint that nobody names any more
    """

    FETCH = "fetch"
    CONFIGURE = "configure"
    SNAPSHOT = "snapshot"
    LEAVE = "leave"
    APPLY = "apply"
    CONTROL_PLANE = "control plane"
    COME_BACK = "come back"
    KUBELET = "kubelet"
    DRAIN = "drain"
    REMOVE_MEMBER = "remove member"
    RESET = "reset"
    DELETE_NODE = "delete node"
    GIVE_BACK = "give back"
    RECONFIGURE = "reconfigure"
    CERTIFICATE = "certificate"
    STATIC_PODS = "static pods"
    ADDONS = "addons"
    KUBELET_CONFIG = "kubelet config"
    KUBE_PROXY = "kube-proxy"
    SETTLE = "settle"
    PUT_BACK = "put back"
    REBOOT = "reboot"
    RUNTIME = "runtime"
    PROVE = "prove"
    ENDPOINT = "endpoint"
    KUBECONFIGS = "kubeconfigs"
    KUBE_PROXY_SERVER = "kube-proxy server"
    RETIRE = "retire"
    RENEW = "renew"
    REVIVE = "revive"
    RENEW_KUBELET = "renew kubelet"


SECONDS_AT_MOST: Final[Mapping[Work, int]] = {
    Work.FETCH: 1800,
    Work.CONFIGURE: 60,
    Work.SNAPSHOT: 1800,
    Work.LEAVE: 60,
    Work.APPLY: 1200,
    Work.CONTROL_PLANE: 1200,
    Work.COME_BACK: 60,
    Work.KUBELET: 1800,
    Work.DRAIN: 1140,
    Work.REMOVE_MEMBER: 120,
    Work.RESET: 900,
    Work.DELETE_NODE: 60,
    Work.GIVE_BACK: 900,
    Work.RECONFIGURE: 60,
    Work.CERTIFICATE: 900,
    Work.STATIC_PODS: 1800,
    Work.ADDONS: 900,
    Work.KUBELET_CONFIG: 900,
    Work.KUBE_PROXY: 1800,
    Work.SETTLE: 60,
    Work.PUT_BACK: 900,
    Work.REBOOT: 2700,
    Work.RUNTIME: 3600,
    Work.PROVE: 120,
    Work.ENDPOINT: 60,
    Work.KUBECONFIGS: 1200,
    Work.KUBE_PROXY_SERVER: 1800,
    Work.RETIRE: 120,
    Work.RENEW: 2400,
    Work.REVIVE: 3000,
    Work.RENEW_KUBELET: 900,
}
"""How long a step of each kind may take, beside the packages of a slow mirror."""

REMOVALS: Final = (Work.DRAIN, Work.REMOVE_MEMBER, Work.RESET, Work.DELETE_NODE)
IN_THE_CONTROL_PLANE: Final = (Work.APPLY, Work.CONTROL_PLANE, Work.CERTIFICATE, Work.STATIC_PODS, Work.RENEW)

WITHOUT_OUTAGE: Final = (
    *(Work.FETCH, Work.CONFIGURE, Work.SNAPSHOT, Work.PUT_BACK, Work.REVIVE),
    *(Work.PROVE, Work.ENDPOINT, Work.RETIRE, Work.RENEW_KUBELET, Work.GIVE_BACK),
)
"""What takes nobody out of service, and so may go on beside a control plane that is: a later step may mend that."""


@dataclass(frozen=True)
class ChangeStep:
    """One step of a change.

    + hosts: inventory names of those that act, all at once
    + subjects: inventory names of those that it is about
    + version: what is reached by it, ``x.y.z``
    + standing: the version that the cluster keeps before the step, where that matters
    + edits: of the kept configuration, the value by path and kind
    + kind: of the kept configuration that it is about, where that matters
    + components: the static pods that it is about
    + sentence: what is done
    + interrupts: what does not serve meanwhile; empty for nothing
    """

    work: Work
    hosts: tuple[str, ...]
    subjects: tuple[str, ...]
    version: str
    sentence: str
    interrupts: str = ""
    standing: str = ""
    edits: Edits = field(default_factory=dict, repr=False)
    kind: str = ""
    components: tuple[str, ...] = ()

    @property
    def seconds(self) -> int:
        """How long it may take."""
        return SECONDS_AT_MOST[self.work]


def release_order(version: str) -> Numbers:
    """What releases are compared by; what is none comes first."""
    return numbers(version) or (0, 0, 0)


def nodes_in_turn(
    cluster: Cluster, hosts: Sequence[HostSettings], step: Callable[[Sequence[HostSettings]], ChangeStep]
) -> Iterator[ChangeStep]:
    """Control planes one by one, each out of the balancers meanwhile, then workers in batches."""
    workers = []
    for host in hosts:
        if "control_plane" in host.role:
            yield from out_of_the_balancers(cluster, host, step([host]))
        else:
            workers.append(host)
    yield from map(step, worker_batches(cluster, workers))


def worker_batches(cluster: Cluster, workers: Sequence[HostSettings]) -> Iterator[Sequence[HostSettings]]:
    """Those that may be out at once."""
    for begin in range(0, len(workers), cluster.workers_at_once):
        yield workers[begin : begin + cluster.workers_at_once]


OUTAGES: Final[Mapping[int, str]] = {
    1: "the API, for a minute or two",
    2: "its API server and etcd member, and etcd has no spare",
}
"""What a change of a control plane interrupts where they are few, by their number."""

OUTAGE: Final = "its API server and etcd member"
"""The same where they are more."""


EXTERNAL: Final = "your balancer leaves it out by its own checks"
"""What is not done for the users of a control plane that a step takes down."""


def out_of_the_balancers(cluster: Cluster, host: HostSettings, *steps: ChangeStep) -> Iterator[ChangeStep]:
    """The steps while no balancer passes anything on to the control plane; the only one stays, with its outage."""
    balancers = tuple(balancer.name for balancer in cluster.load_balancers)
    if cluster.is_external and len(cluster.control_planes) > 1:
        # Nobody tells that balancer.
        for step in steps:
            yield replace(step, interrupts="; ".join(filter(None, (step.interrupts, EXTERNAL))))
        return
    if not balancers or len(cluster.control_planes) == 1:
        yield from steps
        return
    subject, version = (host.name,), steps[0].version
    yield ChangeStep(Work.LEAVE, balancers, subject, version, f"{host.name} out of the balancer")
    yield from steps
    yield ChangeStep(Work.COME_BACK, balancers, subject, version, f"{host.name} back into the balancer")
