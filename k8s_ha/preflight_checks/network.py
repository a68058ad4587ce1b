"""What stands in the way of a host's traffic. One rule a function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.preflight_checks import limits
from k8s_ha.preflight_checks.limits import RequiredPort
from k8s_ha.preflight_checks.model import HostContext, Listener
from k8s_ha.preflight_checks.pod_routes import is_the_pods, target


def wanted_ports(context: HostContext) -> tuple[RequiredPort, ...]:
    """Ports that the host's roles need."""
    found: tuple[RequiredPort, ...] = ()
    if context.is_control_plane:
        found += limits.CONTROL_PLANE_PORTS
    elif context.host.is_node:
        found += limits.WORKER_PORTS
    if context.is_balancer:
        found += (RequiredPort(context.cluster.endpoint_port, "nginx"),)
    return found


def ports(context: HostContext) -> Iterator[Finding]:
    """Ports that somebody else listens on."""
    for port in wanted_ports(context):
        others = {
            listener.process: listener
            for listener in context.preflight.listeners
            if listener.port == port.number and listener.process != port.process
        }
        for listener in others.values():
            yield _taken(context.host.name, port, listener)


def _taken(host: str, port: RequiredPort, listener: Listener) -> Finding:
    if listener.process is None:
        return Finding(
            host,
            "ports",
            f"somebody listens on port {port.number}, and ss is missing to tell who",
            f"{port.process} listens there",
            "make sure that it is no other program",
            "warning",
        )
    return Finding(
        host,
        "ports",
        f"{listener.process} (pid {listener.pid}) listens on port {port.number}",
        f"{port.process} listens there",
        "end that program, or move it to another port",
    )


def hostname(context: HostContext) -> Iterator[Finding]:
    """A line of /etc/hosts that leads one of the cluster's names elsewhere; the first line with a name counts."""
    targets = context.cluster.names
    matters = {context.host.hostname, context.cluster.endpoint_host} & targets.keys()
    first: dict[str, str] = {}
    for line in context.preflight.hosts_lines:
        address, *names = line.split()
        for name in names:
            if ":" not in address:
                first.setdefault(name, address)
    for name in sorted(matters & set(first)):
        if first[name] != targets[name]:
            yield Finding(
                context.host.name,
                "hostname",
                f"{name} is {first[name]} in its /etc/hosts",
                f"it is {targets[name]}",
                "correct or remove that line; it comes before those that this run writes",
                "error" if name == context.cluster.endpoint_host else "warning",
            )


def networks(context: HostContext) -> Iterator[Finding]:
    """Routes into what shall be the pods' or the Services' network, on a host that becomes a node."""
    if not context.becomes_node:
        return
    for setting in ("pod_cidr", "service_cidr"):
        network = IPv4Network(getattr(context.cluster.settings, setting))
        for route in context.preflight.routes:
            leads_to = target(route)
            if leads_to is None or not leads_to.overlaps(network) or is_the_pods(context, route):
                continue
            yield Finding(
                context.host.name,
                "networks",
                f"its route {route} overlaps {setting} {network}",
                "the hosts' networks and the cluster's are apart",
                f"choose another {setting}, or remove that route if nothing needs it",
            )


def proxies(context: HostContext) -> Iterator[Finding]:
    """Proxies that kubeadm's, the kubelet's or the control plane's own traffic would be sent through."""
    if not context.host.is_node:
        return
    addresses = list(dict.fromkeys([context.cluster.endpoint_host, *(node.address for node in context.cluster.nodes)]))
    cidrs = [context.cluster.settings.pod_cidr, context.cluster.settings.service_cidr]
    for source, variables in context.preflight.proxies.items():
        kinds = [kind for kind in ("https_proxy", "http_proxy") if kind in variables]
        if not kinds:
            continue
        exempt = variables.get("no_proxy", "")
        open_addresses = [name for name in addresses if not _is_exempt(name, exempt)]
        open_cidrs = [cidr for cidr in cidrs if not _is_exempt(cidr, exempt)]
        if not open_addresses + open_cidrs:
            continue
        yield Finding(
            context.host.name,
            "proxies",
            f"{' and '.join(kinds)} is set ({_PLACES.get(source, source)}) without "
            f"{_some(open_addresses + open_cidrs)} in no_proxy",
            "hosts, pods and Services speak to each other directly",
            "add these to no_proxy there",
            "error" if "https_proxy" in kinds and open_addresses else "warning",
        )


def _some(names: Sequence[str]) -> str:
    """The first few of what may be hundreds."""
    shown = ", ".join(names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown


_PLACES: Final[Mapping[str, str]] = {
    "environment": "in root's environment or /etc/environment",
    "systemd": "in systemd's DefaultEnvironment",
    "kubelet": "in the kubelet's unit",
}


def _is_exempt(target: str, no_proxy: str) -> bool:
    """Whether Go's HTTP client, which Kubernetes is made of, goes to an address, a network or a name directly."""
    entries = [entry.strip().lower() for entry in no_proxy.split(",") if entry.strip()]
    return any(entry == "*" or _covers(entry, target) for entry in entries)


def _covers(entry: str, target: str) -> bool:
    try:
        network = IPv4Network(entry, strict=False)
    except ValueError:
        name = entry.lstrip("*").lstrip(".")
        return bool(name) and (target == name or target.endswith(f".{name}"))
    try:
        return IPv4Network(target, strict=False).subnet_of(network)
    except ValueError:
        return False
