"""The control-plane endpoint, as nodes reach it."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.system import TcpReachable
from k8s_ha.operations.commands import fail_host
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads
from k8s_ha.run import is_executing


@reads(lambda address, port: [FactRequest(TcpReachable, {"address": address, "port": port})])
@isolated_operation
def endpoint_reached(address: str, port: int) -> Generator[StringCommand]:
    """Refuse to go on where this host cannot connect to the endpoint: kubeadm would find out after minutes.

    + address: the endpoint's host
    + port: the endpoint's port
    """
    if not is_executing():
        host.noop("asked when the load balancer is there")
    elif not require_fact(TcpReachable, address=address, port=port):
        yield fail_host(
            f"{host.name} cannot connect to the endpoint {address}:{port}; nginx must listen there and no firewall "
            "stand between; see the load balancer's errors above, or check the route."
        )
    else:
        host.noop("the endpoint's port answers")
