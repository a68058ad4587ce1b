"""The cluster that is wanted: settings and hosts as one frozen value; consistency.py says what must fit together."""

from collections.abc import Mapping
from functools import cached_property
from ipaddress import IPv4Address
from typing import Literal

from pydantic import BaseModel, ConfigDict

from k8s_ha.catalog import compatibility, mirrors
from k8s_ha.catalog.control_plane import API_PORT
from k8s_ha.settings import syntax
from k8s_ha.settings.kubeadm_patches import value_at
from k8s_ha.settings.models import ClusterSettings, HostSettings, Role


class Cluster(BaseModel):
    """Settings and hosts that fit together; load_cluster makes it.

    + hosts: without those that removed_nodes names
    + removed: hosts of the inventory that removed_nodes names
    + warnings: sentences about what is allowed but probably not meant
    """

    model_config = ConfigDict(frozen=True)

    settings: ClusterSettings
    hosts: tuple[HostSettings, ...]
    removed: tuple[HostSettings, ...] = ()
    warnings: tuple[str, ...] = ()

    def _with_role(self, role: Role) -> tuple[HostSettings, ...]:
        return tuple(host for host in self.hosts if role in host.role)

    @cached_property
    def control_planes(self) -> tuple[HostSettings, ...]:
        """Control-plane hosts in declared order."""
        return self._with_role("control_plane")

    @cached_property
    def etcd_folder(self) -> str:
        """Where a control plane's etcd has its data, in ``member``; without a slash at its end."""
        moved = value_at("ClusterConfiguration", "etcd.local.dataDir", self.settings.kubeadm_patches)
        folder = moved.rstrip("/") if isinstance(moved, str) else ""
        return folder if folder.startswith("/") else "/var/lib/etcd"

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
    def former_control_planes(self) -> tuple[HostSettings, ...]:
        """Hosts of the inventory that removed_nodes names and that are, or were, control planes: they may hold etcd."""
        return tuple(host for host in self.removed if "control_plane" in host.role)

    @property
    def former_balancers(self) -> tuple[HostSettings, ...]:
        """Hosts of the inventory that removed_nodes names and that are, or were, load balancers."""
        return tuple(host for host in self.removed if "load_balancer" in host.role)

    @property
    def removed_unlisted(self) -> tuple[str, ...]:
        """Names in removed_nodes of no host of the inventory: node names."""
        known = {name for host in self.removed for name in (host.name, host.hostname)}
        return tuple(name for name in self.settings.removed_nodes if name not in known)

    @property
    def hostnames(self) -> tuple[str, ...]:
        """Every host's hostname in declared order."""
        return tuple(host.hostname for host in self.hosts)

    @cached_property
    def external_endpoint(self) -> str | None:
        """HOST:PORT of a balancer that somebody else runs; None where the endpoint is at a host of the cluster."""
        settings = self.settings
        if settings.endpoint is not None:
            return settings.endpoint.external
        given = settings.control_plane_endpoint
        if given is None or self.load_balancers:
            return None
        host = syntax.split_endpoint(given)[0]
        is_own = any(host in (each.address, each.hostname) for each in (*self.hosts, *self.removed))
        return None if is_own else given

    @property
    def is_external(self) -> bool:
        """Whether the endpoint is at a balancer that somebody else runs."""
        return self.external_endpoint is not None

    @cached_property
    def endpoint(self) -> str:
        """The control-plane endpoint, "host:port"."""
        if self.external_endpoint is not None:
            return self.external_endpoint
        host, port = self._own_endpoint
        return f"{self.settings.endpoint_name or host}:{port}"

    @property
    def _own_endpoint(self) -> tuple[str, int]:
        """Where this package's own endpoint is: the address or hostname of a host, and the port."""
        settings = self.settings
        if settings.control_plane_endpoint is not None:
            return syntax.split_endpoint(settings.control_plane_endpoint)
        host = (self.load_balancers or self.control_planes)[0]
        port = settings.endpoint.port if settings.endpoint else API_PORT
        return self.virtual_address or host.address, port

    @property
    def virtual_address(self) -> str | None:
        """The address that moves between this package's balancers; None where there is none."""
        return self.settings.endpoint.virtual_address if self.settings.endpoint else None

    @property
    def virtual_router_id(self) -> int:
        """Of the virtual address, where there is one."""
        form = self.settings.endpoint
        given = form.virtual_router_id if form else None
        # The last number; in a wide network an address may end with 0, and a router may not.
        return given or IPv4Address(self.virtual_address or "0.0.0.1").packed[-1] or 255

    @cached_property
    def endpoint_at(self) -> tuple[HostSettings, ...]:
        """Hosts of the cluster that the endpoint is at, or may come to; none where somebody else runs it."""
        if self.is_external:
            return ()
        return self.load_balancers if self.virtual_address else self._at(self._own_endpoint[0])

    def _at(self, host: str) -> tuple[HostSettings, ...]:
        return tuple(each for each in self.hosts if host in (each.address, each.hostname))

    @cached_property
    def endpoint_target(self) -> str:
        """The endpoint's address where a host of the cluster has it, else the name or address that hosts resolve."""
        settings = self.settings
        if self.is_external or (settings.endpoint_name and not settings.endpoint_name_in_hosts):
            return self.endpoint_host
        return self.virtual_address or self.endpoint_at[0].address

    @property
    def resolves_endpoint(self) -> bool:
        """Whether the endpoint is a name that hosts resolve by themselves: no /etc/hosts of ours has it."""
        host = self.endpoint_host
        return self.endpoint_target == host and host not in self.names and not syntax.looks_like_address(host)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Addresses by name, as every host's /etc/hosts has them."""
        found = {host.hostname: host.address for host in self.hosts}
        name = self.settings.endpoint_name
        if name and self.settings.endpoint_name_in_hosts and self.endpoint_at:
            found.setdefault(name, self.virtual_address or self.endpoint_at[0].address)
        return found

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

    def versioned_images(self, leads: bool) -> tuple[str, ...]:
        """What a node runs of this Kubernetes, as far as the version names it; kubeadm itself names etcd and CoreDNS.

        + leads: whether it is a control plane
        """
        names = ["kube-proxy"]
        if leads:
            names += ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]
        own = (f"{self.image_repository}/{name}:v{self.settings.version}" for name in names)
        return (*own, self.pause_image)

    @property
    def workers_at_once(self) -> int:
        """How many workers may be out at once."""
        share = self.settings.workers_max_unavailable
        return share if isinstance(share, int) else max(1, len(self.workers) * int(share.removesuffix("%")) // 100)

    def host(self, name: str) -> HostSettings:
        """The host with this inventory name, also one that is removed; KeyError if there is none."""
        return self._by_name[name]

    def has(self, name: str) -> bool:
        """Whether a host of this inventory name is one of the cluster's, and stays."""
        return name in self._by_name and not self.removes(name)

    def removes(self, name: str) -> bool:
        """Whether removed_nodes names the host of this inventory name."""
        return name in self._removed or name in self.settings.removed_nodes

    @cached_property
    def _removed(self) -> frozenset[str]:
        return frozenset(host.name for host in self.removed)

    @cached_property
    def _by_name(self) -> Mapping[str, HostSettings]:
        return {host.name: host for host in (*self.hosts, *self.removed)}
