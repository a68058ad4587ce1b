"""What stands in the way of a load balancer's nginx. One rule a function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k8s_ha.desired.nginx import OWN_FILES, invalid, planned
from k8s_ha.desired.nginx_capacity import connections_needed, too_few
from k8s_ha.findings import Finding
from k8s_ha.observations.nginx import NginxState, Problem
from k8s_ha.preflight_checks.model import HostContext

_UNIT: Final = "nginx.service"


def nginx(context: HostContext) -> Iterator[Finding]:
    """An nginx that cannot pass on the endpoint's port beside what it does for its owner."""
    state = context.preflight.nginx
    if not context.is_balancer or state is None:
        return
    if state.unit.get("LoadState") == "masked":
        return  # the check of all units tells it
    if state.program:
        proxy = planned(state, context.cluster.endpoint_port)
        problem = proxy if isinstance(proxy, Problem) else invalid(state, proxy)
        if problem:
            check = "ports" if problem.is_port else "nginx"
            yield Finding(context.host.name, check, problem.found, problem.wanted, problem.remedy)
            return
        few = too_few(state, connections_needed(len(context.cluster.nodes)))
        if few:
            yield Finding(context.host.name, "nginx", few.found, few.wanted, few.remedy, "warning")
    yield from _others(context, state)


def _others(context: HostContext, state: NginxState) -> Iterator[Finding]:
    """An nginx that runs and is not the one that this run configures, or not with these files."""
    port = context.cluster.endpoint_port
    running = {listener.port: listener for listener in context.preflight.listeners if listener.process == "nginx"}
    if port in running and not (state.is_active and any(path in state.own for path in OWN_FILES)):
        yield Finding(
            context.host.name,
            "ports",
            f"an nginx (pid {running[port].pid}) listens on port {port}, and no file of {_UNIT} tells it to",
            "the endpoint's server listens there",
            "stop that nginx, or move it to another port",
        )
    elif running and not state.is_active:
        first = running[min(running)]
        yield Finding(
            context.host.name,
            "nginx",
            f"an nginx (pid {first.pid}, port {first.port}) runs that {_UNIT} has not started",
            f"{_UNIT} starts the one that passes on the endpoint's port",
            "stop it, or see that nginx.conf and it listen on different ports",
            "warning",
        )
