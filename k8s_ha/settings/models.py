"""The cluster and its hosts as frozen values. They know their own syntax; consistency.py what must fit together."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from k8s_ha.catalog import compatibility, mirrors, source_syntax
from k8s_ha.catalog.check_names import CheckName
from k8s_ha.catalog.control_plane import API_PORT
from k8s_ha.settings import syntax

Role = Literal["control_plane", "worker", "load_balancer", "admin"]
Risk = Literal["SystemVerification", "cgroup-v1", "plain-http", "bare-pods", "local-data"]
ROLES: tuple[Role, ...] = get_args(Role)


def _mirror_of(value: object) -> object:
    """A profile's name stands for that profile unchanged."""
    return {"base": value} if isinstance(value, str) else value


def _roles_of(value: object) -> object:
    """One role or several, in the fixed order of ROLES so that equal hosts compare equal."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (list, tuple, set, frozenset)) and all(role in ROLES for role in value):
        return tuple(role for role in ROLES if role in value)
    return value


class ClusterSettings(BaseModel):
    """The settings of one cluster; every one has a default. Unknown names are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    kubernetes_version: syntax.Version | None = Field(
        default=None,
        description="Version to install, x.y.z, 1.20 or newer. None: that of the cluster that stands; without one, the "
        "newest line that every node carries without an accepted risk.",
    )
    control_plane_endpoint: syntax.Endpoint | None = Field(
        default=None,
        description="HOST:PORT that every node and user reaches the API at: a load balancer, or the only control "
        "plane. None: the first load balancer's address, else the only control plane's, with port 6443.",
    )
    pod_cidr: syntax.Network = Field(
        default="10.244.0.0/16", description="IPv4 network of the pods, /8 to /24; each node takes a /24."
    )
    service_cidr: syntax.Network = Field(
        default="10.96.0.0/12", description="IPv4 network of the Services, /12 to /28."
    )
    dns_domain: syntax.DnsDomain = Field(default="cluster.local", description="DNS domain of the cluster's Services.")
    container_runtime: Literal["containerd", "docker"] = Field(
        default="containerd",
        description="What runs the containers. docker: used by the kubelet itself up to Kubernetes 1.23, then "
        "through cri-dockerd.",
    )
    accepted_risks: list[Risk] = Field(
        default=[],
        description="What is accepted by name: SystemVerification and cgroup-v1, where a host runs this Kubernetes "
        "version with these caveats only; plain-http, where packages and their key come without TLS; bare-pods and "
        "local-data, where a node is drained: pods without a controller, and what pods keep in emptyDir volumes, are "
        "deleted.",
    )
    waive: list[CheckName] = Field(
        default=[],
        description="Checks of the hosts whose errors are shown but do not stop the run, such as ports or mirrors.",
    )
    mirror: Annotated[mirrors.MirrorSettings, BeforeValidator(_mirror_of)] = Field(
        default=mirrors.MirrorSettings(),
        description="Where packages and images come from: a profile's name or a MirrorSettings. On a cluster that "
        "stands, another image_repository of it moves kubeadm's images too, as that setting does.",
    )
    base_repositories: Literal["keep", "vault"] = Field(
        default="keep",
        description="The hosts' own repositories. vault: those of CentOS 7 and 8, whose mirrors are gone, are "
        "pointed at the mirror's vault; other systems' are left alone.",
    )
    remove_conflicting_packages: bool = Field(
        default=False,
        strict=True,
        description="Whether podman, buildah, runc and the like, which containerd.io conflicts with, are removed from "
        "nodes. False: such a node is refused.",
    )
    image_repository: source_syntax.ImageRepository | None = Field(
        default=None, description="Where kubeadm's images are pulled from. None: the mirror's."
    )
    registry_mirrors: dict[syntax.Registry, list[source_syntax.Url]] = Field(
        default={},
        description="Mirrors of a registry, tried in order before it, such as {'docker.io': ['https://…']}; an empty "
        "list takes them away. Docker knows mirrors of docker.io only.",
    )
    pod_network: Literal["flannel", "none"] = Field(
        default="flannel", description="Pod network to install. none: nodes stay NotReady until you install one."
    )
    flannel_backend: Literal["vxlan", "host-gw"] = Field(
        default="vxlan",
        description="How flannel carries packets between nodes; host-gw needs all nodes in one layer-2 network.",
    )
    kube_proxy_mode: Literal["iptables", "ipvs", "nftables"] = Field(
        default="iptables",
        description="How kube-proxy implements Services. nftables: from Kubernetes 1.31 and kernel 5.13.",
    )
    firewall: Literal["disabled", "keep"] = Field(
        default="disabled",
        description="firewalld. disabled: stopped and disabled. keep: left as it is, and where it runs, what the "
        "cluster needs is opened: its hosts trust each other (one for admins alone is not among them), the endpoint "
        "and NodePorts are open to all.",
    )
    selinux: Literal["permissive", "keep"] = Field(
        default="permissive",
        description="SELinux. permissive: now and at boot; a disabled one is left alone. keep: as it is, and where "
        "it enforces, nginx is allowed its port and its connections.",
    )
    kubeadm_patches: dict[str, dict[str, Any]] = Field(
        default={},
        description="By kind of kubeadm configuration, what to merge over the package's: maps merge, lists replace. "
        "extraArgs may be a map for every Kubernetes version; from 1.31 it is turned into the list kubeadm reads.",
    )
    cert_extra_sans: list[syntax.CertificateName] = Field(
        default=[], description="More DNS names and IP addresses in the API servers' certificates."
    )
    recover_quorum: bool = Field(
        default=False,
        strict=True,
        description="Whether etcd's one running member may go on alone where the only other one was added by a join "
        "that was cut off and has certainly never started.",
    )
    kubeconfig_dir: syntax.Folder = Field(
        default="kubeconfig",
        description="Folder of its own on the operator's machine that the kubeconfig is fetched into; 0600, ignored by "
        "git. It begins where pyinfra is run, or with ~/.",
    )
    report_dir: syntax.Folder = Field(
        default="reports",
        description="Folder of its own on the operator's machine that each run leaves its report in; 0600, ignored by "
        "git. It begins where pyinfra is run, or with ~/.",
    )
    workers_max_unavailable: syntax.Share = Field(
        default="10%",
        description="How many workers may be out at once for a restart of their container runtime: a number, or a "
        "share of all, rounded down, of at least one. Control planes go one by one.",
    )
    verify_timeout_seconds: int = Field(
        default=300,
        ge=1,
        le=86_400,
        strict=True,
        description="How long the cluster may take at the end to work; a probe has as long again.",
    )

    @property
    def version(self) -> str:
        """The Kubernetes version; where the settings name none, only after one was chosen."""
        assert self.kubernetes_version is not None
        return self.kubernetes_version

    @property
    def kubernetes_line(self) -> compatibility.KubernetesLine:
        """The row of compatibility.py for the version."""
        return compatibility.LINES[int(self.version.split(".")[1])]


class HostSettings(BaseModel):
    """One host of the cluster."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    name: str = Field(min_length=1, description="Its name in the inventory.")
    hostname: syntax.Hostname = Field(
        default_factory=lambda data: data["name"],
        description="Its hostname and node name, RFC 1123 in lower case. Default: the inventory name.",
    )
    address: syntax.Address = Field(description="IPv4 address that the other hosts reach it by; the node's IP.")
    role: Annotated[tuple[Role, ...], BeforeValidator(_roles_of)] = Field(
        description="One role or several: control_plane or worker; load_balancer and admin beside it or alone."
    )
    labels: syntax.Labels = Field(default={}, description="Labels of the node.")
    taints: syntax.Taints | None = Field(
        default=None,
        description="Taints, key=value:Effect. None: kubeadm's, which keep workloads off control planes; []: no taint "
        "at all.",
    )

    @property
    def is_node(self) -> bool:
        """Whether a kubelet runs on it."""
        return "control_plane" in self.role or "worker" in self.role


class Cluster(BaseModel):
    """Settings and hosts that fit together; load_cluster makes it.

    + warnings: sentences about what is allowed but probably not meant
    """

    model_config = ConfigDict(frozen=True)

    settings: ClusterSettings
    hosts: tuple[HostSettings, ...]
    warnings: tuple[str, ...] = ()

    def _with_role(self, role: Role) -> tuple[HostSettings, ...]:
        return tuple(host for host in self.hosts if role in host.role)

    @cached_property
    def control_planes(self) -> tuple[HostSettings, ...]:
        """Control-plane hosts in declared order."""
        return self._with_role("control_plane")

    @cached_property
    def workers(self) -> tuple[HostSettings, ...]:
        """Worker hosts in declared order."""
        return self._with_role("worker")

    @cached_property
    def load_balancers(self) -> tuple[HostSettings, ...]:
        """Load balancers in declared order."""
        return self._with_role("load_balancer")

    @cached_property
    def nodes(self) -> tuple[HostSettings, ...]:
        """Control planes, then workers, each in declared order."""
        return self.control_planes + self.workers

    @property
    def hostnames(self) -> tuple[str, ...]:
        """Every host's hostname in declared order."""
        return tuple(host.hostname for host in self.hosts)

    @property
    def endpoint(self) -> str:
        """The control-plane endpoint, "host:port"."""
        default_host = (self.load_balancers or self.control_planes)[0]
        return self.settings.control_plane_endpoint or f"{default_host.address}:{API_PORT}"

    @property
    def endpoint_host(self) -> str:
        """The endpoint's address or name."""
        return syntax.split_endpoint(self.endpoint)[0]

    @property
    def endpoint_port(self) -> int:
        """The endpoint's port."""
        return syntax.split_endpoint(self.endpoint)[1]

    @property
    def api_port(self) -> int:
        """The port of every control plane's own API server."""
        return API_PORT

    @property
    def mirror(self) -> mirrors.Profile:
        """Every source of packages and images."""
        return self.settings.mirror.profile

    @property
    def image_repository(self) -> str:
        """Where kubeadm's images are pulled from."""
        return self.settings.image_repository or self.mirror.image_repository

    @property
    def registries(self) -> tuple[str, ...]:
        """HOST[:PORT] of each registry that images of this package come from."""
        images = [self.image_repository]
        if self.settings.pod_network == "flannel":
            images += [self.mirror.flannel_image, self.mirror.flannel_cni_plugin_image]
        return tuple(dict.fromkeys(image.partition("/")[0] for image in images))

    @property
    def cri(self) -> Literal["containerd", "dockershim", "cri-dockerd"]:
        """What the kubelets speak to."""
        return compatibility.cri(self.settings.kubernetes_line.minor, self.settings.container_runtime)

    @property
    def pause_image(self) -> str:
        """The pause image that this Kubernetes line expects."""
        return f"{self.image_repository}/pause:{self.settings.kubernetes_line.pause}"

    @property
    def workers_at_once(self) -> int:
        """How many workers may be out at once."""
        share = self.settings.workers_max_unavailable
        return share if isinstance(share, int) else max(1, len(self.workers) * int(share.removesuffix("%")) // 100)

    def host(self, name: str) -> HostSettings:
        """The host with this inventory name; KeyError if there is none."""
        return self._by_name[name]

    def has(self, name: str) -> bool:
        """Whether a host of this inventory name is one of the cluster's."""
        return name in self._by_name

    @cached_property
    def _by_name(self) -> Mapping[str, HostSettings]:
        return {host.name: host for host in self.hosts}
