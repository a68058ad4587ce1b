"""What must fit together: each rule yields one sentence per mistake.

RULES names what a rule reads; it is skipped when one of these is already wrong by itself, so that one mistake gives
one line.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from k8s_ha.catalog import compatibility
from k8s_ha.catalog.check_names import CHECKS
from k8s_ha.settings import kubeadm_patches
from k8s_ha.settings.cluster import Cluster
from k8s_ha.settings.endpoint_rules import (
    endpoint_fits,
    endpoint_is_one,
    endpoint_name_fits,
    external_endpoint_fits,
    lacks_a_balancer,
    virtual_address_fits,
)
from k8s_ha.settings.mirror_rules import credentials_reach_nobody_else, packages_are_not_forged
from k8s_ha.settings.models import ROLES
from k8s_ha.settings.removal_rules import enough_stays, removed_names_fit
from k8s_ha.settings.syntax import is_inside
from k8s_ha.untrusted import short, some

Mistakes = Iterator[str]

# One /24 of the pod network per node: kube-controller-manager's default.
_DEFAULT_NODE_MASK = 24
# kube-controller-manager's bitmap of node networks, and kube-apiserver's of Service addresses (kubeadm's constants.go).
_NODE_MASK_MAX_DIFFERENCE = 16
_SERVICE_PREFIXES = range(12, 29)


def hosts_are_unique(cluster: Cluster) -> Mistakes:
    """No two hosts share a name, a hostname or an address."""
    hosts = (*cluster.hosts, *cluster.removed)
    counts = Counter(host.name for host in hosts if host.name)
    for name, count in counts.items():
        if count > 1:
            yield f"{name}: {count} hosts have this name; a host is given once; give it all its roles at once"
    for field, remedy in (("hostname", "set hostname on one of them"), ("address", "correct one of them")):
        owners = defaultdict(set)
        for host in hosts:
            owners[getattr(host, field)].add(host.name)
        for value, names in owners.items():
            if value and len(names) > 1:
                yield f"{some(sorted(names))}: {field} {value!r}; each host has its own {field}; {remedy}"


def roles_fit(cluster: Cluster) -> Mistakes:
    """Every host has a use, and there is a control plane to reach."""
    for host in cluster.hosts:
        if not host.role:
            yield f"{host.name}: no role; each host has a use; give it one of {', '.join(ROLES)}"
        if {"control_plane", "worker"} <= set(host.role):
            yield (
                f"{host.name}: role control_plane and worker; a node is one or the other; make it a control_plane, "
                "with taints = [] if it shall run workloads too"
            )
    if any(enough_stays(cluster)):
        return
    if not cluster.control_planes:
        yield "hosts: no control plane; a cluster has at least one; give a host the role control_plane"
    if lacks_a_balancer(cluster):
        yield (
            f"hosts: {len(cluster.control_planes)} control planes and no load balancer; several control planes stand "
            "behind one; give a host the role load_balancer, or name one that somebody else runs in endpoint.external"
        )


def networks_are_apart(cluster: Cluster) -> Mistakes:
    """Pods and Services do not share addresses."""
    settings = cluster.settings
    pods, services = IPv4Network(settings.pod_cidr), IPv4Network(settings.service_cidr)
    if pods.overlaps(services):
        yield f"pod_cidr: {pods} overlaps service_cidr {services}; the two are apart; change one of them"


def hosts_are_outside(cluster: Cluster, setting: str) -> Mistakes:
    """No host has an address of the pods or the Services."""
    network = IPv4Network(getattr(cluster.settings, setting))
    apart = cluster.virtual_address or (cluster.endpoint_host if cluster.is_external else "")
    if is_inside(apart, network):
        yield (
            f"{setting}: {network} holds the endpoint's address {apart}; pods and Services have networks of their "
            f"own; choose another {setting}, or another endpoint"
        )
    inside = [host for host in cluster.hosts if host.address and IPv4Address(host.address) in network]
    if inside:
        hosts = some([f"{host.name} ({host.address})" for host in inside])
        yield (
            f"{setting}: {network} holds the addresses of {hosts}; hosts, pods and Services have networks of "
            f"their own; choose another {setting}"
        )


def pod_network_is_large_enough(cluster: Cluster) -> Mistakes:
    """Each node gets its part of the pod network."""
    pods, mask = IPv4Network(cluster.settings.pod_cidr), _node_mask(cluster)
    widest = max(mask - _NODE_MASK_MAX_DIFFERENCE, 0)
    if not widest <= pods.prefixlen <= mask:
        yield (
            f"pod_cidr: {pods}; each node takes a /{mask} of it and there are at most 65536; choose a prefix from "
            f"/{widest} to /{mask}"
        )
    elif 2 ** (mask - pods.prefixlen) < len(cluster.nodes):
        yield (
            f"pod_cidr: {pods} for {len(cluster.nodes)} nodes; each node takes a /{mask} of it; choose a wider network"
        )


def service_network_has_a_size(cluster: Cluster) -> Mistakes:
    """The Service network is of a size that kubeadm takes."""
    services = IPv4Network(cluster.settings.service_cidr)
    if services.prefixlen not in _SERVICE_PREFIXES:
        yield f"service_cidr: {services}; kubeadm takes prefixes from /12 to /28; choose one of these"


def mirror_carries_version(cluster: Cluster) -> Mistakes:
    """The mirror has packages of this Kubernetes version."""
    settings, line = cluster.settings, cluster.settings.kubernetes_line
    found = f"kubernetes_version: {settings.version!r} from the mirror {settings.mirror.name}"
    own = "set mirror.kubernetes_baseurl and mirror.kubernetes_gpgkey to a repository that has it"
    source = cluster.mirror.kubernetes_source(line.minor)
    if source is None:
        oldest = compatibility.LINES[cluster.mirror.kubernetes[0].since].name
        yield f"{found}; it carries Kubernetes {oldest} and newer; choose such a version or {own}"
        return
    last = source.last_patches.get(line.minor)
    if last is not None and int(settings.version.rpartition(".")[2]) > last:
        yield f"{found}; it was frozen and ends with {line.name}.{last} there; choose that version or {own}"


def base_url_is_alone(cluster: Cluster) -> Mistakes:
    """An own mirror replaces the packages' profile altogether."""
    mirror = cluster.settings.mirror
    if mirror.base_url and "base" in mirror.model_fields_set:
        yield (
            f"mirror.base: {mirror.base!r} beside mirror.base_url; an own mirror is laid out as Aliyun's and takes the "
            "profile's place; remove mirror.base"
        )


def own_repositories_have_keys(cluster: Cluster) -> Mistakes:
    """An own source comes with the key or the checksum that what it has is verified by."""
    for url, key in cluster.settings.mirror.unsigned():
        yield f"mirror.{url}: given without {key}; nothing is installed unverified; set mirror.{key}"


def kube_proxy_mode_exists(cluster: Cluster) -> Mistakes:
    """This Kubernetes version knows the kube-proxy mode."""
    settings = cluster.settings
    if settings.kube_proxy_mode == "nftables" and settings.kubernetes_line.minor < compatibility.NFTABLES_PROXY_SINCE:
        since = compatibility.LINES[compatibility.NFTABLES_PROXY_SINCE].name
        yield (
            f"kube_proxy_mode: 'nftables' with Kubernetes {settings.version}; it works from {since} on; "
            "choose 'iptables'"
        )


def patches_leave_owned_fields(cluster: Cluster) -> Mistakes:
    """Patches are of known kinds and leave alone what a setting decides."""
    line = cluster.settings.kubernetes_line
    for kind, patch in cluster.settings.kubeadm_patches.items():
        where = f"kubeadm_patches.{kind}"
        if kind not in kubeadm_patches.OWNED:
            yield f"{where}: unknown kind; the kinds are {', '.join(kubeadm_patches.OWNED)}; use one of these"
            continue
        for field, remedy in dict(kubeadm_patches.owned_fields(kind, patch)).items():
            yield f"{where}.{field}: patched; the package decides this field; {remedy}"
        for field, value in kubeadm_patches.not_plain(patch):
            yield f"{where}.{field}: {short(value)}; a patch is plain data with text as keys; correct it"
        for field, value in kubeadm_patches.argument_fields(patch):
            if not isinstance(value, dict) and (
                not kubeadm_patches.is_argument_list(value) or line.config_api != "v1beta4"
            ):
                yield f"{where}.{field}: {short(value)}; extra arguments are a map of name: value; write it as a map"


def patched_numbers_are_numbers(cluster: Cluster) -> Mistakes:
    """What this package itself reads in patches can be read."""
    for field, value, rule in kubeadm_patches.out_of_range(cluster.settings.kubeadm_patches):
        yield f"kubeadm_patches.{field}: {short(value)}; {rule}; correct it"


def docker_knows_the_mirrors(cluster: Cluster) -> Mistakes:
    """Docker is given mirrors of Docker Hub only."""
    settings = cluster.settings
    others = sorted(set(settings.registry_mirrors) - {compatibility.DOCKER_HUB})
    if settings.container_runtime == "docker" and others:
        yield (
            f"registry_mirrors: {', '.join(others)} with container_runtime 'docker'; dockerd knows mirrors of "
            f"{compatibility.DOCKER_HUB} only; set image_repository and mirror.flannel_image to where those images "
            "are, or use containerd"
        )


def checks_may_be_waived(cluster: Cluster) -> Mistakes:
    """Only checks are waived that the run could end well without."""
    for name in dict.fromkeys(cluster.settings.waive):
        if fixed := CHECKS[name].fixed:
            yield f"waive: {name!r}; this check cannot be waived: {fixed}; remove it"


@dataclass(frozen=True)
class Rule:
    """A rule and the settings and host fields ("host.address") that it reads."""

    find: Callable[..., Mistakes]
    reads: tuple[str, ...]
    arguments: tuple[Any, ...] = ()


_ENDPOINT = ("control_plane_endpoint", "endpoint")

RULES = (
    Rule(hosts_are_unique, ()),
    Rule(roles_fit, ("host.role", *_ENDPOINT)),
    Rule(endpoint_fits, ("host.role", "host.address", "host.hostname", *_ENDPOINT)),
    Rule(endpoint_is_one, ("host.role", *_ENDPOINT)),
    Rule(virtual_address_fits, ("host.role", "host.address", *_ENDPOINT)),
    Rule(external_endpoint_fits, ("host.role", "host.address", "host.hostname", *_ENDPOINT)),
    Rule(endpoint_name_fits, ("host.role", "host.address", "host.hostname", "endpoint_name", *_ENDPOINT)),
    Rule(removed_names_fit, ("removed_nodes", "host.hostname")),
    Rule(enough_stays, ("removed_nodes", "host.role", "host.address", "host.hostname", "control_plane_endpoint")),
    Rule(networks_are_apart, ("pod_cidr", "service_cidr")),
    Rule(hosts_are_outside, ("pod_cidr", *_ENDPOINT), ("pod_cidr",)),
    Rule(hosts_are_outside, ("service_cidr", *_ENDPOINT), ("service_cidr",)),
    Rule(pod_network_is_large_enough, ("pod_cidr", "host.role", "kubeadm_patches")),
    Rule(service_network_has_a_size, ("service_cidr",)),
    Rule(mirror_carries_version, ("mirror", "kubernetes_version")),
    Rule(base_url_is_alone, ("mirror",)),
    Rule(own_repositories_have_keys, ("mirror",)),
    Rule(packages_are_not_forged, ("mirror", "accepted_risks")),
    Rule(
        credentials_reach_nobody_else,
        ("mirror", "accepted_risks", "base_repositories", "registry_mirrors", "container_runtime", "image_repository"),
    ),
    Rule(kube_proxy_mode_exists, ("kube_proxy_mode", "kubernetes_version")),
    Rule(patches_leave_owned_fields, ("kubeadm_patches", "kubernetes_version")),
    Rule(patched_numbers_are_numbers, ("kubeadm_patches",)),
    Rule(checks_may_be_waived, ("waive",)),
    Rule(docker_knows_the_mirrors, ("registry_mirrors", "container_runtime")),
)


def _node_mask(cluster: Cluster) -> int:
    """Prefix of each node's part of the pod network, which a patch of kube-controller-manager may change."""
    patches = cluster.settings.kubeadm_patches
    mask = kubeadm_patches.as_number(
        kubeadm_patches.value_at("ClusterConfiguration", kubeadm_patches.NODE_MASK, patches)
    )
    return mask if mask is not None and 1 <= mask <= 32 else _DEFAULT_NODE_MASK
