"""What another pod network has left on a host that becomes a node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.preflight_checks import limits
from k8s_ha.preflight_checks.model import HostContext

READ: Final = (".conf", ".conflist", ".json")
"""What container runtimes read in /etc/cni/net.d (dockershim, go-cni and ocicni give libcni these), sorted by name."""

LINKS: Final = {
    "cali": "Calico",
    "vxlan.calico": "Calico",
    "cilium_": "Cilium",
    "weave": "Weave Net",
    "kube-bridge": "kube-router",
    "antrea-gw": "Antrea",
    "ovn-k8s-": "OVN-Kubernetes",
}
"""Beginnings of the names of interfaces, with whose they are."""


def in_the_way(contexts: Sequence[HostContext]) -> list[Finding]:
    """Another pod network on nodes that stand, where flannel would come beside it."""
    found = []
    for context in contexts:
        files = [name for name in context.preflight.cni if name.endswith(READ) and name not in limits.CNI_FILES]
        links = [link for link in context.preflight.surroundings.links if link.startswith(tuple(LINKS))]
        if context.host.is_node and not context.becomes_node and (files or links):
            found.append(
                Finding(
                    context.host.name,
                    "cni",
                    f"has another pod network: {', '.join(sorted([*files, *links]))}",
                    "flannel does not come beside another one",
                    "set pod_network = 'none', or take the other one away first",
                )
            )
    return found


def cni_files(context: HostContext) -> Iterator[Finding]:
    """Files that a runtime would read instead of this cluster's, which has one of its own."""
    read = sorted(name for name in context.preflight.cni if name.endswith(READ) and name not in limits.CNI_FILES)
    before = [name for name in read if name < limits.CNI_FILE]
    behind = [name for name in read if name > limits.CNI_FILE]
    if not context.becomes_node or context.cluster.settings.pod_network != "flannel":
        return  # a pod network of the user's own
    if before:
        yield Finding(
            context.host.name,
            "cni",
            f"/etc/cni/net.d holds {', '.join(before)}",
            f"a runtime takes the first by name, and that is not this cluster's {limits.CNI_FILE}",
            "remove it if nothing needs it",
        )
    if behind:
        yield Finding(
            context.host.name,
            "cni",
            f"/etc/cni/net.d holds {', '.join(behind)}",
            f"pods get that network until {limits.CNI_FILE} is there",
            "remove it if nothing needs it",
            "warning",
        )


def interfaces(context: HostContext) -> Iterator[Finding]:
    """Interfaces of another pod network: its rules and programs may still be at work."""
    found = {
        owner: link
        for link in context.preflight.surroundings.links
        for beginning, owner in LINKS.items()
        if link.startswith(beginning)
    }
    for owner, link in found.items():
        if context.becomes_node and context.cluster.settings.pod_network == "flannel":
            yield Finding(
                context.host.name,
                "cni",
                f"has {owner}'s interface {link}",
                "flannel carries this cluster's pods",
                f"remove {owner}'s files and reboot the host",
                "warning",
            )
