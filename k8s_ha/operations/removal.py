"""What the steps do that take a node out of the cluster. Each asks again before it acts what the plan was made of."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Final

from pyinfra import host, logger
from pyinfra.api import StringCommand

from k8s_ha.catalog.control_plane import kubectl, member_removal
from k8s_ha.cluster_state.change_steps import ChangeStep
from k8s_ha.cluster_state.drains import drain_seconds, evicts
from k8s_ha.cluster_state.plan import no_leader
from k8s_ha.cluster_state.quorum import majority_refusal
from k8s_ha.cluster_state.removal_steps import LeavingNode, leaving_nodes
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.facts.drains import Drains
from k8s_ha.facts.nginx import Nginx
from k8s_ha.facts.node import Node
from k8s_ha.observations.etcd import Member
from k8s_ha.operations.backup import unscheduled
from k8s_ha.operations.cluster import node_arguments, observe, observe_idle, observe_leader
from k8s_ha.operations.commands import fail_host, planned, poll_until, read_fact, read_of_hosts
from k8s_ha.operations.drain import detach_commands, drain_commands
from k8s_ha.operations.etcd_leader import led_here
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.kubeadm.host_reset import MEMBER_HAS_GONE, SECONDS_TO_RESET, host_reset
from k8s_ha.operations.nginx import endpoint_proxied
from k8s_ha.run import Run, is_executing
from k8s_ha.untrusted import some

SECONDS_TO_FORGET: Final = 60
"""How long etcd's other members may take to hear that one was removed."""


@isolated_operation
def balancer_left(
    run: Run, step: ChangeStep, port: int, files: Mapping[str, str], connections: int
) -> Generator[StringCommand]:
    """Have a balancer's nginx pass on nothing to a control plane that goes; as ``endpoint_proxied`` without it.

    One without nginx passes on nothing: it is set up by a later phase.
    """
    if not is_executing():
        yield planned(step.sentence)
    elif not require_fact(Nginx, port=port, unstarted=True).program:
        host.noop("no nginx is there yet")
    else:
        yield from endpoint_proxied._inner(port=port, files=files, connections=connections, ends_former=True)


@isolated_operation
def node_drained(run: Run, step: ChangeStep) -> Generator[StringCommand]:
    """Have no pod on a node that goes but DaemonSets' and static ones, and no volume attached to it; on the leader."""
    if not is_executing():
        yield planned(f"kubectl {step.sentence}")
        return
    snapshot, entry = _leaving(run, step)
    own = run.cluster.host(host.name)
    if snapshot.leader is None:
        yield fail_host(no_leader(snapshot, f"{entry.hostname} was not drained"))
    elif entry.node is None or entry.host is None:
        host.noop("the cluster has no such node")
    else:
        observation = require_fact(Drains, address=own.address)
        accepted = evicts(observation, entry.host, run.cluster.settings.accepted_risks)
        yield drain_commands(entry.host, own, accepted, drain_seconds(observation, entry.host))
        yield detach_commands(entry.host, own)


@isolated_operation
def member_removed(run: Run, step: ChangeStep, last: bool) -> Generator[StringCommand]:
    """Have etcd count no member of a control plane that goes, by another member's word too; on the leader.

    + last: whether it is the last step of that control plane
    """
    if not is_executing():
        yield planned(step.sentence)
        return
    snapshot, entry = _leaving(run, step)
    reason = _not_removable(snapshot, entry)
    if reason is not None:
        yield fail_host(reason)
        return
    if entry.member is None:
        host.noop("etcd counts no member of it")
        return
    if entry.host is not None and entry.is_to_reset:
        yield from led_here(run, entry.host)
    yield StringCommand(member_removal(entry.member.identity))
    if not _is_forgotten(run, entry.member):
        yield fail_host(
            f"{entry.hostname} is a member of etcd, by another member's word, {SECONDS_TO_FORGET} seconds after its "
            "removal; see that they answer, then run this again."
        )
        return
    _log_end(entry, last)


def _not_removable(snapshot: ClusterSnapshot, entry: LeavingNode) -> str | None:
    """Why etcd must not lose this member now."""
    problem = f"{entry.hostname} was not removed from etcd"
    if snapshot.leader_view is None:
        return no_leader(snapshot, problem)
    if not snapshot.leader_view.members:
        return f"{problem}: its members could not be read; see that etcd answers there, then run this again."
    if entry.member is None:
        return None
    reason = majority_refusal(snapshot.views, snapshot.cluster, snapshot.leader_view.members, [entry.member])
    return None if reason is None else f"{problem}: {'; '.join(reason)}."


def _is_forgotten(run: Run, member: Member) -> bool:
    """Whether another member than the current host's lists it no more; where none stays, the current one."""
    control_planes = run.cluster.control_planes
    others = [entry for entry in control_planes if entry.name != host.name] or control_planes

    def is_forgotten() -> bool:
        views = read_of_hosts(Node, others)
        if all(view is not None and not view.artifacts for view in views.values()):
            # Those that have not joined yet list nobody: the current host is believed.
            views = read_of_hosts(Node, [run.cluster.host(host.name)])
        lists = [view.members for view in views.values() if view and view.members]
        return bool(lists) and all(member.identity not in {known.identity for known in held} for held in lists)

    return poll_until(is_forgotten, bool, SECONDS_TO_FORGET)


@isolated_operation
def node_reset(run: Run, step: ChangeStep, last: bool) -> Generator[StringCommand]:
    """Have this host, which goes, hold nothing of the cluster; the packages stay.

    Only where it is provably the cluster's node, has no pods any more, and etcd does not count it.

    + last: whether it is the last step of this host
    """
    own = run.cluster.host(host.name)
    if not is_executing():
        yield planned("kubeadm reset")
        return
    observe_idle([own], SECONDS_TO_RESET)
    snapshot, entry = _leaving(run, step)
    if entry.view is not None and not entry.view.artifacts:
        host.noop("nothing of the cluster is left here")
        return
    reason = _not_to_reset(snapshot, entry)
    if reason is not None:
        yield fail_host(f"{host.name} was not reset: {reason}.")
        return
    if "control_plane" in own.role:
        # Later phases leave this host alone, and one day it may be another cluster's.
        yield unscheduled()
    yield host_reset(run, unless="", flags=MEMBER_HAS_GONE)
    yield StringCommand("systemctl disable kubelet.service")
    _log_end(entry, last)


def _not_to_reset(snapshot: ClusterSnapshot, entry: LeavingNode) -> str | None:
    """Why a host must not be reset now; a phrase."""
    leader = snapshot.leader
    if entry.view is None:
        return "what it holds of a cluster could not be read; see the error above, then run this again"
    if leader is None or snapshot.leader_view is None:
        return "no control plane that stays answers; bring one back, then run this again"
    if not entry.is_to_reset:
        return "what it holds is not provably this cluster's node; look at /etc/kubernetes there, or reset it yourself"
    leads = entry.host is not None and "control_plane" in entry.host.role
    if entry.member is not None or (leads and not snapshot.leader_view.members):
        return "etcd may still count it; see the step before, then run this again without --serial and --no-wait"
    if not entry.is_ready:
        return None
    observation = read_fact(host.inventory.get_host(leader.name), Drains, address=leader.address)
    if observation is None:
        return f"{leader.name} did not tell which pods run on it; run this again"
    left = [str(pod) for pod in observation.evicted_from(entry.hostname)]
    return f"{some(left)} run on it; run this again without --serial and --no-wait" if left else None


@isolated_operation
def node_deleted(run: Run, step: ChangeStep, last: bool) -> Generator[StringCommand]:
    """Have the cluster know no Node of a host that was reset, or that is dead; on the leader.

    + last: whether it is the last step of that host
    """
    if not is_executing():
        yield planned(f"kubectl {step.sentence}")
        return
    snapshot, entry = _leaving(run, step)
    if snapshot.leader is None:
        yield fail_host(no_leader(snapshot, f"node {entry.hostname} was not deleted"))
        return
    if entry.node is None:
        host.noop("the cluster has no such node")
        return
    is_blank = entry.view is not None and not entry.view.artifacts
    if entry.member is not None or (entry.view is not None and not is_blank) or (entry.is_ready and not is_blank):
        yield fail_host(
            f"node {entry.hostname} was not deleted: it is Ready, a member of etcd, or its host not reset; see the "
            "step before, then run this again."
        )
        return
    address = run.cluster.host(host.name).address
    yield StringCommand(kubectl(address, f"delete node {shlex.quote(entry.hostname)} --ignore-not-found --wait=false"))
    observe(run, fresh=True)
    _log_end(entry, last)


def _leaving(run: Run, step: ChangeStep) -> tuple[ClusterSnapshot, LeavingNode]:
    """The cluster, and the one that the step is about, as of this moment."""
    (name,) = step.subjects
    snapshot = observe_leader(run)
    if name not in run.cluster.removed_unlisted:
        view = read_fact(host.inventory.get_host(name), Node, **node_arguments(run, run.cluster.host(name)))
        snapshot = replace(snapshot, views={**snapshot.views, name: view})
    return snapshot, next(entry for entry in leaving_nodes(snapshot) if entry.name == name)


def _log_end(entry: LeavingNode, last: bool) -> None:
    if last and is_executing():
        where = "the inventory, or removed_nodes to have it join again" if entry.host else "removed_nodes"
        logger.info(f"{entry.name} is out of the cluster: its name may leave {where}")
