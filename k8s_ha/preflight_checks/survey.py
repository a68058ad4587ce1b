"""What the survey of the hosts decides: may this package work there at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from k8s_ha.catalog import compatibility
from k8s_ha.catalog.setting_changes import RUNTIME_STAYS
from k8s_ha.desired import yum
from k8s_ha.findings import Finding
from k8s_ha.observations.node import HostSurvey
from k8s_ha.preflight_checks.login import login_shell
from k8s_ha.settings import Cluster, HostSettings


def usable(survey: HostSurvey) -> bool:
    """Whether the host is one that the other checks know how to judge."""
    runs_sh = login_shell("", survey.login_shell) is None
    return survey.uid == 0 and runs_sh and survey.el_major in compatibility.EL_MAJORS


def survey_findings(surveys: Mapping[str, HostSurvey], cluster: Cluster) -> list[Finding]:
    """Why hosts cannot be used, as far as the survey of them tells.

    + surveys: by inventory name
    """
    found = [
        finding
        for host in cluster.hosts
        if host.name in surveys
        for finding in _of_host(host, surveys[host.name], cluster)
    ]
    return [*found, *_of_nodes(surveys, cluster)]


def _of_host(host: HostSettings, survey: HostSurvey, cluster: Cluster) -> Iterator[Finding]:
    if survey.uid != 0:
        yield Finding(
            host.name,
            "root",
            f"commands run as uid {survey.uid}",
            "root is needed",
            "log in as root, or set _sudo = True for the host and let its user sudo",
        )
    if shell := login_shell(host.name, survey.login_shell):
        yield shell
    if survey.el_major not in compatibility.EL_MAJORS:
        yield Finding(
            host.name,
            "system",
            f"runs {survey.os_id or 'an unknown system'} {survey.os_version}",
            f"Enterprise Linux {', '.join(map(str, compatibility.EL_MAJORS))} is supported",
            "use such a host",
        )
        return
    if survey.architecture not in compatibility.ARCHITECTURES:
        yield Finding(
            host.name,
            "system",
            f"its architecture is {survey.architecture}",
            f"only {', '.join(compatibility.ARCHITECTURES)} is supported",
            "use such a host",
        )
    if survey.rpm_error:
        yield Finding(
            host.name,
            "packages",
            f"rpm cannot read its database ({survey.rpm_error})",
            "packages are found and installed by it",
            yum.RPM_REMEDY,
        )
    if survey.addresses and host.address not in survey.addresses:
        yield Finding(
            host.name,
            "address",
            f"{host.address} is on none of its interfaces ({', '.join(survey.addresses)})",
            "the node address must be",
            "set k8s_ha_host = {'address': …}",
        )
    backup = cluster.settings.backup
    if backup and backup.tool and "control_plane" in host.role and backup.tool not in survey.backup.tools:
        yield Finding(
            host.name,
            "backup",
            f"{backup.tool} is not installed",
            "backup.recipient is what it encrypts for",
            f"install {backup.tool} there, or set another recipient",
        )
    if host.is_node:
        yield from _of_node(host, survey, cluster)


def _of_node(host: HostSettings, survey: HostSurvey, cluster: Cluster) -> Iterator[Finding]:
    settings = cluster.settings
    if survey.node and survey.hostname != host.hostname:
        yield Finding(
            host.name,
            "hostname",
            f"is a node named {survey.hostname}",
            f"a node's name cannot change to {host.hostname}",
            f"set k8s_ha_host = {{'hostname': '{survey.hostname}'}} or reset the node first",
        )
    if survey.node and survey.cri not in (None, cluster.cri) and not survey.moves_runtime(cluster.cri):
        yield Finding(
            host.name,
            "runtime",
            f"its kubelet speaks to {survey.cri}, and container_runtime {settings.container_runtime!r} with "
            f"Kubernetes {settings.version} means {cluster.cri}",
            RUNTIME_STAYS.reason,
            RUNTIME_STAYS.remedy,
        )
    in_the_way = compatibility.conflicting(survey.major, survey.conflicting)
    if in_the_way and not settings.remove_conflicting_packages:
        found = ", ".join(f"{name} {survey.conflicting[name]}" for name in in_the_way)
        yield Finding(
            host.name,
            "runtime",
            f"{found} is installed",
            "containerd.io cannot stand beside it",
            f"run `yum remove {' '.join(in_the_way)}` there, or set remove_conflicting_packages = True",
        )


def _of_nodes(surveys: Mapping[str, HostSurvey], cluster: Cluster) -> Iterator[Finding]:
    """What the nodes together cannot run."""
    settings = cluster.settings
    platforms = {
        node.name: surveys[node.name].platform
        for node in cluster.nodes
        if node.name in surveys and surveys[node.name].el_major in compatibility.EL_MAJORS
    }
    refusal = compatibility.cluster_refusal(
        settings.version, settings.kubernetes_line.minor, platforms, settings.accepted_risks
    )
    for name, platform in refusal.platforms.items() if refusal else ():
        yield Finding(
            name,
            "kubernetes",
            f"Kubernetes {settings.version} does not run on {platform}",
            compatibility.reason(settings.kubernetes_line.minor, platform),
            refusal.remedy if refusal else "",
        )
    yield from _of_kube_proxy(platforms, surveys, cluster)


def _of_kube_proxy(
    platforms: Mapping[str, compatibility.Platform], surveys: Mapping[str, HostSurvey], cluster: Cluster
) -> Iterator[Finding]:
    """Kernels that kube-proxy's mode does not suit; where there is a cluster already its mode stays as it is."""
    mode = cluster.settings.kube_proxy_mode
    since = ".".join(map(str, compatibility.NFTABLES_PROXY_KERNEL))
    older = [name for name, platform in platforms.items() if platform.kernel < compatibility.NFTABLES_PROXY_KERNEL]
    if mode == "nftables":
        for name in older:
            found = f"its kernel is {surveys[name].kernel}"
            yield Finding(name, "kernel", found, f"kube_proxy_mode 'nftables' asks for {since}", "choose 'iptables'")
        return
    if any(surveys[name].node for name in platforms):
        return
    remedy = "see that kernel-modules-extra of the running kernel can be had there"
    if not older and cluster.settings.kubernetes_line.minor >= compatibility.NFTABLES_PROXY_SINCE:
        remedy = "set kube_proxy_mode = 'nftables'"
    for name, platform in platforms.items():
        if platform.el_major in compatibility.EL_WITH_NFTABLES_ALONE:
            found = f"EL{platform.el_major} has iptables only as a layer over nftables"
            wanted = f"kube_proxy_mode '{mode}' needs kernel-modules-extra, which this run installs where it is missing"
            yield Finding(name, "kernel", found, wanted, remedy, "warning")


def unreached(missing: Sequence[str], reached: Mapping[str, HostSurvey], cluster: Cluster) -> Iterator[Finding]:
    """Hosts of this run that cannot be reached, by inventory name.

    A control plane may hold a cluster, and the endpoint's host is needed before there is one: without them nothing
    begins, unless a control plane that was reached is a node already.
    """
    known = any(reached[host.name].node for host in cluster.control_planes if host.name in reached)
    for host in cluster.hosts:
        if host.name not in missing:
            continue
        if known or not (host in cluster.control_planes or host in cluster.endpoint_at):
            yield Finding(
                host.name,
                "unreachable",
                "cannot be reached",
                "it is left out of this run",
                "bring it back and run this again",
                "warning",
            )
        elif host in cluster.control_planes:
            yield Finding(
                host.name,
                "unreachable",
                "cannot be reached, and no cluster was found on the other control planes",
                "it may hold one, so nothing may begin without it",
                "bring it back or take it out of the inventory",
            )
        else:
            yield Finding(
                host.name,
                "unreachable",
                f"cannot be reached, and {cluster.endpoint} is its address",
                "a cluster begins with its endpoint",
                "bring it back or choose another endpoint",
            )
