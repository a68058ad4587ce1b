"""What users set, for the cluster and for each host, as frozen values that know their own syntax."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from k8s_ha.catalog import compatibility, mirrors, source_syntax
from k8s_ha.catalog.check_names import CheckName
from k8s_ha.settings import syntax
from k8s_ha.settings.backup import BackupSettings
from k8s_ha.settings.endpoint import EndpointSettings

Role = Literal["control_plane", "worker", "load_balancer", "admin"]
Risk = Literal["SystemVerification", "cgroup-v1", "plain-http", "bare-pods", "local-data", "unproven-upgrade"]
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
    """The settings of one cluster; every one has a default. Unknown names are errors.

    Each value is checked alone here; what must fit together, ``check_settings`` checks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    kubernetes_version: syntax.Version | None = Field(
        default=None,
        description="Version to install, x.y.z, 1.20 or newer. None: that of the cluster that stands; without one, the "
        "newest line that every node carries without an accepted risk.",
    )
    control_plane_endpoint: syntax.Endpoint | None = Field(
        default=None,
        description="HOST:PORT that every node and user reaches the API at: a load balancer, or the only control "
        "plane, or a balancer that somebody else runs where the inventory has none. None: the first load balancer's "
        "address, else the only control plane's, with port 6443.",
    )
    endpoint: EndpointSettings | None = Field(
        default=None,
        description="The form of the endpoint, in the place of control_plane_endpoint: an EndpointSettings, such as "
        "{'external': 'lb.example.com:6443'}. None: this package's own nginx.",
    )
    endpoint_name: syntax.EndpointName | None = Field(
        default=None,
        description="DNS name that certificates and kubeconfigs have for the endpoint at this package's own balancers. "
        "None: its address.",
    )
    endpoint_name_in_hosts: bool = Field(
        default=True,
        strict=True,
        description="Whether endpoint_name is written into every host's /etc/hosts. False: DNS has it, and each host "
        "is asked whether it resolves.",
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
        "deleted; unproven-upgrade, to lines older than 1.30, which was never seen to run.",
    )
    waive: list[CheckName] = Field(
        default=[],
        description="Checks of the hosts whose errors are shown but do not stop the run, such as ports or mirrors.",
    )
    mirror: Annotated[
        mirrors.MirrorSettings,
        BeforeValidator(_mirror_of, json_schema_input_type=mirrors.ProfileName | mirrors.MirrorSettings),
    ] = Field(
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
    removed_nodes: list[Annotated[str, Field(min_length=1)]] = Field(
        default=[],
        description="Hosts that the next run takes out of the cluster and that stay out: inventory names, or names of "
        "nodes whose host the inventory lacks. One that answers is drained and reset; a dead one loses its etcd member "
        "and its node.",
    )
    backup: BackupSettings | None = Field(
        default=None,
        description="Backups by a schedule: a BackupSettings, such as {'schedule': '02:30', 'keep': 7}. None: no "
        "timer; one of this package's that stands is taken away.",
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
    renew_certificates_within_days: int = Field(
        default=60,
        ge=0,
        le=3650,
        strict=True,
        description="How many days before their end kubeadm's certificates and kubeconfigs are renewed, or a third of "
        "their life where that is less. 0: never; they are only told of.",
    )
    verify_timeout_seconds: int = Field(
        default=300,
        ge=1,
        le=86_400,
        strict=True,
        description="Seconds that the cluster may take at the end to work, a day at most; a probe has as long again.",
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
    """One host of the cluster. Its name and roles are those of the inventory."""

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
