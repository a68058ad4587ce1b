"""What becomes of each node, decided from one snapshot. Values in, values out.

The guards stand here: no cluster is initialized where one may exist, and no step is taken on a host that holds what is
not provably this cluster's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from k8s_ha.cluster_state.change_steps import ChangeStep, Work
from k8s_ha.cluster_state.difference import brings_flannel
from k8s_ha.cluster_state.node_metadata import metadata_changes
from k8s_ha.cluster_state.node_state import (
    Membership,
    NodeState,
    can_rejoin,
    init_refusal,
    is_worker,
    join_refusal,
)
from k8s_ha.cluster_state.quorum import quorum_refusal
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.settings import HostSettings


class Action(Enum):
    """What is done on one host.

    + nothing: it is as wanted
    + wait: something is at work that must end first
    + refuse: it fails, with the step's sentence
    + init, join: kubeadm's
    + finish: what a cut just before the end of its init or join has left undone
    """

    NOTHING = "nothing"
    WAIT = "wait"
    REFUSE = "refuse"
    INIT = "init"
    JOIN = "join"
    FINISH = "finish"


@dataclass(frozen=True)
class Step:
    """One host's part of the plan.

    + sentence: what a person reads of it
    + reset: whether what was begun on the host is taken back first
    + mark: whether the last phase of a control plane's join is made up for
    """

    action: Action
    sentence: str
    reset: bool = False
    mark: bool = False

    @property
    def joins(self) -> bool:
        """Whether the host is to become a node of a cluster that stands, or will."""
        return self.action is Action.JOIN


@dataclass(frozen=True)
class Plan:
    """What becomes of each node that takes part, by inventory name, in the order in which it is done.

    + steps: how it comes to be a node
    + changes: what of a node that stands is changed, as a sentence
    + removals_due: the steps that take nodes out of a standing cluster, before all others
    + changes_due: the steps that bring a standing cluster to what is wanted
    """

    steps: Mapping[str, Step]
    changes: Mapping[str, str] = field(default_factory=dict)
    removals_due: tuple[ChangeStep, ...] = ()
    changes_due: tuple[ChangeStep, ...] = ()

    @property
    def due(self) -> tuple[ChangeStep, ...]:
        """All steps, in the order in which they are taken."""
        return self.removals_due + self.changes_due

    @property
    def begins(self) -> bool:
        """Whether a cluster is initialized where none was before."""
        return any(step.action is Action.INIT and not step.reset for step in self.steps.values())

    @property
    def comes_back(self) -> bool:
        """Whether nobody serves, and steps of the plan are to change that: what becomes of each node is seen then."""
        is_refused = all(step.action is Action.REFUSE for step in self.steps.values())
        return is_refused and any(step.work in (Work.REVIVE, Work.PUT_BACK) for step in self.changes_due)

    def is_upgraded(self, name: str) -> bool:
        """Whether a step moves this host to another version, so that nothing before it may."""
        return any(step.work is Work.FETCH and name in step.hosts for step in self.changes_due)

    @property
    def lines(self) -> list[str]:
        """A line for each thing that is to be done beside the steps, with the hosts that it is done on."""
        hosts: dict[str, list[str]] = {}
        for name, step in self.steps.items():
            if step.action is not Action.NOTHING and not self.comes_back:
                hosts.setdefault(step.sentence, []).append(name)
        for name, sentence in self.changes.items():
            hosts.setdefault(sentence, []).append(name)
        return [f"{', '.join(names)}: {sentence}" for sentence, names in hosts.items()]

    def sentence(self, name: str) -> str | None:
        """What becomes of one host; None where it has no part in the plan."""
        step, change = self.steps.get(name), self.changes.get(name)
        due = [entry.sentence for entry in self.due if name in entry.hosts]
        changed = [*([change] if change else []), *due]
        is_told = step is not None and not self.comes_back and not (changed and step.action is Action.NOTHING)
        parts = [step.sentence] if step and is_told else []
        return "; ".join([*parts, *changed]) or None


WORKER_STAYS: Final = (
    "is a worker of the cluster, and the inventory has it as a control plane; it was not touched; move it back to its "
    "group, or drain it, delete its node and reset it, then run this again"
)


def decide(snapshot: ClusterSnapshot) -> Plan:
    """What becomes of the nodes that could be read.

    Each step is decided again, by a new snapshot, just before it is taken.
    """
    first, *others = snapshot.cluster.nodes
    init = decide_init(snapshot)
    to_come = init.action in (Action.INIT, Action.WAIT)
    steps = {first.name: decide_join(snapshot, first) if snapshot.leader else init}
    steps |= {host.name: decide_join(snapshot, host, leader_to_come=to_come) for host in others}
    changes = {name: change.sentence for name, change in metadata_changes(snapshot).items()}
    changes |= {THE_CLUSTER: "flannel is applied"} if brings_flannel(snapshot) else {}
    return Plan({name: step for name, step in steps.items() if snapshot.views.get(name) is not None}, changes)


def decide_init(snapshot: ClusterSnapshot) -> Step:
    """What becomes of the first control plane before anybody joins."""
    cluster = snapshot.cluster
    marked = next((name for name, view in snapshot.views.items() if view and view.restoring), None)
    if marked is not None:
        return Step(
            Action.REFUSE,
            f"No cluster was initialized: {marked} is being restored from a backup; run k8s_ha.restore again.",
        )
    if snapshot.leader is not None:
        return Step(Action.NOTHING, "the cluster exists")
    if snapshot.is_busy:
        return Step(Action.WAIT, "a kubeadm is at work, and is waited for")
    if snapshot.can_retry_init:
        return Step(Action.INIT, "kubeadm reset, kubeadm init", reset=True)
    lost = snapshot.lost_quorum
    if lost is not None and lost.unstarted and cluster.settings.recover_quorum:
        return Step(Action.WAIT, "etcd is recovered first")
    if lost is not None:
        return Step(Action.REFUSE, f"No cluster was initialized: {quorum_refusal(lost, cluster)}.")
    reason = init_refusal(snapshot.views, cluster, snapshot.endpoint_answer)
    if reason is not None:
        return Step(Action.REFUSE, reason)
    return Step(Action.INIT, "kubeadm init")


def decide_join(snapshot: ClusterSnapshot, host: HostSettings, leader_to_come: bool = False) -> Step:
    """What becomes of a node.

    + leader_to_come: whether an init, or a recovery, of this run comes before this step
    """
    if snapshot.leader is None:
        if not leader_to_come:
            return Step(Action.REFUSE, no_leader(snapshot, f"{host.hostname} was not joined"))
        if host == snapshot.cluster.control_planes[0]:
            return Step(Action.NOTHING, "it is initialized, not joined")
        return Step(Action.JOIN, "kubeadm join")
    view, known, state = snapshot.views.get(host.name), snapshot.known(host), snapshot.state(host)
    endpoint = snapshot.cluster.endpoint
    if view is None or state is None:
        return Step(
            Action.REFUSE,
            f"{host.hostname} was not joined: what it holds of a cluster could not be read; see the error above.",
        )
    if state is NodeState.JOINED:
        mark = "control_plane" in host.role and known.node is not None and not known.node.control_plane
        if mark or view.init_ended:
            return Step(Action.FINISH, "the end of its init or join is made up for", mark=mark)
        return Step(Action.NOTHING, "the host is a node of the cluster")
    if state is NodeState.PARTIAL and is_worker(view, known):
        return Step(Action.REFUSE, f"{host.hostname} {WORKER_STAYS}.")
    if state is not NodeState.CLEAN and not can_rejoin(view, known, state):
        return Step(Action.REFUSE, join_refusal(view, known, state, host, endpoint, snapshot.former_endpoints))
    if state is NodeState.PARTIAL:
        return Step(Action.JOIN, "kubeadm reset, kubeadm join", reset=True)
    return Step(Action.JOIN, "kubeadm join")


def stale_members(snapshot: ClusterSnapshot, hosts: Sequence[HostSettings]) -> list[Membership]:
    """What the cluster knows of those of ``hosts`` that will join from their beginning."""
    found = []
    for host in hosts:
        view, known, state = snapshot.views.get(host.name), snapshot.known(host), snapshot.state(host)
        if view is not None and state is not None and known.any and can_rejoin(view, known, state):
            found.append(known)
    return found


def no_leader(snapshot: ClusterSnapshot, problem: str) -> str:
    """The sentence for a host that needs the cluster and finds no healthy member of it."""
    if snapshot.lost_quorum is not None:
        return f"{problem}: {quorum_refusal(snapshot.lost_quorum, snapshot.cluster)}."
    names = ", ".join(entry.name for entry in snapshot.cluster.control_planes)
    return (
        f"{problem}: no control plane of the cluster ({names}) is healthy and still part of this run; see what they "
        "say above, then run this again, without --serial and --no-wait."
    )
