"""nginx as TCP load balancer before the API servers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypedDict

from pyinfra import host

from k8s_ha.catalog import package_sets
from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.deploys.phase import phase, start_phase
from k8s_ha.deploys.repositories import repositories_for
from k8s_ha.desired.former_endpoint import former_ports
from k8s_ha.desired.nginx_capacity import connections_needed
from k8s_ha.observations.host_status import PROXY_CONFIG, SHARED_PROXY_CONFIG
from k8s_ha.operations import packages
from k8s_ha.operations.keepalived import address_kept, address_released
from k8s_ha.operations.nginx import endpoint_proxied
from k8s_ha.operations.selinux import nginx_allowed
from k8s_ha.operations.steps import passed_on
from k8s_ha.resources import render
from k8s_ha.run import Run


@phase("Set up the load balancer")
def load_balancer(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> None:
    """Have nginx pass the endpoint's port on to every control plane's API server, on every load balancer.

    With a virtual address, keepalived keeps it on one of them.
    """
    run = start_phase(settings, groups)
    cluster = run.cluster
    if "load_balancer" not in cluster.host(host.name).role:
        if not run.former_endpoints:  # hosts may name that address; a step of the plan gives it up
            address_given_up(run)
        return
    packages.installed(
        name="Install nginx with its stream module",
        run=run,
        packages=package_sets.load_balancer(run.surveys[host.name].nginx_streams),
        log="install-nginx",
        sources=repositories_for(run),
    )
    if cluster.settings.selinux == "keep":
        nginx_allowed(
            name="Let SELinux allow nginx the endpoint's port",
            port=cluster.endpoint_port,
            tools=package_sets.SELINUX_TOOLS[run.surveys[host.name].major],
        )
    endpoint_proxied(name="Configure and start nginx", **proxy_of(run, still_out(run) | still_to_join(run)))
    if cluster.virtual_address:
        packages.installed(
            name="Install keepalived",
            run=run,
            packages=package_sets.KEEPALIVED,
            log="install-keepalived",
            sources=repositories_for(run),
        )
        address_kept(name="Have keepalived keep the virtual address", cluster=cluster, own=cluster.host(host.name))
    elif not run.former_endpoints:
        address_given_up(run)


def address_given_up(run: Run) -> None:
    """Have a host that was a balancer hold the virtual address no more; nothing is asked of one without keepalived."""
    survey = run.surveys.get(host.name)
    if survey is not None and "keepalived" in survey.installed:
        address_released(name="Have keepalived keep no address here any more")


def still_out(run: Run) -> set[str]:
    """Control planes that a step of this run takes out anyway and that do not serve, by inventory name.

    A run that was cut off has left them out; they come back by the step that sees them serve.
    """
    taken = {name for step in run.log.plan.changes_due if step.work is Work.LEAVE for name in step.subjects}
    views = run.snapshot.views if run.snapshot else {}
    # One of which nothing is known may serve.
    return {name for name in taken if (view := views.get(name)) is not None and view.is_silent}


def still_to_join(run: Run) -> set[str]:
    """Control planes that join a cluster that serves, by inventory name; nothing is passed on to them before.

    An API server answers before it knows the rights of those who ask, and nginx cannot tell.
    """
    if run.snapshot is None or run.snapshot.leader is None:
        return set()
    steps = run.log.plan.steps
    return {each.name for each in run.cluster.control_planes if each.name in steps and steps[each.name].joins}


class Proxy(TypedDict):
    """What nginx is to pass on, as ``endpoint_proxied`` takes it."""

    port: int
    files: dict[str, str]
    connections: int


def proxy_of(run: Run, away: Collection[str] = ()) -> Proxy:
    """The endpoint's proxy, with this package's file for each way in which nginx may include it.

    + away: inventory names of the control planes that nothing is passed on to
    """
    cluster = run.cluster
    also = former_ports(cluster, run.former_endpoints)
    files = {
        path: render("kube-api-server.conf.j2", cluster=cluster, shared=shared, away=away, also=also)
        for path, shared in ((PROXY_CONFIG, False), (SHARED_PROXY_CONFIG, True))
    }
    return Proxy(port=cluster.endpoint_port, files=files, connections=connections_needed(len(cluster.nodes)))


def passed_on_by_step(run: Run, step: ChangeStep) -> None:
    """Have a step's control plane left out by this balancer, or taken back when it serves."""
    away = step.work is Work.LEAVE
    passed_on(
        name=f"Have nginx pass on to {step.subjects[0]}{' no more' if away else ' again'}",
        run=run,
        step=step,
        away=away,
        **proxy_of(run, step.subjects if away else ()),
    )
