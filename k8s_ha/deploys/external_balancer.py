"""What is handed to whoever runs the balancer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyinfra import host, logger
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.deploys.phase import phase, run_of_host
from k8s_ha.desired.external_balancer import members
from k8s_ha.operations.external_balancer import examples_written


@dataclass
class Shown:
    """Inventory name of the host that does it for all; empty before."""

    by: str = ""


@phase("Write examples for the balancer")
def external_balancer(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Show the members of a balancer that somebody else runs, and write examples of its configuration.

    They are for HAProxy, nginx and keepalived with LVS, in ``balancer`` below the setting ``report_dir``. No host is
    changed. Raises PyinfraError where the endpoint is at this package's own balancer.
    """
    run = run_of_host(settings, groups)
    cluster = run.cluster
    if not cluster.is_external:
        raise PyinfraError(
            f"the endpoint {cluster.endpoint} is at a host of the cluster, which this package configures itself; set "
            "endpoint.external for a balancer of somebody else's"
        )
    with run.lock:
        shown = run.part(Shown)
        if not shown.by:
            shown.by = host.name
            logger.info(f"The balancer at {cluster.endpoint} passes TCP on to:")
            for line in members(cluster):
                logger.info(f"    {line}")
    if host.name == shown.by:
        examples_written(name="Write examples of its configuration", run=run)
