"""What must fit together of the endpoint: each rule yields one sentence per mistake."""

from collections.abc import Iterator

from k8s_ha.catalog.control_plane import API_PORT
from k8s_ha.settings.cluster import Cluster
from k8s_ha.settings.models import HostSettings
from k8s_ha.settings.removal_rules import enough_stays
from k8s_ha.untrusted import some


def lacks_a_balancer(cluster: Cluster) -> bool:
    """Whether several control planes stand behind nothing."""
    return len(cluster.control_planes) > 1 and not cluster.load_balancers and not cluster.is_external


def endpoint_fits(cluster: Cluster) -> Iterator[str]:
    """The endpoint is at a host that can serve it, at a port that is free there."""
    if not cluster.control_planes or lacks_a_balancer(cluster) or cluster.is_external:
        return  # roles_fit, or enough_stays, has said it
    if any(enough_stays(cluster)):
        return
    at_endpoint, form = cluster.endpoint_at, cluster.settings.endpoint
    only = cluster.control_planes if len(cluster.control_planes) == 1 else ()
    if not any(host in cluster.load_balancers or host in only for host in at_endpoint):
        allowed = some([_endpoint_at(host, cluster.endpoint_port) for host in cluster.load_balancers or only], "or")
        yield (
            f"control_plane_endpoint: {cluster.settings.control_plane_endpoint!r}; it is the address or hostname of a "
            f"load balancer, or of the only control plane; write {allowed}"
        )
    both = [host for host in at_endpoint if {"control_plane", "load_balancer"} <= set(host.role)]
    if both and cluster.endpoint_port == API_PORT:
        yield (
            f"{some([host.name for host in both])}: load balancer at port {API_PORT}; its API server has that port "
            "already; set "
            + (f"control_plane_endpoint to {both[0].address}:8443" if form is None else "endpoint.port to 8443")
        )
    for host in at_endpoint:
        if host.role == ("control_plane",) and cluster.endpoint_port != API_PORT:
            setting, value = "control_plane_endpoint", f"{cluster.endpoint_host}:{API_PORT}"
            if form is not None:
                setting, value = "endpoint.port", str(API_PORT)
            yield (
                f"{setting}: {cluster.endpoint!r}; without a load balancer in between it is the API server's own port; "
                f"write {value}"
            )


def _endpoint_at(host: HostSettings, port: int) -> str:
    """What can be written for the endpoint at a host, with the port that was meant where that can be."""
    has_api = "control_plane" in host.role
    if host.role == ("control_plane",) or (has_api and "load_balancer" not in host.role):
        return f"{host.address}:{API_PORT}"
    return f"{host.address}:{8443 if has_api and port == API_PORT else port}"


def endpoint_is_one(cluster: Cluster) -> Iterator[str]:
    """The endpoint is given once, and in one form."""
    form, given = cluster.settings.endpoint, cluster.settings.control_plane_endpoint
    if form is not None and given is not None:
        yield f"control_plane_endpoint: {given!r} beside endpoint; they are one setting; remove control_plane_endpoint"
    if form is None or form.external is None:
        return
    found = f"endpoint.external: {form.external!r}"
    if "port" in form.model_fields_set:
        yield f"{found} beside endpoint.port; that is the port of this package's own balancers; remove endpoint.port"
    if cluster.load_balancers:
        names = some([host.name for host in cluster.load_balancers])
        yield (
            f"{found} beside the load balancer {names}; nothing would pass through that; take it out of the "
            "inventory, or remove endpoint.external"
        )


def virtual_address_fits(cluster: Cluster) -> Iterator[str]:
    """The virtual address has balancers to move between, and is nobody's own."""
    form = cluster.settings.endpoint
    if form is None:
        return
    if form.virtual_address is None:
        if form.virtual_router_id is not None:
            yield (
                f"endpoint.virtual_router_id: {form.virtual_router_id} without endpoint.virtual_address; it belongs to "
                "one; set that, or remove it"
            )
        return
    found = f"endpoint.virtual_address: {form.virtual_address!r}"
    if form.external is not None:
        yield f"{found} beside endpoint.external; the endpoint has one form; remove one of them"
        return
    if len(cluster.load_balancers) < 2:
        yield (
            f"{found} with {len(cluster.load_balancers)} load balancer{'s' * (not cluster.load_balancers)}; it moves "
            "between two or more; give another host the role load_balancer, or remove endpoint.virtual_address"
        )
    owners = [host.name for host in (*cluster.hosts, *cluster.removed) if host.address == form.virtual_address]
    if owners:
        yield f"{found} is the address of {some(owners)}; it is nobody's own; choose a free one of that network"


def external_endpoint_fits(cluster: Cluster) -> Iterator[str]:
    """A balancer of somebody else's is none of the API servers themselves."""
    if cluster.external_endpoint is None:
        return
    found = f"endpoint.external: {cluster.external_endpoint!r}"
    for host in (*cluster.control_planes, *cluster.former_control_planes):
        if cluster.external_endpoint in (f"{host.address}:{API_PORT}", f"{host.hostname}:{API_PORT}"):
            yield f"{found}; that is the API server of {host.name} itself; write where the balancer listens"


def endpoint_name_fits(cluster: Cluster) -> Iterator[str]:
    """The endpoint's name leads to the endpoint, and to nothing else."""
    name = cluster.settings.endpoint_name
    if name is None or not cluster.control_planes or lacks_a_balancer(cluster):
        return
    if cluster.is_external:
        yield (
            f"endpoint_name: {name!r} beside a balancer that somebody else runs; that one has a name of its own; write "
            "it into endpoint.external, and remove endpoint_name"
        )
        return
    others = [host.name for host in cluster.hosts if name == host.hostname and host not in cluster.endpoint_at]
    if others:
        yield f"endpoint_name: {name!r} is the hostname of {some(others)}; it leads to the endpoint; choose another"
