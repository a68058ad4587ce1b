"""Layer 4.1: names, firewall, SELinux, swap, kernel and clock, as kubeadm asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pyinfra import host
from pyinfra.api import deploy
from pyinfra.operations import server, systemd

from k8s_ha import firewall
from k8s_ha.deploys.begin import begin
from k8s_ha.operations.files import file_block, files_written, service_running
from k8s_ha.operations.firewall import firewall_opened
from k8s_ha.operations.host import modules_loaded, selinux_permissive, swap_off, sysctl_applied, time_in_sync
from k8s_ha.resources import read_file, render

MODULES: Final = ("overlay", "br_netfilter")
# EL10's kernel-modules has no br_netfilter, and images come without the package that has (kops#17789).
MODULE_PACKAGES: Final = {10: "kernel-modules-extra"}
SYSCTL: Final = {
    "net.bridge.bridge-nf-call-ip6tables": "1",
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.ipv4.ip_forward": "1",
}
KERNEL_SYSCTL: Final[Mapping[tuple[int, int], Mapping[str, str]]] = {
    # Without it a container's mount that leaked into another one keeps its folder "busy"; EL7's own kernel only.
    (3, 10): {"fs.may_detach_mounts": "1"},
}
"""What one kernel needs besides, by its first two numbers."""
SYSCTL_FILE: Final = "/etc/sysctl.d/k8s.conf"


@deploy("Prepare the host")
def prepare_host(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have every host named, found by name, in time, and every node with the kernel that Kubernetes needs.

    A host that is nothing but an admin host is somebody's own: it only learns the names.
    """
    run = begin(settings, groups)
    cluster = run.cluster
    own = cluster.host(host.name)

    if own.role != ("admin",):
        server.hostname(name="Set the hostname", hostname=own.hostname)
    file_block(
        name="Write every host's name into /etc/hosts", path="/etc/hosts", block=render("hosts.j2", cluster=cluster)
    )
    if own.role == ("admin",):
        return
    if cluster.settings.firewall == "disabled":
        systemd.service(name="Stop and disable firewalld", service="firewalld.service", running=False, enabled=False)
    else:
        firewall_opened(
            name="Open firewalld for the cluster, where it runs",
            address=own.address,
            ports=firewall.open_ports(cluster, own),
            sources=firewall.trusted_sources(cluster, own),
        )
    if cluster.settings.selinux == "permissive":
        selinux_permissive(name="Set SELinux to permissive")
    time_in_sync(name="Keep the clock in sync")
    if own.name not in {node.name for node in cluster.nodes}:
        return

    sysctl = {**SYSCTL, **KERNEL_SYSCTL.get(run.surveys[host.name].kernel_version, {})}
    swap_off(name="Turn swap off")
    files_written(
        name="Name the kernel modules and settings to load at boot",
        files={
            "/etc/modules-load.d/k8s.conf": "".join(f"{module}\n" for module in MODULES),
            SYSCTL_FILE: "".join(f"{key} = {value}\n" for key, value in sorted(sysctl.items())),
        },
    )
    modules_loaded(
        name="Load the kernel modules",
        modules=MODULES,
        package=MODULE_PACKAGES.get(run.surveys[host.name].major),
    )
    sysctl_applied(name="Apply the kernel settings", values=sysctl, path=SYSCTL_FILE)
    if run.surveys[host.name].network_manager:
        service_running(
            name="Keep NetworkManager away from the pods' interfaces",
            unit="NetworkManager.service",
            files={"/etc/NetworkManager/conf.d/k8s-ha.conf": read_file("network-manager.conf")},
            on_change="reload",
        )
