"""What preflight reads of a host, and a host as the rules judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from k8s_ha.observations.boot import BootState
from k8s_ha.observations.clock import Interval
from k8s_ha.observations.host_repositories import HostRepositories
from k8s_ha.observations.nginx import NginxState
from k8s_ha.observations.node import HostSurvey, NodeView
from k8s_ha.observations.runtimes import RuntimeState
from k8s_ha.observations.surroundings import Surroundings
from k8s_ha.observations.units import UnitState
from k8s_ha.observations.virtual_address import VirtualAddressState
from k8s_ha.settings import Cluster, HostSettings

SourceKind = Literal["repository", "key", "archive", "registry"]


@dataclass(frozen=True)
class DownloadSource:
    """A URL that the host will need, and what it is asked as."""

    kind: SourceKind
    url: str


@dataclass(frozen=True)
class SourceAnswer:
    """What a source answered: the HTTP status, 0 for none, and then curl's reason.

    + text: what stands there; of keys alone
    """

    status: int
    reason: str = ""
    text: str = ""


@dataclass(frozen=True)
class Disk:
    """The file system below ``folder``: its type, sizes in KiB, where it is mounted.

    + ftype: of an xfs, whether its directories tell the files' type; None where nothing tells
    """

    folder: str
    kind: str
    size: int
    free: int
    mount: str
    ftype: bool | None = None


@dataclass(frozen=True)
class Listener:
    """Somebody who listens on a TCP port; ``process`` and ``pid`` are None where ss is missing."""

    port: int
    process: str | None = None
    pid: int | None = None


@dataclass(frozen=True)
class HostPreflight:
    """A host before the first change; the defaults are those of a host that has nothing to tell.

    + clock: against the operator's
    + cgroups: controllers that are enabled
    + lacking_modules: kernel modules that the running kernel does not have
    + hosts_lines: lines of /etc/hosts that hold one of the cluster's names, without comments
    + endpoint_name_at: where this package's block of /etc/hosts leads endpoint_name; empty where it does not
    + endpoint_route: what ``ip route get`` says of the endpoint
    + endpoint_addresses: what the endpoint's name resolves to; none where an address was asked for
    + endpoint_answer: how an endpoint that somebody else runs answers: ``api``, ``other`` for what else speaks TLS or
      HTTP, ``held``, ``closed`` or ``refused`` for TCP, ``unresolved``, ``silent`` with curl's words; empty where it
      was not asked
    + routes: as ``ip -4 route`` prints them
    + proxies: by where they are set, value by variable in lower case; of a proxy itself only "set"
    + answers: by URL; None where curl is missing
    + repositories: the host's own ones
    + units: active units of container runtimes
    + docker_containers: those that are none of a pod's, where the node leaves Docker; None where that does not tell
    + cni: files in /etc/cni/net.d
    + etcd: what lies in etcd's own folder, on a control plane
    + nginx: of a load balancer; None elsewhere
    + boot: what the next boot will do
    + surroundings: what stands on the host around the cluster
    + virtual_address: a balancer's part in it; None where there is none
    + view: what the host holds of a cluster; None where it could not be read
    + runtime: the container runtimes' units and configuration
    """

    clock: Interval | None = None
    cpus: int | None = None
    memory_mib: int | None = None
    disks: tuple[Disk, ...] = ()
    swap: tuple[str, ...] = ()
    selinux: str = ""
    firewalld: bool = False
    cgroups: tuple[str, ...] = ()
    lacking_modules: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()
    hosts_lines: tuple[str, ...] = ()
    endpoint_name_at: str = ""
    machine_id: str = ""
    product_uuid: str = ""
    endpoint_route: str = ""
    endpoint_addresses: tuple[str, ...] = ()
    endpoint_answer: str = ""
    routes: tuple[str, ...] = ()
    proxies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    answers: Mapping[str, SourceAnswer] | None = field(default_factory=dict)
    repositories: HostRepositories = field(default_factory=HostRepositories)
    units: tuple[str, ...] = ()
    docker_containers: tuple[str, ...] | None = ()
    cni: tuple[str, ...] = ()
    etcd: tuple[str, ...] = ()
    nginx: NginxState | None = None
    boot: BootState = field(default_factory=BootState)
    surroundings: Surroundings = field(default_factory=Surroundings)
    virtual_address: VirtualAddressState | None = None
    view: NodeView | None = None
    runtime: RuntimeState = field(default_factory=RuntimeState)


@dataclass(frozen=True)
class HostContext:
    """A host as it is judged."""

    cluster: Cluster
    host: HostSettings
    survey: HostSurvey
    preflight: HostPreflight

    def unit(self, name: str) -> UnitState:
        """A unit that was asked for; one that is not there is not found."""
        return self.preflight.boot.units.get(name, UnitState())

    @property
    def is_control_plane(self) -> bool:
        return "control_plane" in self.host.role

    @property
    def is_ours(self) -> bool:
        """Whether the run changes more of it than names: not where it is somebody's own host, for admins alone."""
        return self.host.role != ("admin",)

    @property
    def is_balancer(self) -> bool:
        return "load_balancer" in self.host.role

    @property
    def changes_runtime(self) -> bool:
        """Whether it is a node whose kubelet this run takes from Docker to containerd."""
        return self.host.is_node and self.survey.moves_runtime(self.cluster.cri)

    @property
    def gets_runtime(self) -> bool:
        """Whether this run sets up a container runtime that it has not run its pods on yet."""
        return self.becomes_node or self.changes_runtime

    @property
    def becomes_node(self) -> bool:
        """Whether it shall be a node and is none yet; what a node has run on until now cannot keep it from going on."""
        return self.host.is_node and not self.survey.node
