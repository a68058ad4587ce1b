"""Names, firewall, SELinux, swap, kernel and clock, as kubeadm asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra import host

from k8s_ha.catalog import kernel_needs
from k8s_ha.deploys.phase import phase, start_phase
from k8s_ha.desired import firewall
from k8s_ha.desired.former_endpoint import names_kept
from k8s_ha.operations import files
from k8s_ha.operations.firewall import firewall_opened
from k8s_ha.operations.hostname import hostname_set
from k8s_ha.operations.kernel import modules_loaded, sysctl_applied
from k8s_ha.operations.selinux_mode import selinux_permissive
from k8s_ha.operations.swap import swap_off
from k8s_ha.operations.units import time_in_sync, unit_off
from k8s_ha.resources import read_file, render


@phase("Prepare the host")
def prepare_host(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have every host named, found by name, in time, and every node with the kernel that Kubernetes needs.

    A host that is nothing but an admin host is somebody's own: it only learns the names.
    """
    run = start_phase(settings, groups)
    cluster = run.cluster
    own = cluster.host(host.name)

    if own.role != ("admin",):
        hostname_set(name="Set the hostname", hostname=own.hostname)
    files.block_written(
        name="Write every host's name into /etc/hosts",
        path="/etc/hosts",
        block=render("hosts.j2", cluster=cluster),
        keeps=names_kept(cluster, run.former_endpoints),
    )
    if own.role == ("admin",):
        return
    if cluster.settings.firewall == "disabled":
        unit_off(name="Stop and disable firewalld", unit="firewalld.service")
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
    if not own.is_node:
        return

    sysctl = kernel_needs.sysctl(run.surveys[host.name].kernel_version)
    swap_off(name="Turn swap off")
    files.written(
        name="Name the kernel modules and settings to load at boot",
        files={
            kernel_needs.MODULES_FILE: kernel_needs.modules_text(),
            kernel_needs.SYSCTL_FILE: kernel_needs.sysctl_text(sysctl),
        },
    )
    modules_loaded(
        name="Load the kernel modules",
        modules=kernel_needs.MODULES,
        package=kernel_needs.MODULE_PACKAGES.get(run.surveys[host.name].major),
    )
    sysctl_applied(name="Apply the kernel settings", values=sysctl, path=kernel_needs.SYSCTL_FILE)
    if run.surveys[host.name].network_manager:
        files.service_running(
            name="Keep NetworkManager away from the pods' interfaces",
            unit="NetworkManager.service",
            files={"/etc/NetworkManager/conf.d/k8s-ha.conf": read_file("network-manager.conf")},
            on_change="reload",
        )
