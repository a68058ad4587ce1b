"""What is asked of whom: the one list of rules behind survey and preflight."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.preflight_checks import (
    access,
    balancer,
    boot,
    boot_kernel,
    cloud,
    download_sources,
    endpoint,
    existing_cluster,
    firewall,
    fleet,
    leaving_docker,
    machine,
    network,
    package_versions,
    pod_network,
    repositories,
    resolver,
    runtimes,
    units,
    virtual_address,
)
from k8s_ha.preflight_checks.model import HostContext

OF_A_HOST: Final[Sequence[Callable[[HostContext], Iterator[Finding]]]] = (
    machine.cpus,
    machine.memory,
    machine.disk,
    machine.overlayfs,
    machine.kernel,
    machine.cgroup,
    machine.swap,
    machine.selinux,
    machine.firewalld,
    machine.runtime,
    boot.services,
    boot.time_services,
    boot.firewall,
    boot.selinux,
    boot.swap,
    boot_kernel.settings,
    boot_kernel.modules,
    boot_kernel.next_kernel,
    firewall.firewall,
    access.sshd,
    cloud.cloud_init,
    units.masked,
    units.kubelet,
    pod_network.cni_files,
    pod_network.interfaces,
    resolver.resolver,
    network.ports,
    balancer.nginx,
    virtual_address.network,
    virtual_address.owned,
    virtual_address.router,
    network.hostname,
    endpoint.route,
    endpoint.name,
    endpoint.inside,
    network.networks,
    network.proxies,
    package_versions.newer_packages,
    download_sources.mirrors,
    repositories.repositories,
    runtimes.docker,
    runtimes.containerd,
    leaving_docker.containers,
    leaving_docker.settings,
    leaving_docker.flags,
)
OF_THE_FLEET: Final[Sequence[Callable[[Sequence[HostContext]], Iterator[Finding]]]] = (
    fleet.clocks,
    fleet.machine_ids,
    fleet.product_uuids,
    endpoint.one_name,
    virtual_address.taken,
    virtual_address.joins_alone,
    virtual_address.name_stays,
    existing_cluster.existing_clusters,
)


def preflight_findings(contexts: Sequence[HostContext]) -> list[Finding]:
    """What preflight found, host by host, then across them."""
    of_hosts = [finding for context in contexts for rule in OF_A_HOST for finding in rule(context)]
    return of_hosts + [finding for rule in OF_THE_FLEET for finding in rule(contexts)]


def unread(name: str) -> Finding:
    """A host that was surveyed and then did not tell the rest."""
    return Finding(
        name,
        "unreachable",
        "did not tell what was asked of it within a minute",
        "a host that cannot be checked is not changed",
        "see the error above, fix it, and run this again",
    )


def waived(findings: Iterable[Finding], names: Collection[str]) -> list[Finding]:
    """The findings, with the errors of checks that the user has waived marked as that.

    + names: the setting ``waive``
    """
    return [
        replace(finding, severity="waived") if finding.severity == "error" and finding.check in names else finding
        for finding in findings
    ]
