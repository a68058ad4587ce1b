"""Operations on a host: arguments and facts in, exact commands out; the same while pyinfra prepares and executes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.facts.firewall import Firewall
from k8s_ha.facts.kernel import Kernel, SelinuxMode, Swap
from k8s_ha.facts.nginx import Nginx
from k8s_ha.facts.repositories import CentosRepositories
from k8s_ha.facts.selinux import Selinux
from k8s_ha.facts.system import Content, Files, Packages, Service, TcpReachable
from k8s_ha.facts.units import HostName, Units
from k8s_ha.operations.barrier import barrier
from k8s_ha.operations.cri_dockerd import installed as cri_dockerd_installed
from k8s_ha.operations.endpoint import endpoint_reached
from k8s_ha.operations.files import block_written, service_running
from k8s_ha.operations.files import written as files_written
from k8s_ha.operations.firewall import firewall_opened
from k8s_ha.operations.hostname import hostname_set
from k8s_ha.operations.kernel import modules_loaded, sysctl_applied
from k8s_ha.operations.nginx import endpoint_proxied
from k8s_ha.operations.packages import installed as packages_installed
from k8s_ha.operations.packages import removed as packages_removed
from k8s_ha.operations.repositories import vault_repositories
from k8s_ha.operations.selinux import nginx_allowed
from k8s_ha.operations.selinux_mode import selinux_permissive
from k8s_ha.operations.swap import swap_off
from k8s_ha.operations.units import time_in_sync, unit_enabled, unit_off
from tests.support.operation_bench import Bench, Noop, refusal, test_of

test_operations = test_of({"no change at a barrier": (barrier, {}, {}, [Noop("every host is here")])})


@pytest.mark.parametrize(
    ("operation", "arguments", "fact"),
    [
        (modules_loaded, {"modules": ["overlay"]}, Kernel),
        (sysctl_applied, {"values": {"net.ipv4.ip_forward": "1"}, "path": "/etc/sysctl.d/k8s.conf"}, Kernel),
        (swap_off, {}, Swap),
        (selinux_permissive, {}, SelinuxMode),
        (time_in_sync, {}, Units),
        (unit_off, {"unit": "firewalld.service"}, Units),
        (unit_enabled, {"unit": "kubelet.service"}, Units),
        (hostname_set, {"hostname": "worker1"}, HostName),
        (files_written, {"files": {"/etc/a.conf": ""}}, Files),
        (block_written, {"path": "/etc/hosts", "block": ""}, Content),
        (service_running, {"unit": "nginx.service"}, Service),
        (packages_installed, {"run": None, "packages": {"kubelet": "*"}, "log": "any"}, Packages),
        (packages_removed, {"names": ["runc"]}, Packages),
        (firewall_opened, {"address": "10.0.0.1", "ports": (), "sources": ()}, Firewall),
        (endpoint_proxied, {"port": 6443, "files": {}, "connections": 1024}, Nginx),
        (nginx_allowed, {"port": 6443, "tools": "x"}, Selinux),
        (vault_repositories, {"vault": "https://v.example", "el_major": 7}, CentosRepositories),
        (cri_dockerd_installed, {"url": "https://u.example", "sha256": "0", "logins": {}}, Files),
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
    assert bench.steps(endpoint_reached, facts={TcpReachable: True}, **endpoint) == [
        Noop("the endpoint's port answers")
    ]
    assert bench.steps(endpoint_reached, facts={TcpReachable: False}, **endpoint) == [
        refusal(
            "worker1 cannot connect to the endpoint 10.0.1.157:6443; nginx must listen there and no firewall stand "
            "between; see the load balancer's errors above, or check the route."
        )
    ]
