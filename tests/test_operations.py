"""Operations on a host: arguments and facts in, exact commands out; the same while pyinfra prepares and executes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pyinfra.api.exceptions import PyinfraError

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
from k8s_ha.operations.containerd import containerd_running
from k8s_ha.operations.endpoint import endpoint_reached
from k8s_ha.operations.files import file_block, files_written, include_line, service_running
from k8s_ha.operations.host import modules_loaded, selinux_permissive, swap_off, sysctl_applied, time_in_sync
from k8s_ha.operations.packages import packages_installed
from tests.operation_bench import Bench, Command, Facts, Noop, Row, Step, command, kernel, refusal

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

KUBELET: dict[str, Any] = {
    "packages": {"kubelet": "1.30.14", "cri-tools": "*"},
    "log": "install-kubernetes",
    "unhold": ("kubernetes",),
}


def yum(command_line: str) -> Command:
    return command(long_command("install-kubernetes", command_line, seconds=1800, lock="packages"))


def installed(**versions: str) -> Facts:
    return {Packages: {name.replace("_", "-"): version for name, version in versions.items()}}


PACKAGE_ROWS: dict[str, Row] = {
    "packages as wanted": (
        packages_installed,
        KUBELET,
        installed(kubelet="1.30.14-150500.1.1", cri_tools="1.30.0-1"),
        [Noop("the packages are installed")],
    ),
    "no package": (
        packages_installed,
        KUBELET,
        installed(),
        [yum("yum -y --disableexcludes=kubernetes install cri-tools kubelet-1.30.14 && rpm -q cri-tools kubelet")],
    ),
    "one package missing": (
        packages_installed,
        KUBELET,
        installed(kubelet="1.30.14-0"),
        [yum("yum -y --disableexcludes=kubernetes install cri-tools && rpm -q cri-tools")],
    ),
    "a package of another version on a host that is no node": (
        packages_installed,
        KUBELET,
        installed(kubelet="1.30.1-0", cri_tools="1.30.0-1"),
        [yum("yum -y --disableexcludes=kubernetes install kubelet-1.30.14 && rpm -q kubelet")],
    ),
    "a version that only begins like the wanted one": (
        packages_installed,
        {**KUBELET, "packages": {"kubelet": "1.30.1"}},
        installed(kubelet="1.30.14-0"),
        [yum("yum -y --disableexcludes=kubernetes install kubelet-1.30.1 && rpm -q kubelet")],
    ),
    "a package of another version on a node": (
        packages_installed,
        {**KUBELET, "changeable": False},
        installed(kubelet="1.30.1-0", cri_tools="1.30.0-1"),
        [
            refusal(
                "worker1: kubelet 1.30.1-0 is installed on a node of a cluster, and kubelet 1.30.14 is wanted; "
                "nodes are not moved to another version by this run; set the version that is installed."
            )
        ],
    ),
    "a missing package on a node": (
        packages_installed,
        {**KUBELET, "changeable": False},
        installed(kubelet="1.30.14-0"),
        [yum("yum -y --disableexcludes=kubernetes install cri-tools && rpm -q cri-tools")],
    ),
    "a pattern": (
        packages_installed,
        {"packages": {"containerd.io": "1.*"}, "log": "install-kubernetes"},
        installed(**{"containerd.io": "2.1.5-1.el9"}),
        [yum("yum -y install 'containerd.io-1.*' && rpm -q containerd.io")],
    ),
}

ROWS = HOST_ROWS | PACKAGE_ROWS


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


@pytest.mark.parametrize("executing", [False, True], ids=["preparing", "executing"])
@pytest.mark.parametrize(("operation", "arguments", "facts", "steps"), ROWS.values(), ids=ROWS)
def test_operations(
    bench: Bench,
    operation: Any,
    arguments: Mapping[str, Any],
    facts: Facts,
    steps: list[Step],
    executing: bool,
) -> None:
    assert bench.steps(operation, executing=executing, facts=facts, **arguments) == steps


@pytest.mark.parametrize(
    ("operation", "arguments", "fact"),
    [
        (modules_loaded, {"modules": ["overlay"]}, Kernel),
        (files_written, {"files": {"/etc/a.conf": ""}}, Files),
        (file_block, {"path": "/etc/hosts", "block": ""}, Text),
        (include_line, {"path": "/etc/x", "line": "new", "after": "old"}, Text),
        (service_running, {"unit": "nginx.service"}, Service),
        (containerd_running, {"pause_image": "pause:3.9", "expected_major": 1}, Packages),
        (packages_installed, KUBELET, Packages),
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
