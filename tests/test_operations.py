"""Operations on a host: arguments and facts in, exact commands out; the same while pyinfra prepares and executes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.facts.firewall import Firewall
from k8s_ha.facts.nginx import Nginx
from k8s_ha.facts.repositories import CentosRepositories
from k8s_ha.facts.selinux import Selinux
from k8s_ha.facts.system import (
    ActiveUnits,
    Files,
    Kernel,
    Packages,
    Port,
    Service,
    Text,
)
from k8s_ha.operations.barrier import barrier
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.cri_dockerd import cri_dockerd_installed
from k8s_ha.operations.endpoint import endpoint_reached
from k8s_ha.operations.files import file_block, files_written, service_running
from k8s_ha.operations.firewall import firewall_opened
from k8s_ha.operations.host import modules_loaded, selinux_permissive, swap_off, sysctl_applied, time_in_sync
from k8s_ha.operations.nginx import endpoint_proxied
from k8s_ha.operations.packages import packages_installed, packages_removed
from k8s_ha.operations.repositories import vault_repositories
from k8s_ha.operations.selinux import nginx_allowed
from tests.operation_bench import Bench, Command, Noop, Row, command, kernel, refusal, test_of

SWAP_FIELDS = r"^([^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]].*)"
SWAP_ENTRY = rf"sed -i.before-k8s-ha -E 's/{SWAP_FIELDS}/# \1/' /etc/fstab"
SYSCTL = {"values": {"net.ipv4.ip_forward": "1"}, "path": "/etc/sysctl.d/k8s.conf"}
CHRONY = long_command(
    "chrony",
    "{ rpm -q chrony || yum -y install chrony; } && systemctl enable --now chronyd",
    seconds=600,
    lock="packages",
)

HOST_ROWS: dict[str, Row] = {
    "no change at a barrier": (barrier, {}, {}, [Noop("every host is here")]),
    "modules loaded": (
        modules_loaded,
        {"modules": ["overlay"]},
        {Kernel: kernel()},
        [Noop("the modules are loaded")],
    ),
    "modules not loaded": (
        modules_loaded,
        {"modules": ["overlay", "br_netfilter"]},
        {Kernel: kernel(unloaded=("overlay", "br_netfilter"))},
        [Command("modprobe -a overlay br_netfilter")],
    ),
    "modules of a package of their own": (
        modules_loaded,
        {"modules": ["br_netfilter"], "package": "kernel-modules-extra"},
        {Kernel: kernel(unloaded=("br_netfilter",))},
        [
            command(
                long_command(
                    "kernel-modules",
                    'rpm -q "kernel-modules-extra-$(uname -r)" || yum -y install "kernel-modules-extra-$(uname -r)"',
                    seconds=900,
                    lock="packages",
                )
            ),
            Command("modprobe -a br_netfilter"),
        ],
    ),
    "sysctl as wanted": (
        sysctl_applied,
        SYSCTL,
        {Kernel: kernel(sysctl={"net.ipv4.ip_forward": "1"})},
        [Noop("the kernel uses these values")],
    ),
    "sysctl of another value": (
        sysctl_applied,
        SYSCTL,
        {Kernel: kernel(sysctl={"net.ipv4.ip_forward": "0"})},
        [Command("sysctl -q -p /etc/sysctl.d/k8s.conf")],
    ),
    "sysctl key not there yet": (
        sysctl_applied,
        SYSCTL,
        {Kernel: kernel()},
        [Command("sysctl -q -p /etc/sysctl.d/k8s.conf")],
    ),
    "no swap": (swap_off, {}, {Kernel: kernel()}, [Noop("there is no swap")]),
    "swap everywhere": (
        swap_off,
        {},
        {Kernel: kernel(swap=("/dev/dm-1",), fstab_swap=True, swap_masked=False)},
        [Command("swapoff -a"), Command(SWAP_ENTRY), Command("systemctl -q mask swap.target")],
    ),
    "swap in fstab alone": (swap_off, {}, {Kernel: kernel(fstab_swap=True)}, [Command(SWAP_ENTRY)]),
    "swap in use alone": (swap_off, {}, {Kernel: kernel(swap=("/swapfile",))}, [Command("swapoff -a")]),
    "swap not masked": (
        swap_off,
        {},
        {Kernel: kernel(swap_masked=False)},
        [Command("systemctl -q mask swap.target")],
    ),
    "SELinux permissive": (selinux_permissive, {}, {Kernel: kernel()}, [Noop("SELinux is permissive")]),
    "SELinux disabled": (
        selinux_permissive,
        {},
        {Kernel: kernel(selinux="Disabled", selinux_configured="disabled")},
        [Noop("SELinux is disabled")],
    ),
    "SELinux enforcing": (
        selinux_permissive,
        {},
        {Kernel: kernel(selinux="Enforcing", selinux_configured="enforcing")},
        [
            Command("setenforce 0"),
            Command("sed -i 's/^SELINUX=enforcing/SELINUX=permissive/' /etc/selinux/config"),
        ],
    ),
    "SELinux enforcing after a reboot": (
        selinux_permissive,
        {},
        {Kernel: kernel(selinux_configured="enforcing")},
        [Command("sed -i 's/^SELINUX=enforcing/SELINUX=permissive/' /etc/selinux/config")],
    ),
    "SELinux enforcing until a reboot": (
        selinux_permissive,
        {},
        {Kernel: kernel(selinux="Enforcing")},
        [Command("setenforce 0")],
    ),
    "a clock kept": (
        time_in_sync,
        {},
        {ActiveUnits: ["ntpd.service"]},
        [Noop("ntpd.service keeps the clock")],
    ),
    "a clock kept by nobody": (time_in_sync, {}, {ActiveUnits: []}, [command(CHRONY)]),
}

test_operations = test_of(HOST_ROWS)


@pytest.mark.parametrize(
    ("operation", "arguments", "fact"),
    [
        (modules_loaded, {"modules": ["overlay"]}, Kernel),
        (files_written, {"files": {"/etc/a.conf": ""}}, Files),
        (file_block, {"path": "/etc/hosts", "block": ""}, Text),
        (service_running, {"unit": "nginx.service"}, Service),
        (packages_installed, {"run": None, "packages": {"kubelet": "*"}, "log": "any"}, Packages),
        (packages_removed, {"names": ["runc"]}, Packages),
        (firewall_opened, {"address": "10.0.0.1", "ports": (), "sources": ()}, Firewall),
        (endpoint_proxied, {"port": 6443, "files": {}}, Nginx),
        (nginx_allowed, {"port": 6443, "tools": "x"}, Selinux),
        (vault_repositories, {"vault": "https://v.example", "el_major": 7}, CentosRepositories),
        (cri_dockerd_installed, {"url": "https://u.example", "sha256": "0"}, Files),
    ],
)
@pytest.mark.parametrize("executing", [False, True])
def test_a_fact_that_cannot_be_read_fails_this_host_alone(
    bench: Bench, operation: Any, arguments: Mapping[str, Any], fact: type[Any], executing: bool
) -> None:
    unreadable = f"worker1: {fact.name} could not be read; see the error above; then run this again."
    assert bench.steps(operation, executing=executing, facts={fact: None}, **arguments) == [refusal(unreadable)]
    lost = {fact: PyinfraError("worker1 went away")}
    assert bench.steps(operation, executing=executing, facts=lost, **arguments) == [refusal("worker1 went away")]


def test_the_endpoint_is_asked_when_the_load_balancer_is_there(bench: Bench) -> None:
    endpoint = {"address": "10.0.1.157", "port": 6443}
    assert bench.steps(endpoint_reached, executing=False, **endpoint) == [Noop("asked when the load balancer is there")]
    assert bench.steps(endpoint_reached, facts={Port: True}, **endpoint) == [Noop("the endpoint's port answers")]
    assert bench.steps(endpoint_reached, facts={Port: False}, **endpoint) == [
        refusal(
            "worker1 cannot connect to the endpoint 10.0.1.157:6443; nginx must listen there and no firewall stand "
            "between; see the load balancer's errors above, or check the route."
        )
    ]
