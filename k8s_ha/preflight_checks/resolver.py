"""The resolver that pods get from their host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Final

from k8s_ha.findings import Finding, Severity
from k8s_ha.observations.surroundings import OWN_RESOLVER, RESOLVED, Resolver
from k8s_ha.preflight_checks.model import HostContext

SERVERS: Final = 3
"""The kubelet hands no more to a pod: MaxDNSNameservers."""


def resolver(context: HostContext) -> Iterator[Finding]:
    """A resolv.conf that CoreDNS cannot forward to."""
    path, resolvers = kubelets_file(context), context.preflight.surroundings.resolvers
    if not context.host.is_node or resolvers is None or path not in (OWN_RESOLVER, RESOLVED):
        return
    found = resolvers.get(path)
    certain: Severity = "error" if context.becomes_node else "warning"
    own = [server for server in found.servers if _is_loopback(server)] if found else []
    if found is None or not found.servers:
        yield _finding(context, _emptiness(path, found), certain)
    elif len(own) == len(found.servers):
        yield _finding(
            context, f"{path} has no name server but {_named(own)}, which is the pod itself in a pod", certain
        )
    elif own:
        yield _finding(context, f"{path} has {_named(own)} among its name servers, which is the pod itself in a pod")
    elif len(found.servers) > SERVERS:
        yield _finding(context, f"{path} has {len(found.servers)} name servers, and pods get the first {SERVERS}")


def kubelets_file(context: HostContext) -> str:
    """The file that the kubelet takes; kubeadm, from 1.20 on, sets systemd-resolved's where that is active."""
    patched = context.cluster.settings.kubeadm_patches.get("KubeletConfiguration", {}).get("resolvConf")
    if isinstance(patched, str) and patched:
        return patched
    return RESOLVED if context.unit("systemd-resolved.service").active else OWN_RESOLVER


def _emptiness(path: str, found: Resolver | None) -> str:
    if found is None:
        return f"has no {path}"
    if found.dangles:
        return f"{path} leads to {found.dangles}, which is not there"
    return f"{path} names no name server"


def _is_loopback(server: str) -> bool:
    try:
        return ip_address(server.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _named(servers: Sequence[str]) -> str:
    return " and ".join(servers)


def _finding(context: HostContext, found: str, severity: Severity = "warning") -> Finding:
    return Finding(
        context.host.name,
        "resolver",
        found,
        "CoreDNS forwards what is not the cluster's to the host's name servers",
        "name one there that pods reach, or set resolvConf in kubeadm_patches' KubeletConfiguration",
        severity,
    )
