"""The nodes of a standing cluster rebooted, one step after the other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pyinfra import host

from k8s_ha.cluster_state.change_plan import silent_control_planes
from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.reboot_steps import is_boot_due, only_takes_back, reboot_steps
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.deploys.change_plan import show_steps
from k8s_ha.deploys.drain_plan import against_drains
from k8s_ha.deploys.etcd_leader import led_by_another
from k8s_ha.deploys.limit import outside_of_limit
from k8s_ha.deploys.load_balancer import passed_on_by_step, proxy_of, still_out
from k8s_ha.deploys.moments import past_moment
from k8s_ha.deploys.phase import phase, start_phase, stop_on_errors, unreachable
from k8s_ha.deploys.steps import CarriedOut, take_steps
from k8s_ha.facts.last_boot import LastBootFact
from k8s_ha.facts.node import Node
from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.last_boot import LastBoot
from k8s_ha.operations import reboot as operations
from k8s_ha.operations import upgrade
from k8s_ha.operations.barrier import barrier
from k8s_ha.operations.commands import everywhere, read_fact, read_of_hosts
from k8s_ha.operations.nginx import endpoint_proxied
from k8s_ha.preflight_checks.standing import silent, steps_left_out
from k8s_ha.pyinfra_internals.command_line import host_by_host
from k8s_ha.reporting.console import log_findings
from k8s_ha.run import Run

CHECK: Final = "reboot"
MACHINE_ID: Final = Path("/etc/machine-id")


@dataclass
class Reboots:
    """What one run reboots for.

    + is_planned: whether its steps were planned
    + since: the moment that hosts are to have booted after, in seconds since 1970; None for their own packages'
    """

    is_planned: bool = False
    since: int | None = None


@phase("Reboot the nodes")
def reboot(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None, since: str = "") -> None:
    """Have every node run what is installed on it: those that wait for a boot are drained and rebooted, one by one.

    A node waits for a boot where its kernel, glibc, systemd or the like came after its last one. Nothing but nodes is
    rebooted. A run that was cut off is gone on with.

    + since: have those booted that have not since this moment, whatever waits there; a moment of the past with its
      time zone (ISO 8601), such as ``2026-11-27T08:00:00Z``

    Raises PyinfraError, before any node is drained, where ``since`` is no such moment, where another change is due, or
    where nodes cannot be reached or drained.
    """
    run = start_phase(settings, groups)
    reboots = run.part(Reboots)
    with run.lock:
        if not reboots.is_planned:
            reboots.is_planned, reboots.since = True, _seconds(past_moment(since))
            found = _planned(run, reboots.since)
            run.log.findings += found
            log_findings(found)
            stop_on_errors(found)
            show_steps(run)
    if "load_balancer" in run.cluster.host(host.name).role:
        # A run that was cut off may have left a control plane out that has booted since.
        endpoint_proxied(name="Have nginx pass on to all that serve", **proxy_of(run, still_out(run)))
    take_steps(run, "changes", _CARRIED_OUT)
    if run.log.plan.changes_due:
        barrier(name="Wait for the reboots")


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp())


def _planned(run: Run, since: int | None) -> list[Finding]:
    """Why no node is rebooted; where they are, the run's plan has the steps."""
    views = read_of_hosts(Node, run.cluster.control_planes, standing=True)
    snapshot = run.snapshot = ClusterSnapshot(run.cluster, views, endpoint_answer="")
    if snapshot.leader is None:
        return [
            Finding(
                THE_CLUSTER,
                CHECK,
                "no API server of the cluster answers",
                "nodes are drained before they boot",
                "bring one back, then run this again",
            )
        ]
    others = [step for step in run.log.plan.due if not only_takes_back(snapshot, step)]
    if others:
        return [
            Finding(
                THE_CLUSTER,
                CHECK,
                f"{others[0].sentence} is due",
                "a reboot comes alone",
                "run the deploy first, then this again",
            )
        ]
    asked = [host.inventory.get_host(entry.name) for entry in run.cluster.nodes if entry.name in run.surveys]
    told = everywhere(lambda member: read_fact(member, LastBootFact), asked)
    boots = {name: boot for name, boot in told.items() if boot is not None}
    steps = reboot_steps(snapshot, boots, since)
    run.log.plan = replace(run.log.plan, changes_due=steps)
    found = [*unreachable(run), *(_unread(name) for name in told if name not in boots)]
    found += [silent(name, CHECK) for name in silent_control_planes(snapshot, steps)]
    found += steps_left_out(steps, outside_of_limit(run), host_by_host())
    rebooting = [step.hosts for step in steps if step.work is Work.REBOOT]
    drained = {name for names in rebooting for name in names if is_boot_due(boots[name], since)}
    batches = [[run.cluster.host(name) for name in names if name in drained] for names in rebooting]
    found += against_drains(run, snapshot, batches)
    return [*found, *_away(run, steps), *_of_operator(boots, drained)]


def _unread(name: str) -> Finding:
    rule, remedy = "who waits for a boot is known before the first", "see the error above, fix it, and run this again"
    return Finding(name, CHECK, "did not tell when it booted last", rule, remedy)


def _away(run: Run, steps: Sequence[ChangeStep]) -> Iterator[Finding]:
    """Hosts of the steps that cannot be reached: their part would be left out."""
    for name in dict.fromkeys(name for step in steps for name in step.hosts):
        if name not in run.surveys:
            rule, remedy = "it has a part in the steps", "bring it back, then run this again"
            yield Finding(name, CHECK, "cannot be reached", rule, remedy)


def _of_operator(boots: Mapping[str, LastBoot], drained: Collection[str]) -> Iterator[Finding]:
    """The machine that this runs on cannot wait for its own boot."""
    own = MACHINE_ID.read_text(encoding="utf-8").strip() if MACHINE_ID.is_file() else ""
    for name in sorted(drained):
        if own and boots[name].machine == own:
            rule, remedy = "its boot would end this run", "run this from another machine, or reboot that one yourself"
            yield Finding(name, CHECK, "is the machine that this runs on", rule, remedy)


def _rebooted(run: Run, step: ChangeStep) -> None:
    since = run.part(Reboots).since
    operations.emptied(name="Cordon and drain the node", run=run, since=since)
    led_by_another(run)
    operations.rebooted(name="Reboot, and wait for the host", run=run, since=since)
    upgrade.returned(name="Wait for the node, and uncordon it", run=run)


_CARRIED_OUT: Final[CarriedOut] = {
    Work.LEAVE: passed_on_by_step,
    Work.REBOOT: _rebooted,
    Work.COME_BACK: passed_on_by_step,
}
